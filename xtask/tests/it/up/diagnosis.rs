//! Why services end: what they printed → the cause and the hint in `up`, in its JSON and in `why`.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually, port, signal};

/// One that ends after all are ready: its last words, its exit code, the cause, the hints.
type Case<'a> = (&'a str, i32, &'a str, &'a str, &'a [&'a str]);

/// `why` of each, once it is down, and what `up` told; `others` are ready before, by the names `needed`.
#[track_caller]
fn check(sandbox: &Sandbox, needed: &[&str], others: &str, cases: &[Case]) {
    let ending = |(name, code, log, ..): &Case| {
        sandbox.write(&format!("{name}.log"), log);
        let wait = "until [ -e end ]; do sleep 0.01; done";
        format!("[services.{name}]\ncommand = \"sh -c '{wait}; cat {name}.log >&2; exit {code}'\"\n")
    };
    let services: String = cases.iter().map(ending).collect();
    let steady = "[services.steady]\ncommand = \"sleep 1000\"\ndepends_on = ";
    sandbox.write("devtasks.toml", &format!("{services}{steady}{needed:?}\n{others}"));
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("\"steady\",\"state\":\"running\"");
    sandbox.write("end", "");
    for (name, code, log, cause, hints) in cases {
        let mut seen = Value::Null;
        eventually(
            || up.stderr(),
            || {
                seen = sandbox.run(&["why", name, "--format", "json"]).with(0).json();
                seen["state"] == "failed"
            },
        );
        let evidence = seen["reason"]["evidence"].as_array().unwrap();
        assert!(
            evidence.iter().all(|line| log.contains(line.as_str().unwrap())),
            "{seen}"
        );
        assert_eq!(evidence.is_empty(), log.is_empty(), "{seen}");
        let known = seen["reason"]["code"].as_str().expect("each of them is known");
        let more = format!("read more with `xtask explain {known}`");
        let hints: Vec<&str> = hints.iter().copied().chain([more.as_str()]).collect();
        assert_eq!(
            (&seen["reason"]["message"], &seen["hints"]),
            (&json!(cause), &json!(hints))
        );
        assert_eq!(
            (&seen["exit"]["cause"], &seen["exit"]["code"]),
            (&json!(cause), &json!(code))
        );
    }
    up.interrupt();
    let ended = up.wait().with(130);
    let events = ended
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let failed: BTreeMap<_, _> = events
        .filter(|event| event["state"] == "failed")
        .map(|event| (event["service"].to_string(), event["cause"].clone()))
        .collect();
    for (name, _, _, cause, _) in cases {
        assert_eq!(failed[&json!(name).to_string()], json!(cause));
    }
    sandbox.nothing_is_left();
}

#[test]
fn what_a_service_said_last_becomes_a_cause_and_a_hint() {
    check(
        &Sandbox::new(""),
        &[],
        "",
        &[
            (
                "variable",
                1,
                "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>\n  \
                 File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'DATABASE_URL'\n",
                "a variable is not set",
                &["set `DATABASE_URL` in `environment` of `variable`, or in an `env_file`"],
            ),
            (
                "library",
                1,
                "kernel_require.rb:86:in `require': cannot load such file -- sinatra (LoadError)\n",
                "a library is missing",
                &["install what is missing with `bundle install`"],
            ),
            (
                "command",
                127,
                "sh: 1: vite: not found\nnpm error code 127\n",
                "a command was not found",
                &["install `vite`, correct the name, or set `venv` if it lives in one"],
            ),
            (
                "script",
                126,
                "bash: line 1: ./run.sh: Permission denied\n",
                "a command cannot be executed",
                &["run `chmod +x ./run.sh`"],
            ),
            (
                "low",
                1,
                "listen tcp 0.0.0.0:80: bind: permission denied\n",
                "permission denied",
                &["give `low` a port from 1024 up: 80 needs a privilege"],
            ),
            (
                "memory",
                134,
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb78db3 node::Abort()\n",
                "it ran out of memory",
                &["raise Node's own limit with `NODE_OPTIONS = \"--max-old-space-size=4096\"` in `environment`"],
            ),
            (
                "files",
                1,
                "OSError: [Errno 24] Too many open files\n",
                "it has too many open files",
                &["raise the limit with `ulimit -n 4096` in this terminal, then try again"],
            ),
            (
                "watches",
                1,
                "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv'\n",
                "too many files are watched for changes",
                &["raise the limit with `sudo sysctl fs.inotify.max_user_watches=524288`"],
            ),
            (
                "disk",
                1,
                "OSError: [Errno 28] No space left on device\n",
                "no space is left on the disk",
                &["see what is full with `df -h`"],
            ),
            (
                "twice",
                1,
                "FATAL:  lock file \"postmaster.pid\" already exists\n",
                "already running, according to its lock or pid file",
                &["start it again with `xtask up twice`"],
            ),
            (
                "crash",
                139,
                "",
                "segmentation fault or bus error",
                &["start it again with `xtask up crash`"],
            ),
        ],
    );
}

