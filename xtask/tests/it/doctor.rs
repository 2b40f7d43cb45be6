//! `doctor`: every check, no change.

mod fix;
mod forms;
mod machine;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually, eventually_gone, output, port};

/// Codes with their levels, without the ports that are free.
fn found(sandbox: &Sandbox, exit: i32) -> Vec<(String, String)> {
    let document = sandbox.run(&["doctor", "--format", "json"]).with(exit).json();
    assert_eq!(document["ok"], json!(exit == 0), "{document}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap().iter();
    let found = findings.map(|it| (text(&it["code"]), text(&it["level"])));
    found.filter(|(code, _)| code != "port.free").collect()
}

#[track_caller]
fn check(sandbox: &Sandbox, exit: i32, expected: &[(&str, &str)]) {
    let found = found(sandbox, exit);
    let found: Vec<_> = found
        .iter()
        .map(|(code, level)| (code.as_str(), level.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn all_well() {
    let (one, two) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [venvs.api]
        path = ".venv"
        python = ">=3.11"
        [services.api]
        command = "python app.py"
        venv = "api"
        port = {one}
        env_file = ["api.env"]
        [services.web]
        command = "sleep 1000"
        port = {two}
        profiles = ["web"]
        "#
    ));
    sandbox.write("api.env", "A=1\n");
    venv(&sandbox, "echo 3.12.4");
    let ended = sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        ended.stdout,
        "All checks passed: 2 ports free, 1 venv (Python 3.12.4), 2 commands, 1 env file, 0 leftovers.\n"
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_named_service_is_checked_with_what_it_depends_on() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "nonexistent-db"
        [services.api]
        command = "sleep 1000"
        depends_on = ["db"]
        [services.web]
        command = "nonexistent-web"
        profiles = ["web"]
        "#,
    );
    let failed = |arguments: &[&str]| {
        let said = sandbox.run(&[&["doctor"], arguments].concat()).with(1).stdout;
        ["nonexistent-db", "nonexistent-web"].map(|name| said.contains(name))
    };
    assert_eq!(failed(&[]), [true, true]);
    assert_eq!(failed(&["api"]), [true, false]);
    assert_eq!(failed(&["web"]), [false, true]);
    let unknown = sandbox.run(&["doctor", "wab"]).with(2);
    assert!(unknown.stderr.contains("did you mean `web`?"), "{unknown:?}");
}

#[test]
fn the_json_has_the_shape_of_the_contract() {
    let (sandbox, port) = Sandbox::with_api();
    let document = sandbox.run(&["doctor", "--format", "json"]).with(0).json();
    assert_eq!(
        document,
        json!({
            "schema_version": 1, "project": "project", "checkout": sandbox.project(), "ok": true,
            "findings": [{
                "code": "port.free", "level": "ok", "service": "api", "message": format!("port {port} is free"), "hints": [],
                "at": {"file": "devtasks.toml", "line": 3, "column": 8},
                "port": {"number": port, "host": "127.0.0.1", "protocol": "tcp"},
                "owners": [],
            }],
        })
    );
}

#[test]
fn nothing_is_changed() {
    let (sandbox, _) = Sandbox::with_api();
    let all = || {
        let mut find = sandbox.other("find");
        String::from_utf8(output(find.args([sandbox.project(), sandbox.home()])).stdout).unwrap()
    };
    let before = all();
    sandbox.run(&["doctor"]).with(0);
    sandbox.run(&["status"]).with(1);
    assert_eq!(all(), before);
}

#[test]
fn a_stranger_fails() {
    let (sandbox, port) = Sandbox::with_api();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    check(&sandbox, 1, &[("port.busy.foreign", "fail")]);
    let ended = sandbox.run(&["doctor"]).with(1);
    assert!(ended.stdout.contains(&format!("(pid {})", stranger.pid())), "{ended:?}");
    assert!(ended.stdout.ends_with("\n1 check failed.\n"), "{ended:?}");
    assert!(!stranger.has_ended());
}

#[test]
fn one_that_is_only_bound_fails() {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.stranger(&[
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--bind-only",
        "--no-reuseaddr",
    ]);
    check(&sandbox, 1, &[("port.busy.bound", "fail")]);
}

#[test]
fn a_client_on_the_port_is_told_as_such() {
    let (sandbox, port) = Sandbox::with_api();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let local: std::net::SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    client.bind(&local.into()).unwrap();
    client.connect(&server.local_addr().unwrap().into()).unwrap();
    let document = sandbox.run(&["doctor", "--format", "json"]).json();
    assert_eq!(document["findings"][0]["code"], "port.busy.connection", "{document}");
    assert_eq!(document["findings"][0]["owners"][0]["holds_by"], "connection");
}

#[test]
fn the_running_stack_is_well() {
    let (sandbox, _) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    check(&sandbox, 0, &[("port.busy.own_running", "ok")]);
    let ended = sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        ended.stdout,
        "All checks passed: 1 port (0 free, 1 ours), 1 command, 0 env files, 0 leftovers.\n"
    );
}

