//! Services that listen, but not where they are declared.

use super::addresses::closed_connection;
use super::{Zoo, document, word};
use crate::sandbox::{eventually, port};

/// `api` listens on another port than it declares, which it never opens.
fn astray() -> (Zoo, u16) {
    let zoo = Zoo::new();
    let other = port();
    let declared = zoo.port;
    zoo.sandbox.write(
        "devtasks.toml",
        &format!(
            r#"
            [services.api]
            command = "SERVICE --listen 127.0.0.1:{other}"
            port = {declared}
            "#
        ),
    );
    (zoo, other)
}

#[test]
fn a_service_that_listens_elsewhere_than_declared_is_never_ready_and_the_report_says_where() {
    let (zoo, other) = astray();
    let up = zoo.command(&["up", "--timeout", "1500ms"]);
    assert_eq!(up.code, Some(4), "{up:?}");
    let said = zoo.named(&up.stderr).replace(&other.to_string(), "[other]");
    let expected = [
        "api is not ready after [time]: listens on [other], not on [port] as declared",
        "`api` listens on [other], not on [port] as declared.",
        "hint: make the command of `api` listen on [port], which it finds in `$PORT`",
        "hint: or declare `port = [other]` in devtasks.toml",
    ];
    for line in expected {
        assert!(said.lines().any(|told| told.trim() == line), "{line}\n\nin\n{said}");
    }

    let up = zoo.command(&["up", "--timeout", "1500ms", "--format", "json"]);
    let finding = up.stdout.lines().find(|line| line.contains(r#""event":"finding""#));
    let finding: serde_json::Value = serde_json::from_str(finding.unwrap()).unwrap();
    assert_eq!(finding["finding"]["code"], "port.mismatch", "{finding:#}");
}

#[test]
fn status_and_doctor_tell_where_a_service_really_listens() {
    let (mut zoo, other) = astray();
    // What lingers of a server that is gone listens no more.
    zoo.start("earlier", "--listen 127.0.0.1:PORT");
    closed_connection(zoo.port);
    zoo.kill("earlier");
    let up = zoo.sandbox.start(&["up"]);
    let status = || zoo.command(&["status", "--format", "json"]);
    let waits = "listens on [other], not on [port] as declared";
    let waiting_for = || {
        let service = &document(&status())["services"][0];
        let detail = service["waiting_for"][0].as_str().unwrap_or_default().to_owned();
        zoo.named(&detail).replace(&other.to_string(), "[other]")
    };
    eventually(|| format!("{:?}", status()), || waiting_for() == waits);
    let seen = document(&status());
    assert_eq!(seen["services"][0]["ports"][0]["ours"], false);
    assert_eq!(
        seen["services"][0]["ports"][0]["elsewhere"],
        serde_json::json!([format!("127.0.0.1:{other}")])
    );
    let table = zoo
        .named(&zoo.command(&["status"]).stdout)
        .replace(&other.to_string(), "[other]");
    assert!(table.contains("[port] (closed) listens on [other]"), "{table}");

    let doctor = zoo.command(&["doctor", "--format", "json"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    let findings = document(&doctor);
    let mut codes = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| word(&it["code"]));
    assert!(codes.any(|code| code == "port.mismatch"), "{findings:#}");
    up.interrupt();
    assert_eq!(up.wait().code, Some(130));
}
