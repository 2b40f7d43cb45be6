//! The JSON interface: one struct per shape, with fields in the documented order; unknown values are `null`.

mod export;
mod port_commands;
mod proposal;
mod status;
mod timings;
mod venvs;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::ser::Formatter;

use super::cause;
use super::doctor::Results;
use crate::config::Protocol;
use crate::diagnostic::{Diagnostic, Exit, Hint, Level, Place};
use crate::foreign::{Foreign, steers};
use crate::ports;
use crate::ports::{Endpoint, Role, SocketState, Subject};
use crate::process::ProcessState;
use crate::process::container::Runtime;
use crate::protocol::ObservedService;
use crate::supervise::{Cause, ChangedFiles, State};
pub(crate) use export::exported;
pub(crate) use port_commands::{
    FreePort, Kill, KillResult, Listing, Wait, Who, kill_port, listed_port, wait_port, who_port,
};
pub(crate) use proposal::proposal;
pub(crate) use status::{ExitDocument, ServiceDocument, status};
pub(crate) use timings::{document as timings, event as timings_event};
pub(crate) use venvs::{VenvCommands, VenvDocument, VenvPreview, Venvs};

pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Times of documents.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// `doctor`.
#[derive(Serialize)]
struct Doctor<'a> {
    schema_version: u32,
    project: Option<&'a str>,
    checkout: Option<&'a Path>,
    ok: bool,
    findings: Vec<Finding>,
}

/// The document of `doctor`.
pub(crate) fn doctor(results: &Results<'_>, program: &str) -> String {
    let problems = results.problems.iter().map(|it| problem(it, program));
    let findings = results.findings.iter().map(|it| finding(it, program));
    line(&Doctor {
        schema_version: SCHEMA_VERSION,
        project: results.project(),
        checkout: results.checkout,
        ok: results.is_ok(),
        findings: problems.chain(findings).collect(),
    })
}

#[derive(Serialize)]
pub(crate) struct Finding {
    code: &'static str,
    level: &'static str,
    service: Option<String>,
    message: String,
    hints: Vec<String>,
    at: Option<At>,
    port: Option<Port>,
    owners: Vec<Owner>,
}

#[derive(Serialize)]
struct At {
    file: PathBuf,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Port {
    number: u16,
    host: String,
    protocol: Protocol,
}

#[derive(Serialize)]
pub(crate) struct Owner {
    pid: u32,
    name: Foreign,
    command: Foreign<Vec<String>>,
    user: Option<Foreign>,
    uid: Option<u32>,
    cwd: Option<Foreign>,
    started_at: Option<Timestamp>,
    state: &'static str,
    addresses: Vec<String>,
    holds_by: &'static str,
    parents: Vec<Parent>,
    children: usize,
    clients: usize,
    project: Option<Foreign>,
    service: Option<Foreign>,
    checkout: Option<Foreign>,
    run: Option<Foreign>,
    container: Option<Container>,
    unit: Option<Foreign>,
    protected: Option<String>,
}

/// Unknown fields are `null`.
#[derive(Serialize)]
struct Container {
    runtime: Option<&'static str>,
    id: Option<Foreign>,
    name: Option<Foreign>,
    project: Option<Foreign>,
    service: Option<Foreign>,
}

#[derive(Serialize)]
struct Parent {
    pid: u32,
    name: Foreign,
}

/// One line of the output of `up`, `down` and similar commands.
#[derive(Serialize)]
pub(crate) struct JsonEvent<T> {
    pub(crate) schema_version: u32,
    pub(crate) at: Timestamp,
    pub(crate) event: &'static str,
    #[serde(flatten)]
    pub(crate) what: T,
}

#[derive(Serialize)]
pub(crate) struct StateChange<'a> {
    pub(crate) service: &'a str,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<String>,
    /// The files whose change restarts it.
    pub(crate) changed: Option<&'a ChangedFiles>,
}

#[derive(Serialize)]
pub(crate) struct LogLine<'a> {
    pub(crate) service: &'a str,
    pub(crate) stream: StreamName,
    pub(crate) line: &'a str,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamName {
    Stdout,
    Stderr,
}

#[derive(Serialize)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
}

#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    pub(crate) ok: bool,
    pub(crate) exit: u8,
    pub(crate) services: Vec<ServiceDocument<'a>>,
}

/// One line of JSON with its line break. All JSON output is produced here.
pub(crate) fn line(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Harmless);
    value.serialize(&mut serializer).expect("reports are plain data");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is text")
}

