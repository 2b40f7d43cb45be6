//! A service of a start, with the times at which it entered its states, and what follows from these.

use super::super::{Elapsed, State};
use super::Span;
use crate::plan::Condition;

/// A service of a start.
#[derive(Debug, Clone)]
pub(crate) struct Track<'a> {
    pub(crate) name: &'a str,
    pub(crate) task: bool,
    pub(crate) depends_on: &'a [(String, Condition)],
    /// The states that it entered, oldest first, also before the start.
    pub(crate) states: Vec<(Elapsed, State)>,
}

impl<'t> Track<'t> {
    /// The same without the stop at its end, if there is one.
    pub(super) fn without_stop(&self) -> Track<'t> {
        let mut track = self.clone();
        if matches!(track.states.last(), Some((_, State::Stopped))) {
            track.states.pop();
            if matches!(track.states.last(), Some((_, State::Stopping))) {
                track.states.pop();
            }
        }
        track
    }

    /// The states of the start.
    pub(super) fn since(&self, requested: Elapsed) -> &[(Elapsed, State)] {
        let at = self.states.partition_point(|(at, _)| *at < requested);
        &self.states[at..]
    }

    /// The last state before the start.
    pub(super) fn before(&self, requested: Elapsed) -> Option<State> {
        let at = self.states.partition_point(|(at, _)| *at < requested);
        Some(self.states[..at].last()?.1)
    }

    /// The state at the end of the start, without the stop that follows when something else has failed.
    pub(super) fn state_at(&self, end: Elapsed) -> State {
        let failed = self.states.last().is_some_and(|(_, last)| *last == State::Failed);
        if failed && self.left_for(Elapsed::ZERO, State::Failed) == Some(end) {
            return State::Failed;
        }
        let is_of_start = |(at, state): &&(Elapsed, State)| {
            let stops = matches!(state, State::Stopping | State::Stopped);
            *at < end || *at == end && !stops
        };
        let last = self.states.iter().rev().find(is_of_start);
        last.map_or(State::Waiting, |(_, state)| *state)
    }

    /// When the last state, if that is `last`, began to come: with the stop that led to it.
    pub(super) fn left_for(&self, requested: Elapsed, last: State) -> Option<Elapsed> {
        let states = self.since(requested);
        let ((at, state), earlier) = states.split_last()?;
        let stop = earlier.last().filter(|(_, state)| *state == State::Stopping);
        (*state == last).then_some(stop.map_or(*at, |(at, _)| *at))
    }

    /// When it was last up, or over, after it was neither; `None` before.
    pub(super) fn arrival(&self, requested: Elapsed) -> Option<Elapsed> {
        let is_settled = |state: State| state.is_up() || state.is_over();
        let mut arrival = None;
        for (at, state) in self.since(requested) {
            match is_settled(*state) {
                true => arrival = arrival.or(Some(*at)),
                false => arrival = None,
            }
        }
        arrival
    }

    /// Since when it satisfies a dependent that waits for `condition`, at the time `by`; `None` if it does not.
    pub(super) fn satisfies_since(&self, condition: Condition, by: Elapsed) -> Option<Elapsed> {
        let mut since = None;
        for (at, state) in self.states.iter().take_while(|(at, _)| *at <= by) {
            match satisfies(*state, condition) {
                true => since = since.or(Some(*at)),
                false => since = None,
            }
        }
        since
    }

    /// What it did from the request to the end.
    pub(super) fn spans(&self, requested: Elapsed, end: Elapsed, all: &[Track<'_>]) -> Vec<Span> {
        let before = self.before(requested).map(|state| (requested, state));
        let states: Vec<_> = before.iter().chain(self.since(requested)).collect();
        let ends = states.iter().skip(1).map(|(at, _)| *at).chain([end]);
        let spans = states.iter().zip(ends).filter(|((from, state), to)| {
            let is_long = from.min(&end) < to.min(&end);
            is_long && !state.is_over()
        });
        spans
            .map(|((from, state), to)| Span {
                state: *state,
                from: *from,
                to: to.min(end),
                waiting_for: match state {
                    State::Waiting => self.missing(*from, to.min(end), all),
                    _ => Vec::new(),
                },
            })
            .collect()
    }

    /// Its dependencies that were missing at `from`, in the order in which they had come by `to`.
    fn missing(&self, from: Elapsed, to: Elapsed, all: &[Track<'_>]) -> Vec<String> {
        let mut missing: Vec<_> = self.dependencies(all, to).filter(|(_, at)| *at > from).collect();
        missing.sort_by_key(|(_, at)| *at);
        missing.into_iter().map(|(it, _)| it.name.to_owned()).collect()
    }

    /// Its dependencies in this start, each with the time since when it was satisfied at `by`; never is after all times.
    pub(super) fn dependencies<'a>(
        &'a self,
        all: &'a [Track<'a>],
        by: Elapsed,
    ) -> impl Iterator<Item = (&'a Track<'a>, Elapsed)> {
        let found = self
            .depends_on
            .iter()
            .filter_map(|(name, condition)| Some((all.iter().find(|it| it.name == name)?, *condition)));
        found.map(move |(it, condition)| (it, it.satisfies_since(condition, by).unwrap_or(Elapsed::MAX)))
    }
}

fn satisfies(state: State, condition: Condition) -> bool {
    match condition {
        Condition::Started => state.is_up() || matches!(state, State::Starting | State::Exited | State::Completed),
        Condition::Healthy => matches!(state, State::Running | State::Ready),
        Condition::Completed => state == State::Completed,
    }
}
