//! A service that runs and does not become ready: what it shows meanwhile is told early.

use serde_json::Value;

use crate::sandbox::{Sandbox, port};

/// Writes an error and listens once `repaired` exists, as a reloader does after an edit.
const RELOADER: &str = "SERVICE --say-err \"KeyError: 'TOKEN'\" --wait-for repaired --listen 127.0.0.1:env";

/// The line above which makes the cause a variable of the environment.
const ABOVE: &str = "--say-err '  File \"<frozen os>\", line 679, in __getitem__'";

fn sandbox(command: &str, more: &str) -> (Sandbox, u16) {
    let port = port();
    let command = command
        .replace("SERVICE", &format!("SERVICE {ABOVE}"))
        .replace('"', "\\\"");
    let config = format!("[services.api]\ncommand = \"{command}\"\nport = {port}\n{more}");
    (Sandbox::new(&config), port)
}

#[test]
fn what_a_reloader_has_written_is_told_while_it_waits_for_an_edit() {
    let (sandbox, port) = sandbox(RELOADER, "");
    let up = sandbox.start(&["up"]);
    up.wait_for("hint: then, in another terminal, type `xtask up`");
    let told = sandbox.plain(&up.stderr());
    let warning = format!(
        "warning: `api` does not listen on {port}, and has written `KeyError: 'TOKEN'`: a variable is not set\n  --> \
         devtasks.toml:1:11  [services.api]\n\nhint: set `TOKEN` in `environment` of `api`, or in an `env_file`\n"
    );
    assert!(told.contains(&warning), "{warning}\nin\n{told}");
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let waits = format!("`api` does not listen on {port}, and has written `KeyError: 'TOKEN'`: a variable is not set");
    assert_eq!(status["services"][0]["waiting_for"], serde_json::json!([waits]));
    sandbox.write("repaired", "");
    up.wait_for("Ready in ");
    assert_eq!(up.stderr().matches("warning:").count(), 1, "{}", up.stderr());
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_command_that_joins_is_told_as_well_and_json_has_a_finding() {
    let (sandbox, _) = sandbox(RELOADER, "[services.other]\ncommand = \"sleep 1000\"\n");
    let up = sandbox.up(&["other"]);
    let joined = sandbox.start(&["up", "--format", "json"]);
    joined.wait_for("service.not_ready");
    let stdout = joined.stdout();
    let event = stdout.lines().find(|line| line.contains("service.not_ready")).unwrap();
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(event["event"], "finding");
    assert_eq!(event["finding"]["level"], "warn");
    assert_eq!(event["finding"]["service"], "api");
    sandbox.write("repaired", "");
    joined.wait().with(0);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

#[test]
fn a_health_check_that_gets_404_is_told_and_again_at_the_end() {
    let check = "healthcheck = { http = \"/healthz\", start_period = \"5s\" }\n";
    let (sandbox, _) = sandbox("SERVICE --listen 127.0.0.1:env --status 404", check);
    let ended = sandbox.run(&["up"]).with(4);
    let said = sandbox.plain(&ended.stderr);
    assert!(said.contains("warning: `api` answers `/healthz` with 404\n"), "{said}");
    assert!(
        said.contains("\n`api` answers `/healthz` with 404.\nhint: correct `http` in the `healthcheck` of `api`"),
        "{said}"
    );
}
