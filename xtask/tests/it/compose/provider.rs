//! `devtasks compose`: what Docker Compose calls to start and stop a service of ours.

use expect_test::{Expect, expect};
use serde_json::json;

use super::Shop;
use crate::sandbox::{Ended, Sandbox, port};

fn shop() -> (Sandbox, u16, u16) {
    let (cache, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.cache]
        command = "SERVICE --listen 127.0.0.1:env"
        port = {cache}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:env"
        ports = {{ http = {api} }}
        depends_on = ["cache"]
        "#
    ));
    (sandbox, cache, api)
}

/// The messages, a line each, as `type message`.
#[track_caller]
fn messages(sandbox: &Sandbox, ended: &Ended) -> String {
    assert_eq!(ended.stderr, "", "{ended:?}");
    let lines = ended.events().into_iter().map(|message| {
        let word = |key: &str| message[key].as_str().unwrap().to_owned();
        format!("{} {}", word("type"), word("message"))
    });
    sandbox.plain(&lines.collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn check(sandbox: &Sandbox, arguments: &str, code: i32, expected: &str) {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let ended = sandbox
        .run(&[&["compose", "--project-name=shop"], &arguments[..]].concat())
        .with(code);
    assert_eq!(messages(sandbox, &ended), expected);
}

#[test]
fn up_starts_a_service_with_what_it_needs_and_says_where_it_is() {
    let (sandbox, cache, api) = shop();
    let variables = |host: &str| {
        format!("setenv URL=http://{host}:{api}\nsetenv HOST={host}\nsetenv PORT={api}\nsetenv PORT_HTTP={api}")
    };
    let up = sandbox.run(&["compose", "--project-name=shop", "up", "api"]).with(0);
    let said = messages(&sandbox, &up);
    assert!(
        said.contains("info cache ready\n") && said.contains("info ready\n"),
        "{said}"
    );
    assert!(said.ends_with(&variables("127.0.0.1")), "{said}");
    // What runs already gives the same.
    check(&sandbox, "up api", 0, &variables("127.0.0.1"));
    check(
        &sandbox,
        "up --host=host.docker.internal --timeout=5s api",
        0,
        &variables("host.docker.internal"),
    );
    check(&sandbox, "stop api", 0, "info stopping\ninfo stopped");
    let states = sandbox.run(&["status", "--format", "json"]).json();
    assert_eq!(states["services"][0]["state"], json!("ready"));
    assert_eq!(states["services"][1]["state"], json!("stopped"));
    check(&sandbox, "down api", 0, "");
    check(&sandbox, "down cache", 0, "info stopping\ninfo stopped");
    assert!(crate::sandbox::is_free(cache) && crate::sandbox::is_free(api));
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_busy_port_is_explained_to_compose() {
    let (sandbox, _, api) = shop();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{api}")]);
    let up = sandbox.run(&["compose", "up", "api"]).with(3);
    let said = messages(&sandbox, &up);
    let first =
        format!("error port {api} is taken by `service` (pid [pid])\n  --> devtasks.toml:7:26  [services.api.ports]\n");
    assert!(said.starts_with(&first), "{said}");
    assert!(
        said.contains(&format!("[service] --listen 127.0.0.1:{api} --announce")),
        "{said}"
    );
    assert!(
        said.contains(&format!("hint: stop it with `xtask port kill {api}`\n")),
        "{said}"
    );
    assert!(!stranger.has_ended());
    let moved = sandbox.run(&["compose", "up", "--on-conflict=next", "api"]).with(0);
    let said = messages(&sandbox, &moved);
    assert!(said.contains("setenv PORT="), "{said}");
    assert!(!said.contains(&format!("setenv PORT={api}\n")), "{said}");
    sandbox.run(&["down"]).with(0);
}

#[test]
fn what_cannot_be_started_is_an_error_message() {
    let (sandbox, _, _) = shop();
    check(
        &sandbox,
        "up apx",
        2,
        "error unknown service `apx`\n\nhint: did you mean `api`?",
    );
    let name = "command = \"no-such-program\"";
    sandbox.write("devtasks.toml", &format!("[services.api]\n{name}\n"));
    let up = sandbox.run(&["compose", "up", "api"]).with(5);
    let said = messages(&sandbox, &up);
    assert!(
        said.starts_with("error command `no-such-program` was not found\n"),
        "{said}"
    );
    sandbox.write(
        "devtasks.toml",
        "[services.api]\ncommand = \"sh -c 'echo no table; exit 3'\"\nhealthcheck = { command = 'false' }\n",
    );
    let up = sandbox.run(&["compose", "up", "api"]).with(1);
    let said = messages(&sandbox, &up);
    let last = "error api failed after [time] (exit code 3)\n\n  no table";
    assert!(said.ends_with(last), "{said}");
}

#[test]
fn metadata_names_every_option() {
    let sandbox = Sandbox::new("");
    let metadata = sandbox.run(&["compose", "metadata"]).with(0).json();
    let names = |command: &str| {
        let parameters = metadata[command]["parameters"].as_array().unwrap();
        let names: Vec<_> = parameters.iter().map(|it| it["name"].as_str().unwrap()).collect();
        names.join(" ")
    };
    let expected: Expect = expect!["file host on-conflict timeout; file; file"];
    expected.assert_eq(&["up", "down", "stop"].map(names).join("; "));
}

#[test]
fn a_service_that_compose_itself_runs_is_refused() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.run(&["compose", "up", "db"]).with(1);
    let said = messages(&shop.sandbox, &up);
    assert!(
        said.starts_with("error `db` is itself service `db` of Compose\n"),
        "{said}"
    );
    check(
        &shop.sandbox,
        "stop db",
        0,
        "info `db` is itself service `db` of Compose",
    );
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn a_service_that_asks_for_itself_is_refused() {
    let sandbox = Sandbox::new("");
    let xtask = env!("CARGO_BIN_EXE_xtask");
    sandbox.write(
        "devtasks.toml",
        &format!("[services.api]\ncommand = \"{xtask} compose up api\"\nhealthcheck = {{ command = 'false' }}\n"),
    );
    let up = sandbox.run(&["up"]).with(1);
    assert!(
        up.stdout
            .contains("`api` is being started, and asks Compose for itself"),
        "{up:?}"
    );
}
