//! Threads, where the system may have no room for one more: std's own ways to start one panic then.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::{Builder, available_parallelism, scope};
use std::time::Duration;

use crate::diagnostic::Diagnostic;

/// Bytes of a thread's stack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stack {
    /// Where nothing deep is called.
    Small,
    Usual,
}

impl Stack {
    fn size(self) -> usize {
        match self {
            Stack::Small => 128 * 1024,
            Stack::Usual => 2 * 1024 * 1024,
        }
    }
}

/// Works on a thread of its own.
///
/// # Errors
/// The system has no room for it: of threads and processes together (man 2 `RLIMIT_NPROC`, `pids.max` of a control group),
/// or of memory. The work is dropped.
pub(crate) fn start(name: &str, stack: Stack, work: impl FnOnce() + Send + 'static) -> Result<(), Diagnostic> {
    let thread = Builder::new().name(name.to_owned()).stack_size(stack.size());
    thread.spawn(work).map(drop).map_err(|_| no_room())
}

/// Does it on a thread of its own: the answer, or `None` where it takes longer than `patience`. Then it goes on, and nobody waits.
///
/// # Errors
/// As of [`start`].
pub(crate) fn within<A: Send + 'static>(
    name: &str,
    patience: Duration,
    work: impl FnOnce() -> A + Send + 'static,
) -> Result<Option<A>, Diagnostic> {
    let (tell, told) = channel();
    // Whoever asked may have gone on.
    start(name, Stack::Usual, move || drop(tell.send(work())))?;
    Ok(told.recv_timeout(patience).ok())
}

/// Does the same for each of them, several at a time where that is possible: this thread takes part, and as many others as
/// are useful and can be had. The answers are in the order of `items`.
pub(crate) fn share<T: Sync, A: Send>(items: &[T], at_most: usize, work: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut answers = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            match items.get(at) {
                Some(item) => answers.push((at, work(item))),
                None => return answers,
            }
        }
    };
    let mut answers = beside(at_most.min(items.len()).saturating_sub(1), take);
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Does the work on this thread, and on as many of `n_others` beside it as can be had; all that came of it.
pub(crate) fn beside<A: Send>(n_others: usize, work: impl Fn() -> Vec<A> + Sync) -> Vec<A> {
    scope(|scope| {
        let others: Vec<_> = (0..n_others)
            .map_while(|_| Builder::new().spawn_scoped(scope, &work).ok())
            .collect();
        let mut all = work();
        for other in others {
            // A panic there is a bug, and goes on here.
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}

/// As many as work at the same time.
pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// As many as wait for answers from elsewhere.
pub(crate) const UNLIMITED: usize = usize::MAX;

pub(crate) fn no_room() -> Diagnostic {
    Diagnostic::new("the system has no room for another thread").hint(
        "end processes that nobody needs, or raise their limit: see `ulimit -u`, and `--pids-limit` of a container",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_what_was_asked() {
        let doubled: Vec<u32> = (0..100).map(|it| it * 2).collect();
        for at_most in [0, 1, 3, UNLIMITED] {
            let items: Vec<u32> = (0..100).collect();
            assert_eq!(share(&items, at_most, |it| it * 2), doubled, "{at_most}");
        }
        assert_eq!(share(&[], UNLIMITED, |it: &u32| *it), Vec::<u32>::new());
    }
}
