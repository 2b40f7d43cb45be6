//! One thread reads the output of all services of a run. It is created before the first service, so that a later start
//! cannot fail for lack of it.
//!
//! A slow screen delays only the services that write: their lines are already in the file, and their pipes are not read
//! until the lines could be passed on.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::lines::{Got, Lines};
use super::{Log, OutputSource, Stream};
use crate::diagnostic::Diagnostic;
use crate::system::os::Poller;
use crate::system::problem;
use crate::system::threads::{self, Stack};

/// Receives the outputs of started services.
pub(crate) struct Follower {
    poller: Arc<Poller>,
    to: Sender<(u64, Followed)>,
    count: AtomicU64,
}

/// How often passing on delayed lines is retried; other outputs are read meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(2);

/// A buffer that a long line has enlarged is shrunk to this size.
const MAX_KEPT_BUFFER: usize = 256 * 1024;

impl Follower {
    /// # Errors
    /// The system has no room for the thread, or no descriptor.
    pub(crate) fn start() -> Result<Follower, Diagnostic> {
        let poller = Poller::new().map_err(|error| problem("wait for", Path::new("pipes"), &error))?;
        let poller = Arc::new(poller);
        let (to, new) = channel();
        let reading = Reading {
            poller: Arc::clone(&poller),
            new,
            followed: BTreeMap::new(),
            held_up: VecDeque::new(),
            buffer: Vec::new(),
        };
        threads::start("logs", Stack::Small, move || reading.go_on())?;
        Ok(Follower {
            poller,
            to,
            count: AtomicU64::new(0),
        })
    }

    /// Reads a pipe of the process `pid`, or our side of its terminal, to its end, then calls `ended`.
    ///
    /// # Errors
    /// The system cannot wait for another descriptor.
    pub(crate) fn follow(
        &self,
        log: &Arc<Log>,
        source: OutputSource,
        pid: u32,
        pipe: Arc<File>,
        ended: impl FnOnce() + Send + 'static,
    ) -> Result<(), Diagnostic> {
        let key = self.count.fetch_add(1, Ordering::Relaxed);
        let added = self.poller.add(&pipe, key);
        added.map_err(|error| problem("read", Path::new(&*log.service), &error))?;
        let followed = Followed {
            log: Arc::clone(log),
            source,
            pid,
            pipe,
            lines: Lines::default(),
            waiting: None,
            at_end: false,
            ended: Box::new(ended),
        };
        // The thread lives as long as this program.
        let _ = self.to.send((key, followed));
        Ok(())
    }
}

struct Followed {
    log: Arc<Log>,
    source: OutputSource,
    pid: u32,
    pipe: Arc<File>,
    lines: Lines,
    /// Lines that the sink had no room for. Nothing more is read meanwhile.
    waiting: Option<(Stream, Vec<u8>)>,
    /// The end was reached.
    at_end: bool,
    ended: Box<dyn FnOnce() + Send>,
}

impl Followed {
    /// Reads once; stores whole lines and passes them on.
    fn read(&mut self, buffer: &mut Vec<u8>) {
        let log = &self.log;
        let show = |written: &[u8]| log.attachments().show(written);
        let lines = match self.lines.read_from(&*self.pipe, buffer, show) {
            Got::Lines(lines) => lines,
            Got::End(rest) => {
                self.at_end = true;
                rest
            }
        };
        if !lines.is_empty() {
            let (stream, shown) = self.log.keep(self.source, self.pid, lines);
            if !shown.is_empty() && !self.log.hand_on(stream, &shown) {
                self.waiting = Some((stream, Cow::into_owned(shown)));
            }
        }
    }

    /// Passes on delayed lines; returns whether none are left.
    fn hands_on(&mut self) -> bool {
        let waiting = self.waiting.take_if(|(stream, lines)| self.log.hand_on(*stream, lines));
        waiting.is_some() || self.waiting.is_none()
    }
}

/// The state of the thread.
struct Reading {
    poller: Arc<Poller>,
    new: Receiver<(u64, Followed)>,
    followed: BTreeMap<u64, Followed>,
    /// Outputs with delayed lines, oldest first.
    held_up: VecDeque<u64>,
    buffer: Vec<u8>,
}

impl Reading {
    fn go_on(mut self) {
        let mut ready = Vec::new();
        loop {
            let patience = (!self.held_up.is_empty()).then_some(RETRY_INTERVAL);
            self.poller.wait(&mut ready, patience);
            self.hand_on();
            for key in ready.drain(..) {
                // The event may arrive before the message with the output.
                while !self.followed.contains_key(&key) {
                    let Ok((new, followed)) = self.new.recv() else { return };
                    self.followed.insert(new, followed);
                }
                self.read(key);
            }
            self.buffer.shrink_to(MAX_KEPT_BUFFER);
        }
    }

    fn read(&mut self, key: u64) {
        let Some(it) = self.followed.get_mut(&key) else { return };
        it.read(&mut self.buffer);
        if it.waiting.is_some() {
            self.poller.remove(&it.pipe);
            self.held_up.push_back(key);
        } else if it.at_end {
            self.poller.remove(&it.pipe);
            self.end(key);
        }
    }

    /// Passes on delayed lines in order, as far as there is room.
    fn hand_on(&mut self) {
        while let Some(&key) = self.held_up.front() {
            let Some(it) = self.followed.get_mut(&key) else { return };
            if !it.hands_on() {
                return;
            }
            if it.at_end {
                self.end(key);
            } else if self.poller.add(&it.pipe, key).is_err() {
                // The system has no room; retry later.
                return;
            }
            self.held_up.pop_front();
        }
    }

    fn end(&mut self, key: u64) {
        if let Some(Followed { ended, pipe, .. }) = self.followed.remove(&key) {
            drop(pipe);
            ended();
        }
    }
}

#[cfg(test)]
mod tests;
