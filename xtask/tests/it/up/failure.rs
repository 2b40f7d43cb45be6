//! A service that ends or cannot start: its last words, the cause, the exit code, the end of the others.

use crate::sandbox::{Sandbox, eventually, port};

#[test]
fn a_service_that_ends_while_starting_shows_its_last_lines() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "SERVICE --say one --say-err two --exit 3"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    let ended = sandbox.run(&["up"]).with(1);
    let stderr = sandbox.plain(&ended.stderr);
    let (_, report) = stderr.split_once("\n\n").unwrap();
    assert!(report.contains("api failed after [time] (exit code 3)\n"), "{report}");
    assert!(report.contains("  one\n") && report.contains("  two\n"), "{report}");
    assert!(report.ends_with("The other service was stopped.\n"), "{report}");
    sandbox.nothing_is_left();
}

#[test]
fn a_service_that_ends_with_0_before_it_is_ready_has_failed_too() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --exit 0\"\nport = {port}\n"
    ));
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.contains("before it was ready"), "{ended:?}");
}

#[test]
fn a_server_that_goes_to_the_background_has_failed_and_is_ended() {
    let port = port();
    let daemon = format!("SERVICE --setsid --ready-after 500 --listen 127.0.0.1:{port}");
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"{daemon}\"\nport = {port}\n"));
    // It forks while it is told to end: one time in twenty at the worst moment.
    for _ in 0..30 {
        let ended = sandbox.run(&["up"]).with(1);
        let said = sandbox.plain(&ended.stderr);
        let last = "
api failed after [time] (exit code 0): it daemonized; its background processes were stopped

hint: let `api` stay in front: it ends when its first process does
";
        assert!(said.ends_with(last), "{said}");
        sandbox.nothing_is_left();
    }
    // Without a port it was ready as soon as it lived.
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --setsid\"\n");
    let ended = sandbox.run(&["up"]).with(0);
    let last = "api  exited     exit code 0: it daemonized; its background processes were stopped\n";
    assert!(ended.stderr.ends_with(last), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn up_ends_with_the_last_service() {
    let sandbox = Sandbox::new(
        "[services.a]\ncommand = \"SERVICE --exit 0 --after 20\"\n[services.b]\ncommand = \"SERVICE --exit 0 --after 60\"\n",
    );
    let ended = sandbox.run(&["up"]).with(0);
    assert!(ended.stderr.ends_with("  · b  exited     exit code 0\n"), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_service_killed_by_a_signal_says_which() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"sh -c 'kill -SEGV $$$$'\"\nport = {port}\n"
    ));
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.contains("killed by SIGSEGV"), "{ended:?}");
}

#[test]
fn a_port_that_the_service_itself_finds_taken_has_its_owner_named() {
    let (declared, real) = (port(), port());
    // Preflight sees a free port: the stranger comes while the service starts.
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "sh -c 'echo begun; until [ -e taken ]; do sleep 0.01; done; exec SERVICE --listen 127.0.0.1:{declared}'"
        ports = {{ main = {declared}, other = {real} }}
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{declared}")]);
    sandbox.write("taken", "");
    let ended = up.wait().with(3);
    assert!(ended.stderr.contains("its port is already in use"), "{ended:?}");
    assert!(ended.stderr.contains(&format!("pid {}", stranger.pid())), "{ended:?}");
    assert!(ended.stderr.contains("Address already in use"), "{ended:?}");
    assert!(!stranger.has_ended());
}

#[test]
fn one_that_binds_where_nobody_asked_before_has_the_owner_named_too() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.web]\ncommand = \"SERVICE --listen [::1]:{port}\"\nport = {port}\n"
    ));
    let stranger = sandbox.stranger(&["--listen", &format!("[::1]:{port}")]);
    let ended = sandbox.run(&["up"]).with(3);
    for words in [
        format!("Port {port} (web) is busy."),
        format!(
            "Port {port} is taken by `service` (pid {}) at ::1 only.",
            stranger.pid()
        ),
        format!("hint: stop it with `xtask port kill {port}`"),
    ] {
        assert!(ended.stderr.contains(&words), "{ended:?}");
    }
}

