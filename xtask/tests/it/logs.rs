//! `logs`: what was written, while the stack runs and after it ended.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, output, signal};

/// Two services that say something and end.
fn talkers() -> Sandbox {
    Sandbox::new(
        r#"
        [services.db]
        command = "SERVICE --say one --say-err two --say three --exit 0 --after 50"
        [services.backend]
        command = "SERVICE --say four --say five --exit 3 --after 50"
        depends_on = { db = "started" }
        "#,
    )
}

/// A service that writes `line N` every few milliseconds, from 1 again at each start.
fn ticker() -> Sandbox {
    Sandbox::new(
        r#"
        [services.api]
        command = "sh -c 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.005; done'"
        "#,
    )
}

/// The lines that a service wrote, without marks.
fn lines(shown: &str) -> Vec<&str> {
    let texts = shown.lines().filter_map(|line| line.split_once("| "));
    texts
        .map(|(_, text)| text)
        .filter(|text| !text.starts_with("-- "))
        .collect()
}

fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let state = sandbox.home().join(".local/state/devtasks");
    let directories = fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("logs"));
    let files = directories
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flatten();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn after_the_end_the_last_run_is_shown_with_what_became_of_each_service() {
    let sandbox = talkers();
    sandbox.run(&["up"]).with(1);
    let shown = sandbox.run(&["logs"]).with(0);
    assert_eq!(shown.stderr, "");
    let of = |name: &str| -> Vec<String> {
        let own = shown
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("{name} | ")));
        own.map(|text| text.split(", pid ").next().unwrap().to_owned())
            .collect()
    };
    let backend = of("backend");
    assert_eq!(
        backend.first().map(String::as_str),
        Some("-- waiting"),
        "{}",
        shown.stdout
    );
    assert_eq!(backend.last().map(String::as_str), Some("-- failed: exit code 3"));
    assert_eq!(lines(&sandbox.run(&["logs", "backend"]).stdout), ["four", "five"]);
    let mut db = of("db     ");
    db.retain(|text| !text.starts_with("-- "));
    db.sort();
    assert_eq!(db, ["one", "three", "two"]);
    assert_eq!(sandbox.run(&["logs"]).stdout, shown.stdout);
}

#[test]
fn only_the_last_run_is_shown() {
    let sandbox = talkers();
    sandbox.run(&["up"]).with(1);
    let first = sandbox.run(&["logs"]).stdout;
    sandbox.run(&["up", "backend"]).with(1);
    let second = sandbox.run(&["logs"]).stdout;
    assert_eq!(lines(&first).len(), lines(&second).len());
}

#[test]
fn lines_are_chosen_by_service_number_text_and_time() {
    let sandbox = talkers();
    sandbox.run(&["up"]).with(1);
    let shown = |arguments: &[&str]| {
        let ended = sandbox.run(&[&["logs"], arguments].concat()).with(0);
        let mut shown: Vec<_> = lines(&ended.stdout).into_iter().map(str::to_owned).collect();
        shown.sort();
        shown.join(" ")
    };
    assert_eq!(shown(&["backend"]), "five four");
    assert_eq!(shown(&["-n", "1", "backend"]), "five");
    assert_eq!(shown(&["-n", "0"]), "");
    assert_eq!(shown(&["-n", "7", "backend", "db"]), "five four one three two");
    assert_eq!(shown(&["--grep", "f"]), "five four");
    assert_eq!(shown(&["--grep", "F"]), "");
    assert_eq!(shown(&["--grep", "f", "-n", "1"]), "five");
    assert_eq!(shown(&["--since", "1h"]), "five four one three two");
    assert_eq!(shown(&["--since", "0s"]), "");
    assert_eq!(shown(&["--since", "2020-01-01T00:00:00Z", "db"]), "one three two");
    assert_eq!(shown(&["--since", "2120-01-01T00:00:00+01:00"]), "");
    let ended = sandbox.run(&["logs", "--since", "yesterday"]).with(2);
    assert!(ended.stderr.contains("write it like `10m`"), "{ended:?}");
}

