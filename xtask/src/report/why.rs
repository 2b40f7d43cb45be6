//! The output of `why`: the reason for the state of a service, as text or JSON.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::failure::log_excerpt;
use super::json::ExitDocument;
use super::paint::Paint;
use super::problem::hints;
use super::status::in_colour;
use super::{cause, json, words};
use crate::diagnostic::Hint;
use crate::foreign::visible;
use crate::plan::Restart;
use crate::protocol::{HealthStatus, LastRestart, ProbeRecord, ServiceStatus};
use crate::supervise::State;

/// All that is known about one service.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    pub(crate) project: String,
    pub(crate) checkout: PathBuf,
    /// `None` if no stack is running.
    pub(crate) run: Option<String>,
    /// The run that is over, if this is how the service ended in it.
    pub(crate) last_run: Option<String>,
    pub(crate) service: ServiceStatus,
    /// Results of its probes, oldest first.
    pub(crate) answers: Vec<ProbeRecord>,
    /// The reason for the state or for the last exit.
    pub(crate) reason: Option<Reason>,
    pub(crate) restart: Restart,
    pub(crate) next_try_at: Option<Timestamp>,
    /// The current holder of a port that the service could not get.
    pub(crate) now: Vec<String>,
    pub(crate) hints: Vec<Hint>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reason {
    /// The code of the diagnosis, as `explain` takes it.
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    /// Lines of its log.
    pub(crate) evidence: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    project: &'a str,
    checkout: &'a Path,
    run: Option<&'a str>,
    last_run: Option<&'a str>,
    name: &'a str,
    state: State,
    pid: Option<u32>,
    since: Option<Timestamp>,
    waiting_for: &'a [String],
    answers: Vec<Answer<'a>>,
    exit: Option<ExitDocument>,
    reason: Option<&'a Reason>,
    restart: &'static str,
    restarts: u32,
    restarted: Option<&'a LastRestart>,
    next_try_at: Option<Timestamp>,
    now: &'a [String],
    hints: Vec<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    at: Timestamp,
    /// Number of consecutive equal results.
    times: u32,
    status: HealthStatus,
    detail: &'a str,
}

/// One line of JSON.
pub(crate) fn json(why: &Why, program: &str) -> String {
    let service = &why.service;
    fn answer(it: &ProbeRecord) -> Answer<'_> {
        Answer {
            at: it.at,
            times: it.times,
            status: match it.probed.passed {
                true => HealthStatus::Ok,
                false => HealthStatus::Failing,
            },
            detail: &it.probed.detail,
        }
    }
    json::line(&Document {
        schema_version: json::SCHEMA_VERSION,
        project: &why.project,
        checkout: &why.checkout,
        run: why.run.as_deref(),
        last_run: why.last_run.as_deref(),
        name: &service.name,
        state: service.state,
        pid: service.pid,
        since: service.since,
        waiting_for: &service.waiting_for,
        answers: why.answers.iter().map(answer).collect(),
        exit: service.exit.as_ref().map(ExitDocument::from),
        reason: why.reason.as_ref(),
        restart: why.restart.name(),
        restarts: service.restarts,
        restarted: service.restarted.as_ref(),
        next_try_at: why.next_try_at,
        now: &why.now,
        hints: json::hints(&why.hints, program),
    })
}

/// The text; ends with a line break.
pub(crate) fn text(why: &Why, now: Timestamp, program: &str, paint: Paint) -> String {
    let service = &why.service;
    let ago = |at: Timestamp| words::duration(Duration::try_from(now.duration_since(at)).unwrap_or_default());
    let state = in_colour(service.state, service.state.name(), paint);
    let mut text = format!("{}  {state}", paint.bold(&service.name));
    if let Some(since) = service.since {
        text.push_str(&format!("  since {}", ago(since)));
    }
    if let Some(pid) = service.pid {
        text.push_str(&format!("  (pid {pid})"));
    }
    text.push_str("\n\n");
    let mut line = |name: &str, what: &str| {
        let name = paint.dim(&format!("{name:<10}"));
        text.push_str(&format!("  {name}  {}\n", visible(what)));
    };
    if why.run.is_none() {
        let last = why.last_run.as_ref().map_or("", |_| "; this is how its last run ended");
        line("run", &format!("nothing of `{}` is running{last}", why.project));
    }
    if !service.waiting_for.is_empty() {
        line("waits for", &service.waiting_for.join(", "));
    }
    if let Some(reason) = &why.reason {
        line("reason", &reason.message);
    }
    for (at, fact) in why.now.iter().enumerate() {
        line(if at == 0 { "now" } else { "" }, fact);
    }
    for (at, answer) in why.answers.iter().enumerate() {
        let verdict = if answer.probed.passed { "passed" } else { "failed" };
        let times = if answer.times == 1 {
            String::new()
        } else {
            format!(", {} times", answer.times)
        };
        let detail = match answer.probed.detail.as_str() {
            "" => String::new(),
            detail => format!(": {detail}"),
        };
        let what = format!("{verdict}{times}, last {} ago{detail}", ago(answer.at));
        line(if at == 0 { "health" } else { "" }, &what);
    }
    if let Some(exit) = &service.exit {
        let how = cause::status(exit.status);
        let why = exit.cause.as_ref().and_then(cause::beyond_status);
        let why = why.map(|cause| format!(": {cause}")).unwrap_or_default();
        line("last exit", &format!("{how}, {} ago{why}", ago(exit.at)));
    }
    if let Some(restarted) = &service.restarted {
        let what = cause::files_changed(&restarted.files);
        line("restarted", &format!("{} ago: {what}", ago(restarted.at)));
    }
    // Nobody counts the restarts of a run that is over.
    if why.run.is_some() && (why.restart != Restart::No || service.restarts > 0) {
        let policy = why.restart.name();
        line("restarts", &format!("{} (`restart = \"{policy}\"`)", service.restarts));
    }
    if let Some(at) = why.next_try_at {
        let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        line("next try", &format!("in {}", words::duration(pause)));
    }
    if let Some(reason) = &why.reason {
        text.push_str(&log_excerpt(&reason.evidence));
    }
    text.push_str(&hints(&why.hints, program, paint));
    // A state without explanation has no lines below it.
    format!("{}\n", text.trim_end())
}
