//! The lines that wait for one shipper: bounded, never waited for, and counted.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LineBlock;
use crate::protocol::LogExportStatus;

/// What a block takes besides its text: its fields, two counters, its place in a queue, and what the allocator adds.
const BLOCK_OVERHEAD: usize = 192;

pub(super) struct ShipQueue {
    /// In bytes.
    limit: usize,
    inner: Mutex<Inner>,
    /// Signalled when the shipper may go on.
    filled: Condvar,
    /// Signalled when nothing waits any more, or the shipper has given up.
    settled: Condvar,
}

#[derive(Default)]
struct Inner {
    blocks: VecDeque<Arc<LineBlock>>,
    /// Of all blocks that are not settled, those that the shipper has taken included.
    bytes: usize,
    /// The shipper is woken when there are so many bytes; `usize::MAX` while it works.
    wake_at: usize,
    sent: u64,
    dropped: u64,
    /// Lines found no room.
    has_overflowed: bool,
    /// Lines that were neither sent nor dropped yet.
    waiting: u64,
    trouble: Option<String>,
    /// The run ends: everything that is left must be sent until then.
    until: Option<Instant>,
    /// The shipper sends no more.
    is_over: bool,
    /// The end of the run has counted what was left; later successes do not count.
    is_counted: bool,
}

fn cost(block: &LineBlock) -> usize {
    block.text.len() + BLOCK_OVERHEAD
}

impl ShipQueue {
    pub(super) fn new(limit: usize) -> ShipQueue {
        ShipQueue {
            limit,
            inner: Mutex::default(),
            filled: Condvar::new(),
            settled: Condvar::new(),
        }
    }

    /// Adds a block, or counts its lines as dropped if there is no room. Never waits for the receiver.
    pub(super) fn push(&self, block: &Arc<LineBlock>) {
        let mut inner = self.lock();
        // The newest lines are dropped: what waits stays whole, with one gap where the receiver was away.
        if inner.is_over || inner.is_counted || inner.bytes + cost(block) > self.limit {
            inner.dropped += block.n_lines;
            inner.has_overflowed = true;
            return;
        }
        inner.bytes += cost(block);
        inner.waiting += block.n_lines;
        inner.blocks.push_back(Arc::clone(block));
        if inner.bytes >= inner.wake_at {
            inner.wake_at = usize::MAX;
            drop(inner);
            self.filled.notify_one();
        }
    }

    /// The next block; waits as long as there is none. `None` once the run has ended and no line waits.
    pub(super) fn take(&self) -> Option<Arc<LineBlock>> {
        let mut inner = self.lock();
        loop {
            if let Some(block) = inner.blocks.pop_front() {
                return Some(block);
            }
            if inner.until.is_some() {
                return None;
            }
            // Nothing that was taken is unsettled now, so any block wakes.
            inner.wake_at = 1;
            inner = self.wait(inner, None);
        }
    }

    /// The next block, if there is one now.
    pub(super) fn take_now(&self) -> Option<Arc<LineBlock>> {
        self.lock().blocks.pop_front()
    }

    /// Lets lines come together: returns after `time`, or once so many bytes wait, or the run ends.
    pub(super) fn gather(&self, time: Duration, bytes: usize) {
        let until = Instant::now() + time;
        let mut inner = self.lock();
        while inner.until.is_none() && inner.bytes < bytes {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner.wake_at = bytes;
            inner = self.wait(inner, Some(left));
        }
        inner.wake_at = usize::MAX;
    }

    /// Pauses before another attempt; returns early, and `false`, once the run ends.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut inner = self.lock();
        inner.wake_at = usize::MAX;
        while inner.until.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            inner = self.wait(inner, Some(left));
        }
        false
    }

    /// The time that is left, once the run ends.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let until = self.lock().until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Counts lines that were taken.
    pub(super) fn settle(&self, sent: u64, refused: u64) {
        let mut inner = self.lock();
        if !inner.is_counted {
            inner.sent += sent;
            inner.dropped += refused;
            inner.waiting -= sent + refused;
        }
        if inner.waiting == 0 {
            self.settled.notify_all();
        }
    }

    /// Gives the room of a block back; all its lines are settled.
    pub(super) fn release(&self, block: &LineBlock) {
        self.lock().bytes -= cost(block);
    }

    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    pub(super) fn has_overflowed(&self) -> bool {
        self.lock().has_overflowed
    }

    /// The shipper has ended: nothing will be sent any more.
    pub(super) fn give_up(&self) {
        self.lock().is_over = true;
        self.settled.notify_all();
    }

    /// The run ends: no more lines come, and what is left must be sent within `patience`.
    pub(super) fn close(&self, patience: Duration) {
        self.lock().until = Some(Instant::now() + patience);
        self.filled.notify_one();
    }

    /// After [`close`](Self::close): waits until all is sent or the time is over, and counts the rest as dropped.
    pub(super) fn count(&self) {
        let mut inner = self.lock();
        while let Some(until) = inner.until.filter(|_| inner.waiting > 0 && !inner.is_over) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.settled.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        inner.is_counted = true;
        inner.dropped += std::mem::take(&mut inner.waiting);
        inner.blocks.clear();
    }

    pub(super) fn status(&self, target: &str) -> LogExportStatus {
        let inner = self.lock();
        LogExportStatus {
            target: target.to_owned(),
            sent: inner.sent,
            waiting: inner.waiting,
            dropped: inner.dropped,
            trouble: inner.trouble.clone(),
        }
    }

    fn wait<'g>(&self, inner: MutexGuard<'g, Inner>, at_most: Option<Duration>) -> MutexGuard<'g, Inner> {
        match at_most {
            Some(time) => {
                self.filled
                    .wait_timeout(inner, time)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
            None => self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