#[test]
fn a_refused_connection_names_the_service_that_has_the_port() {
    let (theirs, nobodys) = (port(), port());
    let redis = format!("[services.redis]\ncommand = \"SERVICE --listen 127.0.0.1:{theirs}\"\nport = {theirs}\n");
    check(
        &Sandbox::new(""),
        &["redis"],
        &redis,
        &[
            (
                "api",
                1,
                &format!("Error: connect ECONNREFUSED 127.0.0.1:{theirs}\n    at connect (node:net:1611:16)\n"),
                "a connection was refused",
                &[&format!(
                    "add `depends_on = [\"redis\"]` to `api`: `redis` has port {theirs} and is not started before it"
                )],
            ),
            (
                "worker",
                1,
                &format!("dial tcp 127.0.0.1:{nobodys}: connect: connection refused\n"),
                "a connection was refused",
                &[&format!(
                    "start what is to listen on port {nobodys}, or correct the address: no service of this run has it"
                )],
            ),
        ],
    );
}

#[test]
fn the_cause_and_the_hint_stand_below_a_failed_start() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --say-err 'bash: line 1: DATABASE_URL: unbound variable' --exit 1\"\n\
         healthcheck = { command = \"false\" }\n",
    );
    let ended = sandbox.run(&["up"]).with(1);
    let said = sandbox.plain(&ended.stderr);
    let (_, report) = said.split_once("failed\n\n").unwrap();
    assert_eq!(
        report,
        "api failed after [time] (exit code 1): a variable is not set\n\n  bash: line 1: DATABASE_URL: unbound variable\n\n\
         hint: set `DATABASE_URL` in `environment` of `api`, or in an `env_file`\n"
    );
}

#[test]
fn a_refused_connection_is_tried_again_and_a_missing_variable_is_not() {
    let run = |line: &str| {
        let sandbox = Sandbox::new(&format!(
            "[services.api]\ncommand = \"SERVICE --say-err '{line}' --exit 1\"\nport = {}\nrestart = \"on-failure\"\n",
            port()
        ));
        sandbox.run(&["up"]).with(1).stderr.matches("backoff").count()
    };
    assert_eq!(run("dial tcp 127.0.0.1:1: connect: connection refused"), 5);
    assert_eq!(run("bash: line 1: DATABASE_URL: unbound variable"), 0);
}

#[test]
fn one_that_somebody_kills_is_told_from_one_that_ends() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sleep 1000\"\n[services.web]\ncommand = \"sleep 1000\"\n");
    let up = sandbox.up(&[]);
    let pid = sandbox.run(&["why", "api", "--format", "json"]).with(0).json()["pid"].clone();
    signal(u32::try_from(pid.as_u64().unwrap()).unwrap(), Signal::KILL);
    up.wait_for("(killed by SIGKILL): sent by another process or the kernel");
    up.interrupt();
    up.wait().with(130);
}
