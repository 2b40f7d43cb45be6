//! `why`: what is known of one service.

use crate::sandbox::{Sandbox, eventually, port, signal};

use rustix::process::Signal;
use serde_json::{Value, json};

#[test]
fn without_a_running_stack_it_says_so() {
    let (sandbox, _) = Sandbox::with_api();
    let ended = sandbox.run(&["why", "api"]).with(0);
    assert_eq!(
        ended.stdout,
        "api  stopped\n\n  run         nothing of `project` is running\n\nhint: start it with `xtask up api`\n"
    );
    let seen = sandbox.run(&["why", "api", "--format", "json"]).with(0).json();
    assert_eq!((&seen["run"], &seen["state"]), (&Value::Null, &"stopped".into()));
    sandbox.run(&["why", "apu"]).with(2);
    sandbox.run(&["why"]).with(2);
}

#[test]
fn one_that_is_down_is_explained_with_its_last_lines() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --say-err 'no such table' --exit 3 --after 100\"\n\
         [services.web]\ncommand = \"SERVICE\"\n[services.off]\ncommand = \"SERVICE\"\nprofiles = [\"x\"]\n",
    );
    let up = sandbox.up(&[]);
    up.wait_for("api failed");
    let said = sandbox.plain(&sandbox.run(&["why", "api"]).with(0).stdout);
    assert_eq!(
        said,
        "api  failed  since [time]\n\n  reason      exit code 3\n  last exit   exit code 3, [time] ago\n\n  no such table\n\n\
         hint: start it again with `xtask up api`\n"
    );
    let said = sandbox.run(&["why", "off"]).with(0).stdout;
    assert_eq!(
        said,
        "off  stopped\n\n  reason      it is not part of the running stack\n\nhint: start it with `xtask up off`\n"
    );
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn one_that_pauses_gives_its_next_try() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\nrestart = \"always\"\n");
    let up = sandbox.up(&[]);
    let why = || sandbox.run(&["why", "api", "--format", "json"]).with(0).json();
    let mut seen = why();
    for n in 0..5 {
        eventually(|| up.stderr(), || why()["pid"].is_u64());
        signal(u32::try_from(why()["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
        eventually(
            || up.stderr(),
            || {
                seen = why();
                // The first restart comes at once.
                seen["state"] == "backoff" || n == 0 && seen["restarts"] == 1
            },
        );
    }
    assert!(seen["next_try_at"].is_string(), "{seen}");
    let reason = seen["reason"]["message"].as_str().unwrap();
    assert_eq!(
        sandbox.plain(reason),
        "killed by SIGKILL: sent by another process or the kernel, again in [time]"
    );
    let exit = json!({"code": null, "signal": 9, "cause": "killed by SIGKILL: sent by another process or the kernel", "at": seen["exit"]["at"]});
    assert_eq!(
        (&seen["exit"], &seen["restart"], &seen["restarts"]),
        (&exit, &"always".into(), &4.into())
    );
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn the_last_answers_of_a_health_check_are_told() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --http --unhealthy-after 1\"\nport = {port}\n\
         healthcheck = {{ http = \"/\", interval = \"20ms\", retries = 2 }}\n"
    ));
    let up = sandbox.up(&[]);
    up.wait_for("unhealthy");
    let seen = sandbox.run(&["why", "api", "--format", "json"]).with(0).json();
    assert_eq!(
        (&seen["state"], &seen["reason"]["message"]),
        (&"unhealthy".into(), &"GET / 503".into())
    );
    let last = seen["answers"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["status"], &last["detail"]),
        (&"failing".into(), &"GET / 503".into())
    );
    assert!(last["times"].as_u64() >= Some(2), "{last}");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn whoever_took_its_port_is_named_and_so_is_that_it_has_left() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port}"
        port = {port}
        [services.web]
        command = "SERVICE"
        "#
    ));
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.run(&["down", "api"]).with(0);
    let thief = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let pid = thief.pid();
    let taken = format!("port {port} is taken by `service` (pid {pid})");
    let look = format!("look at it with `xtask port who {port}`");
    let restart = sandbox.run(&["restart", "api"]).with(3);
    let told = format!("\napi: {taken}\nhint: {look}\n");
    assert!(restart.stderr.contains(&told), "{restart:?}");
    let why = || sandbox.run(&["why", "api", "--format", "json"]).with(0).json();
    let seen = why();
    assert_eq!(
        (&seen["now"], &seen["hints"]),
        (
            &json!([taken]),
            &json!([
                look,
                "start it again with `xtask up api` once the port is free",
                "read more with `xtask explain cause.port_busy`"
            ])
        )
    );
    signal(pid, Signal::KILL);
    thief.wait();
    let seen = why();
    assert_eq!(
        (&seen["now"], &seen["hints"]),
        (
            &json!([format!("port {port} is free")]),
            &json!([
                "start it again with `xtask up api`",
                "read more with `xtask explain cause.port_busy`"
            ])
        )
    );
    sandbox.run(&["down"]).with(0);
}