#[test]
fn leftovers_are_a_warning() {
    let (sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    check(
        &sandbox,
        0,
        &[("port.busy.own_leftover", "warn"), ("run.leftovers", "warn")],
    );
    sandbox.run(&["doctor", "--strict"]).with(1);
    assert_eq!(sandbox.processes().len(), 1);
}

#[test]
fn another_checkout_and_another_project_are_told_apart() {
    let (sandbox, _) = Sandbox::with_api();
    let there = sandbox.checkout("other");
    let up = sandbox.start_in(&there, &["up"]);
    up.wait_for("eady in");
    check(&sandbox, 1, &[("port.busy.other_project", "fail")]);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write("devtasks.toml", &format!("project.name = \"other\"\n{config}"));
    check(&sandbox, 1, &[("port.busy.other_checkout", "fail")]);
}

#[test]
fn what_is_missing_fails_with_its_code() {
    let sandbox = Sandbox::new(
        r#"
        [services.gone]
        command = "no-such-command"
        [services.weak]
        command = "./script"
        [services.lost]
        command = "sleep 1"
        working_dir = "nowhere"
        [services.blind]
        command = "sleep 1"
        env_file = ["missing.env"]
        [services.broken]
        command = "./broken"
        "#,
    );
    sandbox.write("script", "echo");
    sandbox.write_script("fine", "exit");
    sandbox.write_script("broken", "exit");
    let broken = std::fs::read_to_string(sandbox.project().join("broken")).unwrap();
    sandbox.write("broken", &broken.replace("/bin/sh", "/no/such/shell"));
    check(
        &sandbox,
        1,
        &[
            ("command.not_found", "fail"),
            ("command.not_executable", "fail"),
            ("working_dir.missing", "fail"),
            ("env.file_missing", "fail"),
            ("command.not_executable", "fail"),
        ],
    );
}

#[test]
fn what_an_interpreter_leaves_behind_holds_nobody_up_and_is_ended() {
    let sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "SERVICE"
        venv = "api"
        "#,
    );
    venv(&sandbox, "sleep 1000 &\necho 3.12.4");
    let ended = sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        ended.stdout,
        "All checks passed: 0 ports free, 1 venv (Python 3.12.4), 1 command, 0 env files, 0 leftovers.\n"
    );
    // What was killed needs a moment.
    eventually(
        || format!("the end of {:?}", sandbox.processes()),
        || sandbox.processes().is_empty(),
    );
}