#[test]
fn a_port_that_is_lost_to_another_service_of_the_stack_is_told_as_such() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.web]
        command = "SERVICE --wait-for web --listen 127.0.0.1:{port} --announce opened"
        [services.api]
        command = "SERVICE --say begun --wait-for api --listen 127.0.0.1:{port} --exit-with end"
        port = {port}
        restart = "on-failure"
        "#
    ));
    sandbox.write("api", "");
    let up = sandbox.up(&[]);
    // Its next start loses the port, while the others run on.
    sandbox.write("end.new", "1");
    let end = sandbox.project().join("end");
    std::fs::rename(end.with_extension("new"), &end).unwrap();
    eventually(|| up.stdout(), || up.stdout().matches("begun").count() == 2);
    sandbox.write("web", "");
    up.wait_for("opened");
    sandbox.write("api", "");
    up.wait_for(&format!(
        "Port {port} is taken by `service` (pid {}): it is `web` of this checkout.",
        sandbox.pid("web")
    ));
}

/// A reloader that runs its own start again: whoever had the port has ended with it.
#[test]
fn a_service_that_opens_its_port_twice_is_told_to_look_at_itself() {
    let port = port();
    let listen = format!("SERVICE --listen 127.0.0.1:{port}");
    let sandbox = Sandbox::new("");
    sandbox.write(
        "devtasks.toml",
        &format!(
            r#"
            [services.api]
            command = """sh -c '{listen} --announce open >said & until grep -q open said; do sleep 0.01; done; exec {listen}'"""
            port = {port}
            healthcheck = {{ command = "false" }}
            "#
        ),
    );
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains("its port is already in use"), "{ended:?}");
    assert!(
        ended.stderr.contains("check whether `api` opens it twice itself"),
        "{ended:?}"
    );
    assert!(
        ended
            .stderr
            .contains("guard does, or another service of the stack opens it: no other process holds it now\n"),
        "{ended:?}"
    );
}

