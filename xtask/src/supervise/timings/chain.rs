//! The critical chain: the service that arrived last, what it waited for last, and so on.

use super::super::{Elapsed, State};
use super::Track;

/// The names, first to last. A start that failed ends with what failed.
pub(super) fn critical_chain(requested: Elapsed, end: Elapsed, services: &[Track<'_>]) -> Vec<String> {
    // What has not arrived by the end would have arrived later.
    let arrival = |it: &Track<'_>| it.arrival(requested).filter(|at| *at <= end).unwrap_or(end);
    let takes_part = services.iter().filter(|it| !it.since(requested).is_empty());
    let last = takes_part.max_by_key(|it| {
        let has_failed = it.left_for(requested, State::Failed) == Some(end);
        // Of several that arrived, the last in start order may wait for the others; of several that did not, the first
        // waits for none of them.
        let place = services.iter().take_while(|other| other.name != it.name).count() as i64;
        let has_arrived = it.arrival(requested).is_some_and(|at| at <= end) && !has_failed;
        (arrival(it), has_failed, if has_arrived { place } else { -place })
    });
    let mut chain: Vec<String> = Vec::new();
    let mut next = last;
    while let Some(it) = next.filter(|it| !chain.iter().any(|name| name == it.name)) {
        chain.insert(0, it.name.to_owned());
        next = held_up_by(it, requested, end, services);
    }
    chain
}

/// The dependency for which its last wait lasted as long as it did.
fn held_up_by<'a>(
    it: &'a Track<'a>,
    requested: Elapsed,
    end: Elapsed,
    services: &'a [Track<'a>],
) -> Option<&'a Track<'a>> {
    let spans = it.spans(requested, end, services);
    let wait = spans.into_iter().rev().find(|span| span.state == State::Waiting)?;
    let name = wait.waiting_for.last()?;
    services.iter().find(|other| other.name == name)
}