/// Puts `[time]` in place of a time of day at the begin of each line; a line without one stays.
fn without_times(shown: &str) -> String {
    let digits = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "0");
    let line = |line: &str| match line.split_at_checked(12) {
        Some((time, rest)) if digits(time) == "00:00:00.000" => format!("[time]{rest}\n"),
        _ => format!("{line}\n"),
    };
    shown.lines().map(line).collect()
}

#[test]
fn each_line_has_its_time_on_the_clock_of_the_user_if_asked_for() {
    let mut sandbox = talkers();
    // Where it is noon, so that no day ends meanwhile. POSIX counts the hours westward.
    let utc_hour = jiff::Timestamp::now()
        .strftime("%H")
        .to_string()
        .parse::<i32>()
        .unwrap();
    sandbox.set("TZ", &format!("NOON{:+}", utc_hour - 12));
    sandbox.run(&["up"]).with(1);
    let plain = sandbox.run(&["logs"]).stdout;
    let timed = sandbox.run(&["logs", "-t"]).with(0).stdout;
    let expected: String = plain.lines().map(|line| format!("[time] {line}\n")).collect();
    assert_eq!(without_times(&timed), expected, "{timed}");
    let json = |arguments: &[&str]| sandbox.run(&[&["logs", "--format", "json"], arguments].concat()).stdout;
    assert_eq!(json(&["-t"]), json(&[]));
    let stored = sandbox
        .run(&["logs", "backend", "--grep", "four", "--format", "json"])
        .events();
    let stored = stored[0]["at"].as_str().unwrap().split_once('T').unwrap().1.to_owned();
    let shown = sandbox
        .run(&["logs", "backend", "--grep", "four", "--timestamps"])
        .stdout;
    let time = shown.split_whitespace().find(|word| word.contains(':')).unwrap();
    assert!(time.starts_with("12:") || time.starts_with("13:"), "{shown}");
    // JSON leaves out zeros at the end.
    assert!(
        time[2..].starts_with(&stored.trim_end_matches('Z')[2..]),
        "{stored} {shown}"
    );

    let ended = sandbox
        .run(&["logs", "-t", "-f", "-n", "1", "--since", "1h", "backend"])
        .with(0);
    let last = "[time] backend | five\n[time] backend | -- failed: exit code 3\n";
    // The line may be read before the supervisor has noted that the process runs, or after it.
    let is_start = |line: &&str| line.contains("-- running, pid");
    let since_last: String = ended
        .stdout
        .split_inclusive('\n')
        .filter(|line| !is_start(line))
        .collect();
    assert_eq!(without_times(&since_last), last, "{}", ended.stdout);
    let coloured = sandbox
        .run(&["logs", "-t", "--color", "always", "--grep", "four"])
        .stdout;
    assert!(
        coloured.starts_with("\x1b[2m") && coloured.contains("\x1b[0m \x1b[33mbackend |"),
        "{coloured:?}"
    );
}

#[test]
fn json_is_one_event_a_line() {
    let sandbox = talkers();
    sandbox.run(&["up"]).with(1);
    let events = sandbox.run(&["logs", "backend", "--format", "json"]).with(0).events();
    let log: Vec<_> = events.iter().filter(|event| event["event"] == "log").collect();
    let mut keys: Vec<_> = log[0].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["at", "event", "line", "schema_version", "service", "stream"]);
    assert_eq!((&log[0]["stream"], &log[0]["line"]), (&"stdout".into(), &"four".into()));
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["state"], &last["cause"], &last["service"]),
        (
            &"state".into(),
            &"failed".into(),
            &"exit code 3".into(),
            &"backend".into()
        )
    );
    assert!(last.as_object().unwrap().contains_key("pid"));
    let err = sandbox
        .run(&["logs", "db", "--format", "json", "--grep", "two"])
        .events();
    assert_eq!((err.len(), &err[0]["stream"]), (1, &"stderr".into()));
}