#[test]
fn one_that_waits_for_a_port_that_a_stranger_has_names_that() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --say begun"
        port = {port}
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let thief = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let why = || sandbox.run(&["why", "api"]).with(0).stdout;
    let taken = format!("now         port {port} is taken by `service` (pid {})", thief.pid());
    eventually(why, || why().contains(&taken));
    up.interrupt();
    up.wait();
}

#[test]
fn after_a_failed_up_it_still_says_why() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --say-err 'starting' --say-err 'no such table' --exit 3 --after 100"
        port = {port}
        [services.api]
        command = "SERVICE"
        depends_on = ["db"]
        [services.idle]
        command = "SERVICE"
        [services.off]
        command = "SERVICE"
        profiles = ["x"]
        "#
    ));
    sandbox.run(&["up"]).with(1);
    let why = |name: &str| sandbox.plain(&sandbox.run(&["why", name]).with(0).stdout);
    assert_eq!(
        why("db"),
        "db  failed  since [time]\n\n  run         nothing of `project` is running; this is how its last run ended\n  \
         reason      exit code 3\n  last exit   exit code 3, [time] ago\n\n  starting\n  no such table\n\n\
         hint: start it again with `xtask up db`\n"
    );
    let said = why("idle");
    assert!(
        said.starts_with("idle  stopped  since [time]\n\n  run         nothing of `project` is running; this is"),
        "{said}"
    );
    assert!(
        why("off").contains("nothing of `project` is running\n\nhint: start it with `xtask up off`"),
        "{}",
        why("off")
    );
    let seen = sandbox.run(&["why", "db", "--format", "json"]).with(0).json();
    assert_eq!(
        (&seen["run"], &seen["state"], &seen["exit"]["code"]),
        (&Value::Null, &"failed".into(), &3.into())
    );
    assert!(seen["last_run"].is_string(), "{seen}");
    assert_eq!(
        seen["reason"],
        json!({"code": null, "message": "exit code 3", "evidence": ["starting", "no such table"]})
    );

    let status = sandbox.run(&["status"]).with(1).stdout;
    let line = "\nIn the last run, [time] ago, `db` failed: exit code 3.\n\nhint: see more with `xtask why db`\nhint: start it";
    assert!(sandbox.plain(&status).contains(line), "{status}");

    // A later run without it is the last one.
    sandbox.run(&["up", "-d", "idle"]).with(0);
    sandbox.run(&["down"]).with(0);
    assert!(why("db").starts_with("db  stopped\n"), "{}", why("db"));
    assert!(!sandbox.run(&["status"]).with(1).stdout.contains("last run"));
}

#[test]
fn after_a_killed_supervisor_it_has_the_last_lines() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --say 'at work'\"\n");
    let up = sandbox.up(&[]);
    up.wait_for("at work");
    signal(up.pid(), Signal::KILL);
    up.wait();
    let why = || sandbox.plain(&sandbox.run(&["why", "api"]).with(0).stdout);
    eventually(why, || why().contains("killed"));
    assert_eq!(
        why(),
        "api  stopped  since [time]\n\n  run         nothing of `project` is running; this is how its last run ended\n  \
         reason      its supervisor was killed, which ended the run\n\n  at work\n\nhint: start it with `xtask up api`\n"
    );
}
