//! The JSON of `status` and `why`, and the parts shared with the last line of `up`.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::protocol::{HealthReport, LastExit, LogExportStatus, ObservedService, PortStatus, RunStatus};
use crate::report::{cause, json};
use crate::supervise::State;

#[derive(Serialize)]
struct StatusDocument<'a> {
    schema_version: u32,
    project: &'a str,
    checkout: &'a Path,
    run: Option<&'a str>,
    supervisor: Option<Supervisor>,
    services: Vec<ServiceDocument<'a>>,
    log_export: &'a [LogExportStatus],
}

#[derive(Serialize)]
struct Supervisor {
    pid: u32,
    mode: &'static str,
    started_at: Timestamp,
}

#[derive(Serialize)]
pub(crate) struct ServiceDocument<'a> {
    name: &'a str,
    state: State,
    pid: Option<u32>,
    since: Option<Timestamp>,
    restarts: u32,
    exit: Option<ExitDocument>,
    ports: &'a [PortStatus],
    health: &'a HealthReport,
    waiting_for: &'a [String],
    /// Runs to completion: exit code 0 is as good as ready.
    task: bool,
}

/// How a process ended.
#[derive(Serialize)]
pub(crate) struct ExitDocument {
    code: Option<i32>,
    signal: Option<i32>,
    cause: Option<String>,
    at: Timestamp,
}

impl From<&LastExit> for ExitDocument {
    fn from(exit: &LastExit) -> Self {
        ExitDocument {
            code: exit.status.code,
            signal: exit.status.signal,
            cause: exit.cause.as_ref().map(cause::cause),
            at: exit.at,
        }
    }
}

impl<'a> From<&'a ObservedService> for ServiceDocument<'a> {
    fn from(service: &'a ObservedService) -> Self {
        let ObservedService { status, ports, health } = service;
        ServiceDocument {
            name: &status.name,
            state: status.state,
            pid: status.pid,
            since: status.since,
            restarts: status.restarts,
            exit: status.exit.as_ref().map(ExitDocument::from),
            ports,
            health,
            waiting_for: &status.waiting_for,
            task: status.task,
        }
    }
}

/// `status`: one line.
pub(crate) fn status(status: &RunStatus) -> String {
    let record = status.record.as_ref();
    json::line(&StatusDocument {
        schema_version: json::SCHEMA_VERSION,
        project: &status.project,
        checkout: &status.checkout,
        run: record.map(|record| record.run.as_str()),
        supervisor: record.map(|record| Supervisor {
            pid: record.supervisor.pid,
            mode: record.mode.name(),
            started_at: record.started_at,
        }),
        services: status.services.iter().map(ServiceDocument::from).collect(),
        log_export: &status.log_export,
    })
}
