//! Several checkouts that want the same port at the same moment: with `on_conflict = "next"` each gets a number of its
//! own.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox};

/// Its server opens its port only when there is a file `open` in the directory.
fn stack(first: u16, more: &str) -> Sandbox {
    Sandbox::new(&format!(
        r#"
[project]
name = "gn"

[services.api]
command = "SERVICE --wait-for open --listen 127.0.0.1:env"
port = {first}
{more}
"#
    ))
}

const NEXT: &str = "on_conflict = \"next\"";

#[track_caller]
fn number(sandbox: &Sandbox, directory: &Path) -> u64 {
    let status = sandbox
        .start_in(directory, &["status", "--format", "json"])
        .wait()
        .json();
    status["services"][0]["ports"][0]["number"].as_u64().unwrap()
}

fn open(directory: &Path) {
    std::fs::write(directory.join("open"), "").unwrap();
}

#[track_caller]
fn stop(sandbox: &Sandbox, directory: &Path, up: Running) {
    sandbox.start_in(directory, &["down"]).wait().with(0);
    up.wait().with(0);
}

#[test]
fn those_that_begin_at_once_get_different_numbers() {
    let sandbox = stack(row(20), NEXT);
    let directories: Vec<_> = (0..5).map(|at| sandbox.checkout(&format!("w{at}"))).collect();
    directories.iter().for_each(|directory| open(directory));
    let ups: Vec<_> = directories
        .iter()
        .map(|directory| sandbox.start_in(directory, &["up"]))
        .collect();
    ups.iter().for_each(|up| up.wait_for("eady in"));
    let numbers: BTreeSet<u64> = directories
        .iter()
        .map(|directory| number(&sandbox, directory))
        .collect();
    assert_eq!(numbers.len(), directories.len(), "{numbers:?}");
    for (directory, up) in directories.iter().zip(ups) {
        stop(&sandbox, directory, up);
    }
}

#[test]
fn a_port_that_nobody_has_opened_yet_is_left_to_the_stack_that_starts_there() {
    let first = row(10);
    let sandbox = stack(first, NEXT);
    let (here, there) = (sandbox.project(), sandbox.checkout("w2"));
    let slow = sandbox.start(&["up"]);
    slow.wait_for("gn  1 service");
    let plan = sandbox.start_in(&there, &["up", "--plan"]).wait().with(0);
    open(&there);
    let second = sandbox.start_in(&there, &["up"]);
    second.wait_for("eady in");
    let says = |verb: &str, state: &str| {
        format!(
            "port {first} is reserved by `gn` in {}, which is {state}; `api` {verb} from port {first} to {}, and everything \
             that refers to it\n",
            here.display(),
            first + 1
        )
    };
    let said = second.stderr();
    let is_told = |said: &str, verb: &str| {
        ["starting", "running"]
            .iter()
            .any(|state| said.contains(&says(verb, state)))
    };
    assert!(is_told(&said, "moves"), "{said}");
    assert!(is_told(&plan.stdout, "would move"), "{plan:?}");
    open(&here);
    slow.wait_for("eady in");
    assert_eq!(
        [number(&sandbox, &here), number(&sandbox, &there)],
        [first, first + 1].map(u64::from)
    );
    // What runs is not moved by who runs too.
    let again = sandbox.start_in(&there, &["up"]).wait().with(0);
    assert!(again.stderr.contains("already running"), "{again:?}");
    stop(&sandbox, &here, slow);
    stop(&sandbox, &there, second);
}

#[test]
fn who_is_at_rest_leaves_its_number_to_others() {
    let first = row(10);
    let sandbox = stack(first, NEXT);
    let (here, there) = (sandbox.project(), sandbox.checkout("w2"));
    open(&here);
    open(&there);
    let up = sandbox.up(&[]);
    stop(&sandbox, &here, up);
    let second = sandbox.start_in(&there, &["up"]);
    second.wait_for("eady in");
    assert_eq!(number(&sandbox, &there), u64::from(first));
    stop(&sandbox, &there, second);
}
