//! Values → text: every report in full, without colour unless a test enables it.

mod advice;
mod card;
mod failure;
mod help;
mod json;
mod ports;
mod problem;
mod reservations;
mod status;
mod timings;
mod why;
mod words;

use crate::expected::{Expected, dedent};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::card::RenderContext;
use super::paint::Paint;
use crate::config::Protocol;
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Exit, Hint, Place};
use crate::ports::{Endpoint, Finding, Owner, Role, SocketState, Subject};
use crate::process::ProcessInfo;
use crate::process::{Identity, ProcessRef, ProcessState, Repository};

/// Compares whole texts; `expected` may be indented.
#[track_caller]
fn check(seen: &str, expected: impl Expected) {
    assert!(seen.ends_with('\n'), "a report ends with a line break");
    expected.check(&dedent(seen));
    for line in seen.lines() {
        assert_eq!(line.trim_end(), line, "no blanks at the end of a line");
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The user kim, at ten o'clock.
pub(super) fn reader(width: usize) -> RenderContext<'static> {
    RenderContext {
        program: "cargo xtask",
        paint: Paint::new(false),
        now: time("2026-11-23T10:00:00Z"),
        home: Some(Path::new("/home/kim")),
        uid: 501,
        width,
    }
}

pub(super) fn place(line: usize, column: usize, width: usize, source: &str) -> Place {
    Place {
        file: Arc::new(PathBuf::from("devtasks.toml")),
        line,
        column,
        source: source.to_owned(),
        width,
        table: "[services.backend]".to_owned(),
    }
}

fn parent(pid: u32, name: &str) -> ProcessRef {
    ProcessRef { pid, name: name.into() }
}

/// A foreign server on port 8000, started two hours and 14 minutes ago.
fn owner() -> Owner {
    Owner {
        process: ProcessInfo {
            identity: Identity {
                boot: "boot".to_owned(),
                pid: 4242,
                start: 1,
            },
            name: "python3".into(),
            command: ["python", "-m", "http.server", "8000"]
                .map(str::to_owned)
                .to_vec()
                .into(),
            user: Some("kim".into()),
            uid: Some(501),
            cwd: Some(PathBuf::from("/home/kim/Downloads").into()),
            started_at: Some(time("2026-11-23T07:46:00Z")),
            state: ProcessState::Running,
            terminal: None,
            parents: vec![parent(991, "zsh"), parent(880, "tmux"), parent(1, "systemd")],
            children: 1,
            repository: None,
            tag: None,
            unit: None,
        },
        addresses: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000)],
        holds_by: SocketState::Listening,
        clients: vec![parent(4511, "Firefox")],
        role: Role::Server,
        sockets: Vec::new(),
        family: 4242,
        protected: None,
    }
}

/// The same server in another checkout, suspended.
fn suspended() -> Owner {
    Owner {
        process: ProcessInfo {
            command: "python -m uvicorn app:app --reload --port 8000"
                .split(' ')
                .map(str::to_owned)
                .collect::<Vec<String>>()
                .into(),
            state: ProcessState::Suspended,
            terminal: Some("pts/3".to_owned()),
            cwd: Some(PathBuf::from("/home/kim/code/shop-old/backend").into()),
            repository: Some(Repository {
                root: PathBuf::from("/home/kim/code/shop-old").into(),
                branch: Some("main".into()),
            }),
            ..owner().process
        },
        ..owner()
    }
}

fn busy(owners: Vec<Owner>) -> Finding {
    Diagnostic::new("port 8000 is taken by `python3` (pid 4242)")
        .code(Code::PortBusy(ConflictKind::Foreign))
        .exit(Exit::PortBusy)
        .at(&place(14, 8, 4, "port = 8000"))
        .hint(Hint::run("stop it with", "port kill 8000"))
        .hint(Hint::run_after(
            "or give `backend` another port:",
            "BACKEND_PORT=8001 ",
            "up",
        ))
        .about(Subject {
            service: Some("backend".to_owned()),
            port: Some(Endpoint {
                number: 8000,
                host: None,
                protocol: Protocol::Tcp,
            }),
            owners,
        })
}