#[test]
fn bytes_stay_as_they_are_and_colours_are_taken_out() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --say-bytes 41fffe420d091b5b33316d7265641b5b306d0a --say-partial end --exit 0 --after 50\"\n",
    );
    let up = output(&mut sandbox.command(&["up"]));
    assert_eq!(up.stdout, b"api | A\xff\xfeB\r\tred\napi | end\n");
    let logs = output(&mut sandbox.command(&["logs", "--grep", ""]));
    assert_eq!(logs.stdout, b"api | A\xff\xfeB\r\tred\napi | end\n");
}

#[test]
fn the_order_of_all_services_is_kept() {
    let sandbox = Sandbox::new(
        r#"
        [services.a]
        command = "sh -c 'for i in 1 2 3 4 5; do echo $i >> order; echo $i; sleep 0.04; done'"
        [services.b]
        command = "sh -c 'sleep 0.02; for i in 1 2 3 4 5; do echo $i >> order; echo $i; sleep 0.04; done'"
        "#,
    );
    let up = sandbox.run(&["up"]);
    let merged = sandbox.run(&["logs"]).stdout;
    let merged: Vec<_> = merged.lines().filter(|line| !line.contains("-- ")).collect();
    assert_eq!(merged, up.stdout.lines().collect::<Vec<_>>());
}

#[test]
fn several_may_look_while_the_stack_runs() {
    let sandbox = ticker();
    let _up = sandbox.start(&["up"]);
    eventually(
        || "a first line".to_owned(),
        || sandbox.run(&["logs"]).stdout.contains("line 1\n"),
    );
    let followers: Vec<_> = (0..3).map(|_| sandbox.start(&["logs", "-f"])).collect();
    for follower in &followers {
        follower.wait_for("| line 40\n");
    }
    sandbox.run(&["down"]).with(0);
    for follower in followers {
        let ended = follower.wait().with(0);
        let shown = lines(&ended.stdout);
        let expected: Vec<_> = (1..=shown.len()).map(|number| format!("line {number}")).collect();
        assert_eq!(shown, expected);
        assert!(ended.stdout.trim_end().ends_with("-- stopped"), "{}", ended.stdout);
    }
}

#[test]
fn following_ends_with_ctrl_c() {
    let sandbox = ticker();
    let _up = sandbox.up(&[]);
    let follower = sandbox.start(&["logs", "--follow", "-n", "1"]);
    follower.wait_for("| line");
    follower.interrupt();
    let ended = follower.wait().with(130);
    let first: usize = lines(&ended.stdout)[0].trim_start_matches("line ").parse().unwrap();
    assert!(first >= 1);
}

#[test]
fn following_loses_and_repeats_nothing_across_files_and_is_told_the_end_of_a_killed_supervisor() {
    let n_lines = 400_000;
    let command = format!(
        "sh -c 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); seq -f %080g {} ; done'",
        n_lines / 20
    );
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = {command:?}\n[services.other]\ncommand = \"SERVICE\"\n"
    ));
    let up = sandbox.start(&["up", "other"]);
    up.wait_for("eady in ");
    let follower = sandbox.start(&["logs", "-f", "api"]);
    sandbox.run(&["up", "api"]);
    eventually(
        || "the end of what is written".to_owned(),
        || follower.stdout().contains("api   | -- exited"),
    );
    signal(up.pid(), Signal::KILL);
    let ended = follower.wait().with(0);
    let shown = lines(&ended.stdout);
    assert_eq!(shown.len(), n_lines);
    let expected = (0..n_lines).map(|number| format!("{:080}", number % (n_lines / 20) + 1));
    assert!(shown.iter().zip(expected).all(|(shown, expected)| *shown == expected));
    let files = files(&sandbox);
    assert!(files.iter().any(|file| file.ends_with("api.5.log")), "{files:?}");
    let total: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(total <= 32 * 1024 * 1024 + 8192, "{total}");
}