#[test]
fn every_trouble_with_a_venv_has_its_code_and_its_way_out() {
    let mut sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        python = ">=3.11"
        [services.api]
        command = "python app.py"
        venv = "api"
        "#,
    );
    // The Pythons of this machine do not count: one of pyenv's may not be selected, another is too old.
    sandbox.write_script("tools/python3", "echo 'not selected' >&2; exit 127");
    sandbox.write_script("tools/python3.13", "echo 3.10.1");
    sandbox.write_script("tools/python3.11", "echo 3.11.9");
    let tools = sandbox.project().join("tools");
    sandbox.set("PATH", &tools.display().to_string());
    check(&sandbox, 1, &[("venv.missing", "fail")]);

    let directory = sandbox.project().join(".venv/bin");
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    std::fs::create_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink("/no/such/python3.12", directory.join("python")).unwrap();
    check(&sandbox, 1, &[("venv.interpreter_missing", "fail")]);
    std::fs::remove_file(directory.join("python")).unwrap();

    venv(&sandbox, "echo 3.9.2");
    check(&sandbox, 1, &[("venv.python_version", "fail")]);
    venv(&sandbox, "echo 'cannot load libpython' >&2; exit 1");
    check(&sandbox, 1, &[("venv.interpreter_missing", "fail")]);
    venv(&sandbox, "echo 3.11.0");
    check(&sandbox, 0, &[]);

    sandbox.write(
        ".venv/bin/activate",
        "VIRTUAL_ENV='/somewhere/else/.venv'\nexport VIRTUAL_ENV\n",
    );
    check(&sandbox, 1, &[("venv.moved", "fail")]);
    let ended = sandbox.run(&["doctor"]).with(1);
    assert!(
        ended
            .stdout
            .contains("hint: recreate it with `python3.11 -m venv --clear .venv`\n"),
        "{ended:?}"
    );
}

#[test]
fn lines_that_others_read_differently_are_notes_and_values_stay_secret() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox.write(".env", "A=secret # note\nexport C=secret\n");
    let ended = sandbox.run(&["doctor", "--strict"]).with(0);
    assert_eq!(
        ended.stdout,
        "All checks passed: 1 port free, 1 command, 1 env file, 0 leftovers, 2 notes (see `-v`).\n"
    );
    let ended = sandbox.run(&["doctor", "-v"]).with(0);
    let note = "note: systemd, foreman and podman skip a line that begins with `export`\n  --> .env:2:8\n";
    assert!(ended.stdout.contains(note), "{ended:?}");
    assert!(!ended.stdout.contains("secret"), "{ended:?}");
}

#[test]
fn an_env_file_is_compared_with_its_example_and_kept_private() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox.write(".env.example", "API_TOKEN=\nSECRET_KEY=\n");
    let ended = sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        ended.stdout,
        "warning: `.env` does not exist, and `.env.example` sets `API_TOKEN`, `SECRET_KEY`\n\n\
         hint: run `cp .env.example .env`, and fill it in\n\n1 warning.\n"
    );
    sandbox.write(".env", "API_TOKEN=t0p\nSECRETKEY=s3cret\n");
    for arguments in [["init", "-q"], ["add", ".env"]] {
        let done = output(sandbox.other("git").args(arguments));
        assert!(done.status.success(), "{done:?}");
    }
    check(
        &sandbox,
        0,
        &[
            ("env.mistyped", "warn"),
            ("env.readable", "warn"),
            ("env.tracked", "warn"),
        ],
    );
    sandbox.run(&["doctor", "--strict"]).with(1);
}

#[test]
fn a_wrong_file_is_2_and_a_document_all_the_same() {
    for config in [
        "[services.api]\ncomand = \"x\"\n",
        "this is = = no toml",
        "[services.api]\ncommand = \"echo ${NOT_SET}\"\n",
        "[services.a]\ncommand = \"x\"\nport = 8123\n[services.b]\ncommand = \"x\"\nport = 8123\n",
    ] {
        let sandbox = Sandbox::new(config);
        sandbox.run(&["doctor"]).with(2);
        let document = sandbox.run(&["doctor", "--format", "json"]).with(2).json();
        assert_eq!(document["ok"], json!(false), "{config}");
        assert!(!document["findings"].as_array().unwrap().is_empty(), "{config}");
    }
}

#[test]
fn a_port_declared_twice_and_a_missing_variable_have_their_codes() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.a]\ncommand = \"sleep 1\"\nport = {port}\n[services.b]\ncommand = \"sleep 1\"\nport = {port}\n"
    ));
    check(&sandbox, 2, &[("port.duplicate", "fail")]);
    let sandbox = Sandbox::new("[services.a]\ncommand = \"echo ${NOT_SET}\"\n");
    check(&sandbox, 2, &[("env.missing", "fail")]);
}

/// A venv whose Python does this.
fn venv(sandbox: &Sandbox, python: &str) {
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    sandbox.write_script(".venv/bin/python", python);
}
