//! Starts threads without panicking if the system has no room for another one, unlike `std::thread::spawn`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, scope};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Hint, Platform};

/// The stack size of a thread, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stack {
    /// For shallow call stacks.
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

/// Runs `work` on a new thread.
///
/// # Errors
/// The system has no room for another thread: a limit on threads and processes (man 2 `RLIMIT_NPROC`, `pids.max` of a
/// control group) or on memory. The work is dropped.
pub(crate) fn start(name: &str, stack: Stack, work: impl FnOnce() + Send + 'static) -> Result<(), Diagnostic> {
    let thread = Builder::new().name(name.to_owned()).stack_size(stack.size());
    thread.spawn(work).map(drop).map_err(|_| no_room())
}

/// Runs `work` on a new thread; `None` if it takes longer than `patience`, after which its result is dropped.
///
/// # Errors
/// As for [`start`].
pub(crate) fn within<A: Send + 'static>(
    name: &str,
    patience: Duration,
    work: impl FnOnce() -> A + Send + 'static,
) -> Result<Option<A>, Diagnostic> {
    let (tell, told) = channel();
    // The receiver may have timed out.
    start(name, Stack::Usual, move || drop(tell.send(work())))?;
    Ok(told.recv_timeout(patience).ok())
}

/// Applies `work` to each item, on this thread and on further threads if they are useful and available. The results are
/// in the order of `items`.
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

/// Runs `work` on this thread and on up to `n_others` more; returns all results.
pub(crate) fn beside<A: Send>(n_others: usize, work: impl Fn() -> Vec<A> + Sync) -> Vec<A> {
    scope(|scope| {
        let others: Vec<_> = (0..n_others)
            .map_while(|_| Builder::new().spawn_scoped(scope, &work).ok())
            .collect();
        let mut all = work();
        for other in others {
            // A panic there is a bug, and continues here.
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}

/// Does both at once: `other` on a further thread, if there is room for one.
pub(crate) fn both<A, B: Send>(work: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    let other = Mutex::new(Some(other));
    let take = || {
        other
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map(|other| other())
    };
    scope(|scope| {
        let beside = Builder::new().spawn_scoped(scope, take);
        let ours = work();
        let theirs = match beside {
            // A panic there is a bug, and continues here.
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => take(),
        };
        (ours, theirs.expect("it is taken once"))
    })
}

/// Concurrency for work that only waits.
pub(crate) const UNLIMITED: usize = usize::MAX;

pub(crate) fn no_room() -> Diagnostic {
    let raise = Hint::from(
        "end processes that are not needed, or raise their limit: see `ulimit -u`, and `--pids-limit` of a container",
    );
    // Windows has no such limit; a thread needs memory there.
    let on_windows = "end programs that are not needed: see who uses the memory in `taskmgr`";
    Diagnostic::new("the system has no room for another thread").hint(raise.on(Platform::Windows, on_windows))
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

    #[test]
    fn both_are_done_at_once() {
        // Each waits for the other.
        let (here, there) = (std::sync::Barrier::new(2), "there".to_owned());
        let done = both(
            || {
                here.wait();
                1
            },
            || {
                here.wait();
                there
            },
        );
        assert_eq!(done, (1, "there".to_owned()));
    }
}