#[test]
fn a_new_run_is_followed_on() {
    let sandbox = ticker();
    let up = sandbox.up(&[]);
    let follower = sandbox.start(&["logs", "-f"]);
    follower.wait_for("| line 10\n");
    up.interrupt();
    up.wait().with(130);
    let up = sandbox.up(&[]);
    eventually(
        || follower.stdout(),
        || follower.stdout().matches("| line 10\n").count() == 2,
    );
    up.interrupt();
    up.wait().with(130);
    let ended = follower.wait().with(0);
    let shown = lines(&ended.stdout);
    let again = shown.iter().rposition(|line| *line == "line 1").unwrap();
    let numbers = (1..=again).chain(1..=shown.len() - again);
    assert_eq!(
        shown,
        numbers.map(|number| format!("line {number}")).collect::<Vec<_>>()
    );
}

#[test]
fn a_service_that_is_restarted_is_followed_on() {
    let sandbox = ticker();
    let _up = sandbox.up(&[]);
    let follower = sandbox.start(&["logs", "-f"]);
    for n in 1..=3 {
        eventually(
            || follower.stdout(),
            || follower.stdout().matches("| line 5\n").count() == n,
        );
        if n < 3 {
            sandbox.run(&["restart"]).with(0);
        }
    }
    sandbox.run(&["down"]).with(0);
    let ended = follower.wait().with(0);
    let shown = lines(&ended.stdout);
    let starts: Vec<_> = (0..shown.len()).filter(|at| shown[*at] == "line 1").collect();
    assert_eq!(starts.len(), 3, "{shown:?}");
    // No line of any of the three is missing.
    let ends = starts.iter().copied().skip(1).chain([shown.len()]);
    let numbers = starts.iter().zip(ends);
    let expected = numbers.flat_map(|(from, to)| (1..=to - from).map(|number| format!("line {number}")));
    assert_eq!(shown, expected.collect::<Vec<_>>());
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let sandbox = ticker();
    let _up = sandbox.up(&[]);
    for arguments in [&["logs"][..], &["logs", "-f"]] {
        let mut command = sandbox.other("sh");
        command.args([
            "-c",
            "\"$@\" | head -n 1; exit ${PIPESTATUS:-0}",
            "sh",
            env!("CARGO_BIN_EXE_xtask"),
        ]);
        command.args(arguments);
        let ended = crate::sandbox::Running::start(command).wait().with(0);
        assert_eq!((ended.stdout.lines().count(), ended.stderr.as_str()), (1, ""));
    }
}

#[test]
fn a_line_that_a_crash_cut_off_is_shown_as_far_as_it_came() {
    let sandbox = talkers();
    sandbox.run(&["up"]).with(1);
    let file = files(&sandbox)
        .into_iter()
        .find(|file| file.ends_with("db.1.log"))
        .unwrap();
    let mut text = fs::read(&file).unwrap();
    text.extend_from_slice(b"2026-11-23T08:00:00.123Z 900 o half a li");
    fs::write(file, text).unwrap();
    assert!(sandbox.run(&["logs"]).with(0).stdout.ends_with("db      | half a li\n"));
}

#[test]
fn an_unknown_service_has_a_suggestion() {
    let sandbox = talkers();
    let ended = sandbox.run(&["logs", "backnd"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: unknown service `backnd`\n\nhint: did you mean `backend`?\n"
    );
}

#[test]
fn where_nothing_was_started_it_says_so() {
    let sandbox = talkers();
    let said = "error: there are no logs: nothing was ever started here\n\nhint: start it with `xtask up`\n";
    for arguments in [&["logs"][..], &["logs", "-f", "db"], &["logs", "--format", "json"]] {
        let ended = sandbox.run(arguments).with(1);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", said));
    }
}

#[test]
fn nothing_comes_after_the_word_that_it_was_stopped() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "sh -c 'trap \"seq 50000; exit\" TERM; echo here; while :; do sleep 0.01; done'"
        "#,
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    let shown = sandbox.run(&["logs"]).with(0).stdout;
    let last: Vec<_> = shown.lines().rev().take(2).collect();
    assert_eq!(last, ["api | -- stopped", "api | 50000"]);
}
