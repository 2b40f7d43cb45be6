//! The merged log: aligned prefixes, whole lines, nothing lost.

use std::io::Read;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::fs::OFlags;

use crate::sandbox::{Running, Sandbox, eventually, output};

/// What the services wrote, once `up` has ended by itself.
fn log(config: &str) -> String {
    let sandbox = Sandbox::new(config);
    let ended = sandbox.run(&["up"]);
    ended.stdout
}

#[test]
fn prefixes_are_aligned_and_both_streams_are_shown() {
    let log = log(r#"
        [services.db]
        command = "SERVICE --say out --exit 0 --after 50"
        [services.frontend]
        command = "SERVICE --say-err err --exit 0 --after 50"
        "#);
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["db       | out", "frontend | err"]);
}

#[test]
fn a_last_line_without_an_end_is_kept() {
    assert_eq!(
        log("[services.api]\ncommand = \"SERVICE --say one --say-partial two --exit 0 --after 50\"\n"),
        "api | one\napi | two\n"
    );
}

#[test]
fn invalid_utf_8_is_kept_as_it_is() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --say-bytes 41fffe420a --exit 0 --after 50\"\n");
    let ended = output(&mut sandbox.command(&["up"]));
    assert_eq!(ended.stdout, b"api | A\xff\xfeB\n");
    let events = output(&mut sandbox.command(&["up", "--format", "json"]));
    let text = String::from_utf8(events.stdout).unwrap();
    assert!(text.contains("\"line\":\"A\u{fffd}\u{fffd}B\""), "{text}");
}

#[test]
fn lines_of_noisy_services_are_never_torn() {
    let n_lines = 3000;
    let service =
        |name: &str| format!("[services.{name}]\ncommand = \"SERVICE --spew {n_lines} 300 --exit 0 --after 50\"\n");
    let log = log(&["left", "middle", "right"].map(service).concat());
    let line = "abcdefghij".repeat(30);
    for name in ["left  ", "middle", "right "] {
        let expected = format!("{name} | {line}");
        assert_eq!(log.lines().filter(|line| *line == expected).count(), n_lines, "{name}");
    }
    assert_eq!(log.lines().count(), 3 * n_lines);
}

#[test]
fn a_line_of_a_megabyte_is_whole() {
    let log = log("[services.api]\ncommand = \"SERVICE --spew 1 1000000 --say end --exit 0 --after 50\"\n");
    let lines: Vec<_> = log.lines().map(str::len).collect();
    assert_eq!(lines, [1_000_006, 9]);
}

#[test]
fn on_a_terminal_what_is_waited_for_does_not_mix_with_the_log() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "sh -c 'for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.1; done; touch well; exec sleep 1000'"
        healthcheck = { command = "test -e well" }
        "#,
    );
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("Ready in");
    up.press("\x03");
    let shown = up.wait().with(130).stdout;
    // A drawn line is erased before the next text: what is left of each line is what was written last.
    let left: Vec<_> = shown
        .lines()
        .map(|line| line.rsplit("\x1b[2K").next().unwrap())
        .collect();
    for number in 1..=8 {
        assert!(left.contains(&format!("api | line {number}").as_str()), "{shown:?}");
    }
    assert!(!left.iter().any(|line| line.contains('…')), "{left:#?}");
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn a_reader_that_stops_reading_holds_no_service_up_and_the_files_are_complete() {
    let n_lines = 120_000;
    let command = format!("SERVICE --spew {n_lines} 100 --pid --exit 0 --after 50");
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"{command}\"\n[services.other]\ncommand = \"SERVICE\"\n"
    ));
    let mut command = sandbox.command(&["up"]);
    let (unread, stdout) = std::io::pipe().unwrap();
    let up = Running::follow(command.stdout(stdout).stderr(Stdio::piped()));
    // It is kept busy for a second at most.
    let api = || sandbox.run(&["status", "--format", "json"]).json()["services"][0]["state"].clone();
    eventually(|| format!("the end of the service: {}", api()), || api() == "exited");
    let memory = std::fs::read_to_string(format!("/proc/{}/status", up.pid())).unwrap();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 40_000, "{kilobytes} kB");

    let stored = sandbox.run(&["logs", "api"]).with(0).stdout;
    let line = format!("api   | {}", "abcdefghij".repeat(10));
    assert_eq!(stored.lines().filter(|stored| *stored == line).count(), n_lines);
    up.interrupt();
    let ended = up.wait().with(130);
    drop(unread);
    assert!(
        ended
            .stderr
            .contains(" lines of `api` are not shown: the output was read too slowly; `xtask logs api` has them"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_pipe_that_another_program_left_non_blocking_gets_every_line() {
    let n_lines = 5_000;
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --spew {n_lines} 100 --say end\"\n"
    ));
    let (mut read, stdout) = std::io::pipe().unwrap();
    let mut command = sandbox.command(&["up"]);
    rustix::fs::fcntl_setfl(&stdout, OFlags::NONBLOCK).unwrap();
    let up = Running::follow(command.stdout(stdout).stderr(Stdio::piped()));
    drop(command);
    let stored = || sandbox.run(&["logs", "api"]).stdout;
    eventually(|| format!("{} bytes", stored().len()), || stored().ends_with("end\n"));

    let shown = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&shown);
    let reader = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = read.read(&mut piece) {
            into.lock().unwrap().extend_from_slice(&piece[..length]);
        }
    });
    let shown = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    eventually(|| up.stderr(), || shown().ends_with("end\n"));
    assert_eq!(shown().lines().count(), n_lines + 1);
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(!ended.stderr.contains("cannot write"), "{}", ended.stderr);
    reader.join().unwrap();
}

#[test]
fn quiet_shows_the_log_and_nothing_else() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --say here\"\n");
    let up = sandbox.start(&["up", "--quiet"]);
    up.wait_for("api | here");
    eventually(
        || "a running stack".to_owned(),
        || sandbox.run(&["status"]).code == Some(0),
    );
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("api | here\n", ""));
}

#[test]
fn a_service_named_like_anything_is_aligned_by_its_width() {
    let sandbox = Sandbox::new(
        "[services.a]\ncommand = \"SERVICE --say x --exit 0 --after 50\"\n[services.a-longer_name]\ncommand = \"SERVICE --say y --exit 0 --after 50\"\n",
    );
    let ended = Running::start(sandbox.command(&["up"])).wait();
    let mut lines: Vec<_> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a             | x", "a-longer_name | y"]);
}