#[test]
fn a_missing_python_module_names_the_venv_and_the_way_to_install_it() {
    let sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "python app.py"
        venv = "api"
        healthcheck = { command = "false" }
        "#,
    );
    venv(
        &sandbox,
        "echo \"ModuleNotFoundError: No module named 'sqlalchemy'\" >&2; exit 1",
    );
    let ended = sandbox.run(&["up"]).with(1);
    let stderr = sandbox.plain(&ended.stderr);
    assert!(stderr.contains("a Python package is missing"), "{stderr}");
    assert!(
        stderr.contains("hint: install it into the venv with `.venv/bin/python -m pip install sqlalchemy`"),
        "{stderr}"
    );
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "uvicorn app:app"
        venv = "api"
        [services.gone]
        command = "no-such-command --port 1"
        [services.lost]
        command = "sleep 1000"
        working_dir = "nowhere"
        [services.blind]
        command = "sleep 1000"
        env_file = ["missing.env"]
        [services.weak]
        command = "./script"
        "#,
    );
    sandbox.write("script", "#!/bin/sh\n");
    let ended = sandbox.run(&["up"]).with(5);
    assert_eq!(
        sandbox.plain(&ended.stderr),
        "error: venv `.venv` does not exist
  --> devtasks.toml:3:16  [venvs.api]

hint: make it with `python3 -m venv .venv`

error: command `no-such-command` was not found
  --> devtasks.toml:8:19  [services.gone]

hint: install `no-such-command`, correct `command` of `gone`, or set `venv` if it lives in one

error: working directory `nowhere` does not exist
  --> devtasks.toml:11:23  [services.lost]

hint: create it with `mkdir -p nowhere`, or change `working_dir` of `lost`

error: env file `missing.env` is missing
  --> devtasks.toml:14:21  [services.blind]

hint: create `missing.env`, or remove it from `env_file`

error: command `./script` is not executable
  --> devtasks.toml:16:19  [services.weak]

hint: run `chmod +x script`

"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_service_that_fails_after_all_were_ready_leaves_the_others_running() {
    let sandbox = Sandbox::new(
        r#"
        [services.steady]
        command = "sleep 1000"
        [services.fragile]
        command = "sh -c 'until [ -e fall ]; do sleep 0.01; done; exit 7'"
        "#,
    );
    let up = sandbox.up(&[]);
    sandbox.write("fall", "");
    up.wait_for("exit code 7");
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let states: Vec<_> = status["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(states, ["running", "failed"]);
    // `up` ends when none is left, with 1 because one failed.
    let steady = u32::try_from(status["services"][0]["pid"].as_u64().unwrap()).unwrap();
    crate::sandbox::signal(steady, rustix::process::Signal::TERM);
    let ended = up.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

/// A venv whose Python tells its version and otherwise does as told.
pub(super) fn venv(sandbox: &Sandbox, program: &str) {
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    let version = "case \"$*\" in *version_info*) echo 3.12.4; exit;; esac";
    sandbox.write_script(".venv/bin/python", &format!("{version}\n{program}"));
}

#[test]
fn missing_packages_of_node_are_installed_by_the_manager_of_the_lock_file() {
    let sandbox = Sandbox::new(
        r#"
        [services.web]
        command = ["sh", "-c", "echo 'sh: 1: vite: not found' >&2; exit 127", "npm"]
        working_dir = "web"
        "#,
    );
    sandbox.write("web/package.json", r#"{ "devDependencies": { "vite": "8" } }"#);
    sandbox.write("web/pnpm-lock.yaml", "");
    sandbox.write("web/node_modules/here", "");
    let ended = sandbox.run(&["up"]).with(5);
    let hint = "hint: install what is missing with `pnpm --dir web install --frozen-lockfile`\n";
    assert!(ended.stderr.contains(hint), "{ended:?}");
    std::fs::remove_file(sandbox.project().join("web/node_modules/here")).unwrap();
    std::fs::remove_dir(sandbox.project().join("web/node_modules")).unwrap();
    let ended = sandbox.run(&["up"]).with(5);
    assert_eq!(
        sandbox.plain(&ended.stderr),
        "error: `web/node_modules` is missing
  --> devtasks.toml:3:19  [services.web]

hint: install its packages with `pnpm --dir web install --frozen-lockfile`

"
    );
}

#[test]
fn a_command_of_a_hint_works_where_the_user_stands() {
    let sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "serve"
        venv = "api"
        [services.web]
        command = "npm run dev"
        working_dir = "my web"
        [services.weak]
        command = "./script"
        "#,
    );
    sandbox.write("my web/package.json", r#"{ "devDependencies": { "vite": "8" } }"#);
    sandbox.write("script", "");
    let project = sandbox.project().canonicalize().unwrap();
    let directory = project.join("my web");
    let ended = sandbox.start_in(&directory, &["doctor"]).wait().with(1);
    let project = project.display();
    for hint in [
        format!("hint: make it with `python3 -m venv {project}/.venv`\n"),
        format!("hint: install its packages with `npm install --prefix '{project}/my web'`\n"),
        format!("hint: run `chmod +x {project}/script`\n"),
    ] {
        assert!(ended.stdout.contains(&hint), "{hint}\n{ended:?}");
    }
}

#[test]
fn a_mistyped_module_is_not_installed() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "python -m uvicron app:app"
        venv = "auto"
        "#,
    );
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.write_script(
        ".venv/bin/python",
        "case \"$*\" in *uvicron*) echo \"$0: No module named uvicron\" >&2; exit 1 ;; esac\nexec python3 \"$@\"",
    );
    sandbox.write_script(".venv/bin/uvicorn", "exit 0");
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.contains("\nhint: did you mean `uvicorn`?\n"), "{ended:?}");
    assert!(!ended.stderr.contains("pip install"), "{ended:?}");
}
