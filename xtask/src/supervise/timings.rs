//! [`Timings`]: how long a start took, and why. Made once for each start, from the times at which its services entered
//! their states.

mod chain;
mod track;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Elapsed, State};
use chain::critical_chain;
pub(crate) use track::Track;

/// What `up` did before it asked for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// When `up` was called.
    pub(crate) began: Timestamp,
    /// From when to when it made and filled venvs, if it did.
    pub(crate) venvs: Option<(Timestamp, Timestamp)>,
}

/// One start, from the call of `up` until everything was ready or something had failed. Times count from the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timings {
    /// The id of the run.
    pub(crate) run: String,
    pub(crate) began: Timestamp,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
    /// When preflight was over, and the start was asked for.
    pub(crate) preflight: Duration,
    /// From when to when preflight made and filled venvs, if it did.
    pub(crate) venvs: Option<(Duration, Duration)>,
    /// In start order.
    pub(crate) services: Vec<ServiceTimings>,
    /// The dependencies that ended last, each of which waited for the one before.
    pub(crate) critical: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ready,
    Failed,
    /// It was stopped before everything was ready.
    Stopped,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceTimings {
    pub(crate) name: String,
    pub(crate) task: bool,
    /// The state at the end of the start.
    pub(crate) state: State,
    /// It was up before the start.
    pub(crate) ran_before: bool,
    /// Without gaps, up to the end of the start; none while nothing of it ran or waited to run.
    pub(crate) spans: Vec<Span>,
}

/// A time in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) state: State,
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    /// While it waits: the dependencies that were missing when that began, in the order in which they came.
    pub(crate) waiting_for: Vec<String>,
}

impl ServiceTimings {
    /// How long it was starting.
    pub(crate) fn starting(&self) -> Duration {
        let starting = self.spans.iter().filter(|span| span.state == State::Starting);
        starting.map(|span| span.to - span.from).sum()
    }

    /// What it waited for last, which decided when it could start.
    pub(crate) fn waited_for(&self) -> Option<&str> {
        let mut waits = self.spans.iter().filter_map(|span| span.waiting_for.last());
        waits.next_back().map(String::as_str)
    }
}

/// The timings of a start that was requested at `requested`, `preflight` after `up` began; `None` if it changed nothing.
/// `services` are those of the start, in start order, each with its states up to now.
pub(crate) fn timings(
    run: &str,
    prepared: &Prepared,
    preflight: Duration,
    requested: Elapsed,
    services: &[Track<'_>],
) -> Option<Timings> {
    if services.iter().all(|service| service.since(requested).is_empty()) {
        return None;
    }
    let (outcome, end) = end(requested, services);
    // A failure stops the others a moment before it is announced.
    let services: Vec<Track<'_>> = match outcome {
        Outcome::Failed => services.iter().map(Track::without_stop).collect(),
        Outcome::Ready | Outcome::Stopped => services.to_vec(),
    };
    let shifted = |at: Elapsed| preflight + at.saturating_sub(requested);
    let spans = |service: &Track<'_>| {
        let mut spans = service.spans(requested, end, &services);
        for span in &mut spans {
            (span.from, span.to) = (shifted(span.from), shifted(span.to));
        }
        spans
    };
    let since = |at: Timestamp| Duration::try_from(at.duration_since(prepared.began)).unwrap_or_default();
    Some(Timings {
        run: run.to_owned(),
        began: prepared.began,
        took: shifted(end),
        outcome,
        preflight,
        venvs: prepared.venvs.map(|(from, to)| (since(from), since(to))),
        services: services
            .iter()
            .map(|service| ServiceTimings {
                name: service.name.to_owned(),
                task: service.task,
                state: service.state_at(end),
                ran_before: service.before(requested).is_some_and(is_there),
                spans: spans(service),
            })
            .collect(),
        critical: critical_chain(requested, end, &services),
    })
}

/// How the start ended, and when: with the first failure, or else with the first stop, or else with the last arrival.
fn end(requested: Elapsed, services: &[Track<'_>]) -> (Outcome, Elapsed) {
    let first = |state: State| services.iter().filter_map(|it| it.left_for(requested, state)).min();
    let arrivals = services.iter().filter_map(|it| it.arrival(requested));
    let ready = (Outcome::Ready, arrivals.max().unwrap_or(requested));
    let failed = first(State::Failed).map(|at| (Outcome::Failed, at));
    let stopped = || first(State::Stopped).map(|at| (Outcome::Stopped, at));
    failed.or_else(stopped).unwrap_or(ready)
}

/// It is up, or has done its work.
fn is_there(state: State) -> bool {
    state.is_up() || state == State::Completed
}

#[cfg(test)]
pub(crate) mod tests;
