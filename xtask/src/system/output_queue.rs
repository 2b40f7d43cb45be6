//! An output with a queue of limited size: nobody who writes into it waits, however slow its reader.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::threads::{self, Stack};
use crate::diagnostic::Diagnostic;

/// Bytes that wait for the reader; as many again may be on their way to it.
const MAX_QUEUED_BYTES: usize = 2 * 1024 * 1024;

/// So long there may be no room before it is given up. A reader that takes more than [`MAX_QUEUED_BYTES`] in this time misses nothing.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);

/// A buffer that has grown larger is given back when there is nothing to do.
const MAX_KEPT_BUFFER: usize = 256 * 1024;

/// What became of something that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Now,
    /// There is no room: try it again soon.
    NotYet,
    /// There has been none for too long: leave it out.
    Never,
}

#[derive(Clone)]
pub(crate) struct OutputQueue {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// There is something to write.
    filled: Condvar,
    /// Something was taken from the queue, or written.
    moved: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Bytes that ever came in, and those of them that are out.
    came: u64,
    out: u64,
    /// When somebody found no room for the first time, since there was some.
    full_since: Option<Instant>,
    /// Nobody is asked to wait any more until there is room.
    stuck: bool,
    /// It takes no more.
    closed: bool,
}

impl OutputQueue {
    /// `write` is called on a thread of its own, with all that waits; after an error never again.
    ///
    /// # Errors
    /// The system has no room for the thread.
    pub(crate) fn new(
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> Result<OutputQueue, Diagnostic> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            moved: Condvar::new(),
        });
        let outlet = OutputQueue {
            shared: Arc::clone(&shared),
        };
        let work = move || {
            let mut taken = Vec::new();
            while shared.take(&mut taken) {
                let written = write(&taken);
                shared.wrote(taken.len(), written.is_err());
                taken.clear();
            }
        };
        threads::start("outlet", Stack::Small, work)?;
        Ok(outlet)
    }

    /// Adds what `fill` writes, if there is room.
    pub(crate) fn add(&self, fill: impl FnOnce(&mut Vec<u8>)) -> Added {
        let mut queue = self.shared.lock();
        if queue.waiting.len() >= MAX_QUEUED_BYTES && !queue.stuck && !queue.closed {
            let since = *queue.full_since.get_or_insert_with(Instant::now);
            if since.elapsed() < STALL_TIMEOUT {
                return Added::NotYet;
            }
            queue.stuck = true;
        }
        if queue.stuck && !queue.closed {
            return Added::Never;
        }
        self.fill(queue, fill);
        Added::Now
    }

    /// Adds it even if there is no room: for the few words that must not be lost.
    pub(crate) fn push_unbounded(&self, text: &[u8]) {
        self.fill(self.shared.lock(), |buffer| buffer.extend_from_slice(text));
    }

    fn fill(&self, mut queue: MutexGuard<'_, Queue>, fill: impl FnOnce(&mut Vec<u8>)) {
        if queue.closed {
            return;
        }
        let before = queue.waiting.len();
        fill(&mut queue.waiting);
        queue.came += (queue.waiting.len() - before) as u64;
        if before == 0 {
            self.shared.filled.notify_one();
        }
    }

    /// Nobody waits any more: so many lines wait, and are given up. Those under way are the reader's.
    pub(crate) fn give_up(&self) -> usize {
        let mut queue = self.shared.lock();
        let n_lines = memchr::memchr_iter(b'\n', &queue.waiting).count();
        queue.closed = true;
        queue.waiting = Vec::new();
        n_lines
    }

    /// Waits until all that has been added so far is out, at most for `patience`; was it?
    pub(crate) fn flush(&self, patience: Duration) -> bool {
        let mut queue = self.shared.lock();
        let (goal, until) = (queue.came, Instant::now() + patience);
        while queue.out < goal && !queue.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || queue.stuck {
                return false;
            }
            let waited = self.shared.moved.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to write; `false` when nobody wants it any more.
    fn take(&self, taken: &mut Vec<u8>) -> bool {
        let mut queue = self.lock();
        while queue.waiting.is_empty() {
            if queue.closed {
                return false;
            }
            if taken.capacity() > MAX_KEPT_BUFFER {
                *taken = Vec::new();
                queue.waiting = Vec::new();
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut queue.waiting, taken);
        (queue.stuck, queue.full_since) = (false, None);
        drop(queue);
        self.moved.notify_all();
        true
    }

    fn wrote(&self, length: usize, failed: bool) {
        let mut queue = self.lock();
        queue.out += length as u64;
        if failed {
            queue.closed = true;
            queue.waiting = Vec::new();
        }
        drop(queue);
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests;