/// Writes every character that controls a terminal or reorders text as an escape such as `\u009b`, so that JSON is safe
/// to display. serde_json itself escapes only C0.
///
/// Source: RFC 8259, 7: any character may be escaped, one beyond U+FFFF as two UTF-16 units.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> std::io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(steers) {
            let (plain, letters) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let letter = letters.chars().next().expect("it was found there");
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &letters[letter.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

pub(crate) fn event<T>(at: Timestamp, event: &'static str, what: T) -> JsonEvent<T> {
    JsonEvent {
        schema_version: SCHEMA_VERSION,
        at,
        event,
        what,
    }
}

pub(crate) fn summary(exit: Exit, services: &[ObservedService]) -> Summary<'_> {
    Summary {
        ok: exit == Exit::Done,
        exit: exit.code(),
        services: services.iter().map(ServiceDocument::from).collect(),
    }
}

pub(crate) fn state_change<'a>(
    service: &'a str,
    state: State,
    pid: Option<u32>,
    why: Option<&'a Cause>,
) -> StateChange<'a> {
    StateChange {
        service,
        state,
        pid,
        cause: why.map(cause::cause),
        changed: match why {
            Some(Cause::FilesChanged(files)) => Some(files),
            _ => None,
        },
    }
}

/// `program` is the name of this program as the user called it.
pub(crate) fn finding(finding: &ports::Finding, program: &str) -> Finding {
    let subject = &finding.subject;
    Finding {
        code: finding.code.name(),
        level: level(finding.level),
        service: subject.service.clone(),
        message: finding.message.clone(),
        hints: hints(&finding.hints, program),
        at: finding.place.as_ref().map(At::from),
        port: subject.port.map(Port::from),
        owners: subject.owners.iter().map(Owner::from).collect(),
    }
}

/// A problem that stops a command is reported as a finding too: a missing variable, an invalid file.
pub(crate) fn problem(problem: &Diagnostic, program: &str) -> Finding {
    finding(&problem.clone().about(Subject::default()), program)
}

pub(crate) fn hints(hints: &[Hint], program: &str) -> Vec<String> {
    hints.iter().map(|hint| hint.render(program)).collect()
}

impl From<&Place> for At {
    fn from(place: &Place) -> Self {
        At {
            file: place.file.to_path_buf(),
            line: place.line,
            column: place.column,
        }
    }
}

impl From<Endpoint> for Port {
    fn from(port: Endpoint) -> Self {
        let host = port
            .host
            .map_or_else(|| "127.0.0.1".to_owned(), |host| host.to_string());
        Port {
            number: port.number,
            host,
            protocol: port.protocol,
        }
    }
}

impl From<&ports::Owner> for Owner {
    fn from(owner: &ports::Owner) -> Self {
        let tag = owner.process.tag.as_ref();
        Owner {
            pid: owner.process.identity.pid,
            name: owner.process.name.clone(),
            command: owner.process.command.clone(),
            user: owner.process.user.clone(),
            uid: owner.process.uid,
            cwd: owner.process.cwd.as_ref().map(lossy),
            started_at: owner.process.started_at,
            state: match owner.process.state {
                ProcessState::Running => "running",
                ProcessState::Suspended => "suspended",
                ProcessState::Zombie => "zombie",
            },
            addresses: owner.addresses.iter().map(ToString::to_string).collect(),
            holds_by: match owner.holds_by {
                SocketState::Listening => "listening",
                SocketState::Bound => "bound",
                SocketState::Connection | SocketState::TimeWait { .. } => "connection",
            },
            parents: owner
                .process
                .parents
                .iter()
                .map(|it| Parent {
                    pid: it.pid,
                    name: it.name.clone(),
                })
                .collect(),
            children: owner.process.children,
            clients: owner.clients.len(),
            project: tag.map(|tag| tag.project.clone()),
            service: tag.map(|tag| tag.service.clone()),
            checkout: tag.map(|tag| lossy(&tag.checkout)),
            run: tag.map(|tag| tag.run.clone()),
            container: match &owner.role {
                Role::Container(container) => Some(Container {
                    runtime: container.runtime.map(Runtime::command),
                    id: container.id.clone(),
                    name: container.name.clone(),
                    project: container.project.clone(),
                    service: container.service.clone(),
                }),
                Role::Server | Role::Managed(_) | Role::Tunnel(_) => None,
            },
            unit: match &owner.role {
                Role::Managed(manager) => manager.name.clone(),
                Role::Server | Role::Container(_) | Role::Tunnel(_) => owner.process.unit.clone(),
            },
            protected: owner.protected.clone(),
        }
    }
}

/// JSON strings are text, so a path that is not UTF-8 loses information.
fn lossy(path: &Foreign<PathBuf>) -> Foreign {
    path.raw().to_string_lossy().into_owned().into()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Unknown => "unknown",
        Level::Warn => "warn",
        Level::Fail => "fail",
    }
}
