//! Complete JSON documents: fields, order, nulls.

use super::failure::ended;
use super::{busy, check, owner, place, status, suspended, time};
use crate::config::Protocol;
use crate::diagnostic::{Code, Diagnostic, Exit, Level};
use crate::ports::{BindProbe, BindResult, Endpoint, Finding, Owner, PortFact, SocketState, Subject};
use crate::process::ProcessInfo;
use crate::process::{ProcessState, Tag};
use crate::report::doctor::Results;
use crate::report::json::{self, Found, LogLine, StreamName, Who};
use crate::supervise::{Cause, State};
use expect_test::expect;
use std::path::PathBuf;

#[test]
fn a_finding_holds_all_that_is_known_of_an_owner() {
    let tagged = Owner {
        process: ProcessInfo {
            tag: Some(Tag {
                project: "shop".into(),
                service: "api".into(),
                checkout: PathBuf::from("/home/kim/old").into(),
                run: "r1".into(),
            }),
            unit: Some("redis.service".into()),
            ..suspended().process
        },
        protected: Some("it is an init system".to_owned()),
        ..suspended()
    };
    let results = Results {
        findings: &[busy(vec![tagged])],
        ..Results::unreadable(&[], Some("/home/kim/shop".as_ref()))
    };
    check(
        &json::doctor(&results, "cargo xtask"),
        expect![[
            r#"{"schema_version":1,"project":null,"checkout":"/home/kim/shop","ok":false,"findings":[{"code":"port.busy.foreign","level":"fail","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":["stop it with `cargo xtask port kill 8000`","or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"],"at":{"file":"devtasks.toml","line":14,"column":8},"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[{"pid":4242,"name":"python3","command":["python","-m","uvicorn","app:app","--reload","--port","8000"],"user":"kim","uid":501,"cwd":"/home/kim/code/shop-old/backend","started_at":"2026-11-23T07:46:00Z","state":"suspended","addresses":["127.0.0.1:8000"],"holds_by":"listening","parents":[{"pid":991,"name":"zsh"},{"pid":880,"name":"tmux"},{"pid":1,"name":"systemd"}],"children":1,"clients":1,"project":"shop","service":"api","checkout":"/home/kim/old","run":"r1","container":null,"unit":"redis.service","protected":"it is an init system"}]}]}"#
        ]],
    );
}

#[test]
fn unknown_fields_are_null() {
    let unknown = Owner {
        process: ProcessInfo {
            command: Vec::new().into(),
            user: None,
            uid: None,
            cwd: None,
            started_at: None,
            state: ProcessState::Zombie,
            parents: Vec::new(),
            ..owner().process
        },
        addresses: Vec::new(),
        holds_by: SocketState::Connection,
        clients: Vec::new(),
        ..owner()
    };
    let finding = Finding {
        level: Level::Unknown,
        hints: Vec::new(),
        place: None,
        subject: Subject {
            owners: vec![unknown],
            ..Subject::default()
        },
        ..busy(Vec::new())
    };
    check(
        &json::line(&json::finding(&finding, "cargo xtask")),
        expect![[
            r#"{"code":"port.busy.foreign","level":"unknown","service":null,"message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":null,"owners":[{"pid":4242,"name":"python3","command":[],"user":null,"uid":null,"cwd":null,"started_at":null,"state":"zombie","addresses":[],"holds_by":"connection","parents":[],"children":1,"clients":0,"project":null,"service":null,"checkout":null,"run":null,"container":null,"unit":null,"protected":null}]}"#
        ]],
    );
}

