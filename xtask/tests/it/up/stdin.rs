//! What a service reads from: the end at once, or an input that never comes to its end.

use std::collections::BTreeSet;
use std::fs;

use crate::sandbox::machine::descriptors;
use crate::sandbox::{Sandbox, eventually};

#[test]
fn a_service_that_reads_its_input_finds_its_end_at_once() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"cat\"\n");
    sandbox.run(&["up"]).with(0);
    let sandbox = Sandbox::new("[services.api]\ncommand = \"cat\"\nstdin = \"null\"\n");
    sandbox.run(&["up"]).with(0);
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn an_open_input_has_no_end_until_its_service_is_over_and_no_other_service_has_it() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "cat"
        stdin = "open"
        [services.web]
        command = "sh -c 'cat; echo at its end'"
        stdin = "open"
        depends_on = ["api"]
        [services.other]
        command = "SERVICE"
        depends_on = ["web"]
        "#,
    );
    let up = sandbox.up(&[]);
    let api = sandbox.pid("api");
    let input = fs::read_link(format!("/proc/{api}/fd/0")).unwrap();
    assert!(input.display().to_string().starts_with("pipe:"), "{input:?}");
    let holders = || -> BTreeSet<u32> {
        let pids = sandbox.processes().into_iter();
        pids.filter(|pid| descriptors(*pid).contains(&input)).collect()
    };
    assert_eq!(holders(), BTreeSet::from([api, up.pid()]));
    sandbox.run(&["restart", "other"]).with(0);
    assert_eq!(holders(), BTreeSet::from([api, up.pid()]));

    sandbox.run(&["down", "api"]).with(0);
    assert_eq!(holders(), BTreeSet::new());
    assert!(!up.stdout().contains("at its end"), "{}", up.stdout());
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_supervisor_that_is_killed_leaves_no_input_open() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sh -c 'cat; echo end > out'\"\nstdin = \"open\"\n");
    let up = sandbox.up(&[]);
    up.kill();
    let out = sandbox.project().join("out");
    eventually(|| "the end of the input".to_owned(), || out.exists());
}
