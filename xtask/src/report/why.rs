//! Why a service is in its state: a few lines for people, a document for programs.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::failure::log_excerpt;
use super::paint::Paint;
use super::problem::rendered_hints;
use super::status::{Ended, HealthStatus, in_colour};
use super::{cause, words};
use crate::foreign::visible;
use crate::supervise::{ExitStatus, State};

#[derive(Debug, Clone, Serialize)]
pub(crate) struct WhyDocument {
    pub(crate) schema_version: u32,
    pub(crate) project: String,
    pub(crate) checkout: String,
    /// `None`: nothing runs.
    pub(crate) run: Option<String>,
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) waiting_for: Vec<String>,
    /// What its probes said, the oldest first.
    pub(crate) answers: Vec<Answer>,
    /// How its process ended last.
    pub(crate) exit: Option<Ended>,
    /// What led to the state, or to the last exit.
    pub(crate) reason: Option<Reason>,
    /// The policy.
    pub(crate) restart: &'static str,
    pub(crate) restarts: u32,
    pub(crate) next_try_at: Option<Timestamp>,
    /// What has become of a port that it did not get.
    pub(crate) now: Vec<String>,
    pub(crate) hints: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answer {
    pub(crate) at: Timestamp,
    /// So often in a row.
    pub(crate) times: u32,
    pub(crate) status: HealthStatus,
    pub(crate) detail: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reason {
    pub(crate) message: String,
    /// Lines of its log.
    pub(crate) evidence: Vec<String>,
}

/// Ends with a line break.
pub(crate) fn text(why: &WhyDocument, now: Timestamp, paint: Paint) -> String {
    let ago = |at: Timestamp| words::duration(Duration::try_from(now.duration_since(at)).unwrap_or_default());
    let state = in_colour(why.state, why.state.name(), paint);
    let mut text = format!("{}  {state}", paint.bold(&why.name));
    if let Some(since) = why.since {
        text.push_str(&format!("  since {}", ago(since)));
    }
    if let Some(pid) = why.pid {
        text.push_str(&format!("  (pid {pid})"));
    }
    text.push_str("\n\n");
    let mut line = |name: &str, what: &str| {
        let name = paint.dim(&format!("{name:<10}"));
        text.push_str(&format!("  {name}  {}\n", visible(what)));
    };
    if why.run.is_none() {
        line("run", &format!("nothing of `{}` is running", why.project));
    }
    if !why.waiting_for.is_empty() {
        line("waits for", &why.waiting_for.join(", "));
    }
    if let Some(reason) = &why.reason {
        line("reason", &reason.message);
    }
    for (at, fact) in why.now.iter().enumerate() {
        line(if at == 0 { "now" } else { "" }, fact);
    }
    for (at, answer) in why.answers.iter().enumerate() {
        let verdict = if answer.status == HealthStatus::Ok {
            "passed"
        } else {
            "failed"
        };
        let times = if answer.times == 1 {
            String::new()
        } else {
            format!(", {} times", answer.times)
        };
        let detail = match answer.detail.as_str() {
            "" => String::new(),
            detail => format!(": {detail}"),
        };
        let what = format!("{verdict}{times}, last {} ago{detail}", ago(answer.at));
        line(if at == 0 { "health" } else { "" }, &what);
    }
    if let Some(exit) = &why.exit {
        let how = cause::status(ExitStatus {
            code: exit.code,
            signal: exit.signal,
        });
        let why = exit.cause.as_ref().filter(|cause| **cause != how);
        let why = why.map(|cause| cause.strip_prefix(&format!("{how}: ")).unwrap_or(cause));
        let why = why.map(|cause| format!(": {cause}")).unwrap_or_default();
        line("last exit", &format!("{how}, {} ago{why}", ago(exit.at)));
    }
    if why.restart != "no" || why.restarts > 0 {
        line(
            "restarts",
            &format!("{} (`restart = \"{}\"`)", why.restarts, why.restart),
        );
    }
    if let Some(at) = why.next_try_at {
        let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        line("next try", &format!("in {}", words::duration(pause)));
    }
    if let Some(reason) = &why.reason {
        text.push_str(&log_excerpt(&reason.evidence));
    }
    text.push_str(&rendered_hints(&why.hints, paint));
    // A state that explains itself has nothing below it.
    format!("{}\n", text.trim_end())
}
