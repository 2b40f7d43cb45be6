//! An output with a bounded queue: writers never wait for a slow reader.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::threads::{self, Stack};
use crate::diagnostic::Diagnostic;

/// Maximum number of queued bytes; the same amount may be in the process of being written.
const MAX_QUEUED_BYTES: usize = 2 * 1024 * 1024;

/// How long writers wait for space. A reader that takes more than [`MAX_QUEUED_BYTES`] in this time loses nothing.
const STALL_TIMEOUT: Duration = Duration::from_secs(1);

/// A buffer that has grown larger is released when the queue is empty.
const MAX_KEPT_BUFFER: usize = 256 * 1024;

/// The result of adding to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Now,
    /// The queue is full: try again soon.
    NotYet,
    /// The queue has been full for too long: drop the output.
    Never,
}

#[derive(Clone)]
pub(crate) struct OutputQueue {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Signalled when there is something to write.
    filled: Condvar,
    /// Signalled when something was taken from the queue or written.
    moved: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Total number of bytes added, and of bytes written.
    came: u64,
    out: u64,
    /// When a writer first found the queue full; reset when there is space.
    full_since: Option<Instant>,
    /// The queue has been full for too long, so writers do not retry until there is space.
    stuck: bool,
    /// The queue accepts no more output.
    closed: bool,
}

impl OutputQueue {
    /// Calls `write` on a separate thread with everything that is queued; stops after the first error.
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

    /// Adds what `fill` writes, if the queue is not full.
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

    /// Adds text even if the queue is full: for the few messages that must not be lost.
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

    /// Closes the queue; returns the number of lines that were dropped. Lines being written are not counted.
    pub(crate) fn give_up(&self) -> usize {
        let mut queue = self.shared.lock();
        let n_lines = memchr::memchr_iter(b'\n', &queue.waiting).count();
        queue.closed = true;
        queue.waiting = Vec::new();
        n_lines
    }

    /// Waits until everything added so far is written, at most `patience`; returns whether it was.
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

    /// Waits for something to write; `false` once the queue is closed.
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