#[test]
fn levels_have_names() {
    let levels = [Level::Ok, Level::Warn, Level::Fail, Level::Unknown].map(|level| {
        let finding = Finding {
            level,
            hints: Vec::new(),
            place: None,
            ..busy(Vec::new())
        };
        json::line(&json::finding(&finding, "cargo xtask"))
    });
    check(
        &levels.concat(),
        expect![[r#"
            {"code":"port.busy.foreign","level":"ok","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[]}
            {"code":"port.busy.foreign","level":"warn","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[]}
            {"code":"port.busy.foreign","level":"fail","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[]}
            {"code":"port.busy.foreign","level":"unknown","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[]}"#]],
    );
}

#[test]
fn a_problem_is_a_finding() {
    let coded = Diagnostic::new("variable `A` is not set")
        .at(&place(3, 8, 1, "x"))
        .hint("set `A`")
        .code(Code::EnvMissing);
    check(
        &json::line(&json::problem(&coded, "cargo xtask")),
        expect![[
            r#"{"code":"env.missing","level":"fail","service":null,"message":"variable `A` is not set","hints":["set `A`"],"at":{"file":"devtasks.toml","line":3,"column":8},"port":null,"owners":[]}"#
        ]],
    );
    check(
        &json::line(&json::problem(&Diagnostic::new("it is wrong"), "cargo xtask")),
        expect![[
            r#"{"code":"config","level":"fail","service":null,"message":"it is wrong","hints":[],"at":null,"port":null,"owners":[]}"#
        ]],
    );
}

#[test]
fn port_who_says_where_one_could_bind() {
    let probe = |address: &str, answer| BindProbe {
        address: address.parse().unwrap(),
        answer,
    };
    let fact = PortFact {
        probes: vec![
            probe("127.0.0.1", BindResult::Busy),
            probe("0.0.0.0", BindResult::Denied),
            probe("::1", BindResult::Free),
            probe("::", BindResult::FreeIfReused),
            probe("10.0.0.7", BindResult::NoAddress),
        ],
        owners: Vec::new(),
        ..PortFact::default()
    };
    let port = Endpoint {
        number: 5353,
        host: None,
        protocol: Protocol::Udp,
    };
    let document = Who {
        schema_version: 1,
        ports: vec![json::who_port(&fact, &busy(Vec::new()), port, "cargo xtask")],
    };
    check(
        &json::line(&document),
        expect![[
            r#"{"schema_version":1,"ports":[{"number":5353,"protocol":"udp","code":"port.busy.foreign","bindable":{"0.0.0.0":false,"10.0.0.7":null,"127.0.0.1":false,"::":true,"::1":true},"owners":[],"hints":["stop it with `cargo xtask port kill 8000`","or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"]}]}"#
        ]],
    );
}

#[test]
fn status_is_one_document() {
    let mut shop = status::shop();
    shop.services.truncate(1);
    shop.services[0].status.exit = Some(status::exit("09:50:00.5", ended(None, Some(9), "")));
    check(
        &json::status(&shop),
        expect![[
            r#"{"schema_version":1,"project":"shop","checkout":"/home/kim/shop","run":"r1","supervisor":{"pid":100,"mode":"foreground","started_at":"2026-11-23T09:46:00Z"},"services":[{"name":"db","state":"ready","pid":4240,"since":"2026-11-23T09:46:00Z","restarts":0,"exit":{"code":null,"signal":9,"cause":"killed by SIGKILL: sent by another process or the kernel","at":"2026-11-23T09:50:00.5Z"},"ports":[{"name":"main","number":6390,"listening":true,"ours":true,"clients":2,"elsewhere":[],"declared":6390}],"health":{"status":"ok","detail":"0.2 ms"},"waiting_for":[],"task":false}],"log_export":[]}"#
        ]],
    );
    shop.services.clear();
    shop.record = None;
    check(
        &json::status(&shop),
        expect![[
            r#"{"schema_version":1,"project":"shop","checkout":"/home/kim/shop","run":null,"supervisor":null,"services":[],"log_export":[]}"#
        ]],
    );
}

#[test]
fn events_are_a_line_each() {
    let at = time("2026-11-23T08:00:00.123Z");
    let why = Cause::Dependency { name: "db".to_owned() };
    let state = json::state_change("backend", State::Failed, None, Some(&why));
    let ready = json::state_change("backend", State::Ready, Some(4243), None);
    let log = LogLine {
        service: "backend",
        stream: StreamName::Stderr,
        line: "a \"b\"",
    };
    let found = Found {
        finding: json::finding(
            &Finding {
                place: None,
                hints: Vec::new(),
                ..busy(Vec::new())
            },
            "cargo xtask",
        ),
    };
    let text = json::line(&json::event(at, "state", state))
        + &json::line(&json::event(at, "state", ready))
        + &json::line(&json::event(at, "log", log))
        + &json::line(&json::event(at, "finding", found))
        + &json::line(&json::event(at, "summary", json::summary(Exit::Done, &[])))
        + &json::line(&json::event(
            at,
            "summary",
            json::summary(Exit::PortBusy, &status::shop().services[..1]),
        ));
    check(
        &text,
        expect![[r#"
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"state","service":"backend","state":"failed","pid":null,"cause":"its dependency `db` did not come up","changed":null}
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"state","service":"backend","state":"ready","pid":4243,"cause":null,"changed":null}
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"log","service":"backend","stream":"stderr","line":"a \"b\""}
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"finding","finding":{"code":"port.busy.foreign","level":"fail","service":"backend","message":"port 8000 is taken by `python3` (pid 4242)","hints":[],"at":null,"port":{"number":8000,"host":"127.0.0.1","protocol":"tcp"},"owners":[]}}
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"summary","ok":true,"exit":0,"services":[]}
            {"schema_version":1,"at":"2026-11-23T08:00:00.123Z","event":"summary","ok":false,"exit":3,"services":[{"name":"db","state":"ready","pid":4240,"since":"2026-11-23T09:46:00Z","restarts":0,"exit":null,"ports":[{"name":"main","number":6390,"listening":true,"ours":true,"clients":2,"elsewhere":[],"declared":6390}],"health":{"status":"ok","detail":"0.2 ms"},"waiting_for":[],"task":false}]}"#]],
    );
}

#[test]
fn every_state_has_the_name_of_the_contract() {
    let states = [
        State::Waiting,
        State::Starting,
        State::Ready,
        State::Unhealthy,
        State::Stopping,
        State::Exited,
        State::Failed,
        State::Stopped,
    ];
    let names: String = states
        .iter()
        .map(|state| format!("{} {}", state.name(), json::line(state)))
        .collect();
    check(
        &names,
        expect![[r#"
            waiting "waiting"
            starting "starting"
            ready "ready"
            unhealthy "unhealthy"
            stopping "stopping"
            exited "exited"
            failed "failed"
            stopped "stopped""#]],
    );
}

#[test]
fn json_escapes_control_characters_and_is_read_back_whole() {
    let said = "\x1b[2J\x07\x7f\u{80}\u{9b}31m\u{202e}\u{200b}\u{e0041} \"日本\" \\ 🚀";
    let document = json::line(&[said]);
    assert_eq!(
        document,
        "[\"\\u001b[2J\\u0007\\u007f\\u0080\\u009b31m\\u202e\\u200b\\udb40\\udc41 \\\"日本\\\" \\\\ 🚀\"]\n"
    );
    assert_eq!(serde_json::from_str::<[String; 1]>(&document).unwrap(), [said]);
}
