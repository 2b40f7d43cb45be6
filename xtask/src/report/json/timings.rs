//! The JSON of `status --timings`, and of the event of `up --timings`. Times are milliseconds since `up` was called.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::report::json::{self, milliseconds};
use crate::supervise::State;
use crate::supervise::timings::{Outcome, ServiceTimings, Span, Timings};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    project: &'a str,
    checkout: &'a Path,
    timings: Option<StartDocument<'a>>,
}

/// Beside the time of the event.
#[derive(Serialize)]
struct Event<'a> {
    timings: StartDocument<'a>,
}

#[derive(Serialize)]
struct StartDocument<'a> {
    run: &'a str,
    began_at: Timestamp,
    outcome: Outcome,
    took: u64,
    preflight: Step,
    venvs: Option<Step>,
    services: Vec<ServiceDocument<'a>>,
    critical: &'a [String],
}

#[derive(Serialize)]
struct Step {
    from: u64,
    to: u64,
}

#[derive(Serialize)]
struct ServiceDocument<'a> {
    name: &'a str,
    task: bool,
    state: State,
    ran_before: bool,
    critical: bool,
    spans: Vec<SpanDocument<'a>>,
}

#[derive(Serialize)]
struct SpanDocument<'a> {
    state: State,
    from: u64,
    to: u64,
    waiting_for: &'a [String],
}

/// `status --timings`: one line.
pub(crate) fn document(project: &str, checkout: &Path, timings: Option<&Timings>) -> String {
    json::line(&Document {
        schema_version: json::SCHEMA_VERSION,
        project,
        checkout,
        timings: timings.map(StartDocument::from),
    })
}

/// An event of `up`: one line.
pub(crate) fn event(at: Timestamp, timings: &Timings) -> String {
    let timings = StartDocument::from(timings);
    json::line(&json::event(at, "timings", Event { timings }))
}

impl<'a> From<&'a Timings> for StartDocument<'a> {
    fn from(timings: &'a Timings) -> Self {
        let critical = &timings.critical;
        let service = |it: &'a ServiceTimings| ServiceDocument {
            name: &it.name,
            task: it.task,
            state: it.state,
            ran_before: it.ran_before,
            critical: critical.contains(&it.name),
            spans: it.spans.iter().map(SpanDocument::from).collect(),
        };
        StartDocument {
            run: &timings.run,
            began_at: timings.began,
            outcome: timings.outcome,
            took: milliseconds(timings.took),
            preflight: Step::from((Duration::ZERO, timings.preflight)),
            venvs: timings.venvs.map(Step::from),
            services: timings.services.iter().map(service).collect(),
            critical,
        }
    }
}

impl<'a> From<&'a Span> for SpanDocument<'a> {
    fn from(span: &'a Span) -> Self {
        SpanDocument {
            state: span.state,
            from: milliseconds(span.from),
            to: milliseconds(span.to),
            waiting_for: &span.waiting_for,
        }
    }
}

impl From<(Duration, Duration)> for Step {
    fn from((from, to): (Duration, Duration)) -> Self {
        Step {
            from: milliseconds(from),
            to: milliseconds(to),
        }
    }
}
