//! The thread of one log target: takes lines from the queue, makes batches of them and sends each until it is settled.

use std::sync::Arc;
use std::time::Duration;

use super::LineBlock;
use super::queue::ShipQueue;
use crate::diagnostic::{Diagnostic, Hint, Level};
use crate::run::logs::Sink;
use crate::system::threads::{self, Stack};

/// How lines are written for one kind of target, and how they get there.
pub(super) trait Transport: Send {
    fn pace(&self) -> Pace;
    /// The following lines are of this block, or the rest of it.
    fn begin(&mut self, block: &LineBlock);
    /// Adds a line, without its line break, to the batch.
    fn add(&mut self, line: &[u8]);
    /// The batch should be sent now.
    fn is_full(&self) -> bool;
    /// Tries to send the batch, or what is left of it, within about `patience`. What was sent or refused is no longer
    /// part of it.
    fn send(&mut self, patience: Duration) -> Attempt;
}

/// How lines come together before they are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) time: Duration,
    pub(super) bytes: usize,
}

/// What became of the lines of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) sent: u64,
    /// Lines that the target will never take.
    pub(super) refused: u64,
    /// Why some were not sent.
    pub(super) trouble: Option<String>,
    pub(super) rest: Rest,
}

/// Whether lines of the batch are left.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Rest {
    #[default]
    None,
    /// To be sent later; after this time, if the target named one.
    Later(Option<Duration>),
}

impl Attempt {
    pub(super) fn sent(sent: u64) -> Attempt {
        Attempt {
            sent,
            ..Attempt::default()
        }
    }

    pub(super) fn refused(refused: u64, why: impl Into<String>) -> Attempt {
        Attempt {
            refused,
            trouble: Some(why.into()),
            ..Attempt::default()
        }
    }

    pub(super) fn later(why: impl Into<String>) -> Attempt {
        Attempt {
            trouble: Some(why.into()),
            rest: Rest::Later(None),
            ..Attempt::default()
        }
    }
}

/// How long one attempt may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after a failed attempt, doubled on each further failure.
const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The longest time that a target may ask for.
const MAX_ASKED_PAUSE: Duration = Duration::from_secs(300);

pub(super) struct Shipper {
    name: String,
    queue: Arc<ShipQueue>,
    transport: Box<dyn Transport>,
    sink: Arc<dyn Sink>,
    has_told_trouble: bool,
    has_told_drops: bool,
}

impl Shipper {
    /// # Errors
    /// The system has no room for the thread.
    pub(super) fn start(
        name: String,
        queue: Arc<ShipQueue>,
        transport: Box<dyn Transport>,
        sink: Arc<dyn Sink>,
    ) -> Result<(), Diagnostic> {
        let shipper = Shipper {
            name,
            queue,
            transport,
            sink,
            has_told_trouble: false,
            has_told_drops: false,
        };
        threads::start("shipper", Stack::Usual, move || shipper.ship())
    }

    fn ship(mut self) {
        let pace = self.transport.pace();
        // A block and how much of it is in earlier batches.
        let mut begun: Option<(Arc<LineBlock>, usize)> = None;
        let mut whole = Vec::new();
        loop {
            if begun.is_none() {
                let Some(block) = self.queue.take() else { break };
                begun = Some((block, 0));
                self.queue.gather(pace.time, pace.bytes);
            }
            while let Some((block, used)) = begun.take() {
                let used = self.fill(&block, used);
                if used < block.text.len() {
                    begun = Some((block, used));
                    break;
                }
                whole.push(block);
                if self.transport.is_full() {
                    break;
                }
                begun = self.queue.take_now().map(|block| (block, 0));
            }
            if !self.deliver() {
                break;
            }
            whole.drain(..).for_each(|block| self.queue.release(&block));
        }
        self.queue.give_up();
    }

    /// Adds lines of a block to the batch; returns how many bytes of it are in this or earlier batches.
    fn fill(&mut self, block: &LineBlock, mut used: usize) -> usize {
        self.transport.begin(block);
        while !self.transport.is_full()
            && let Some(end) = memchr::memchr(b'\n', &block.text[used..])
        {
            self.transport.add(&block.text[used..used + end]);
            used += end + 1;
        }
        used
    }

    /// Sends the batch until nothing of it is left; `false` if the run ends before.
    fn deliver(&mut self) -> bool {
        let mut pause = MIN_PAUSE;
        loop {
            let patience = self
                .queue
                .time_left()
                .map_or(SEND_TIMEOUT, |left| left.min(SEND_TIMEOUT));
            let attempt = self.transport.send(patience.max(MIN_PAUSE));
            self.queue.settle(attempt.sent, attempt.refused);
            self.tell(&attempt);
            let Rest::Later(asked) = attempt.rest else { return true };
            if self.queue.time_left().is_some() {
                return false;
            }
            if attempt.sent > 0 {
                pause = MIN_PAUSE;
            }
            // If the run ends meanwhile, there is one more attempt.
            self.queue
                .pause(asked.map_or(pause, |asked| asked.min(MAX_ASKED_PAUSE)));
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    fn tell(&mut self, attempt: &Attempt) {
        let name = &self.name;
        if let (Some(why), false) = (&attempt.trouble, self.has_told_trouble) {
            self.has_told_trouble = true;
            let follows = match attempt.rest {
                Rest::Later(_) => "lines wait until it takes them",
                Rest::None => "lines that it refuses are dropped",
            };
            let problem = Diagnostic::new(format!("log target `{name}`: {why}; {follows}"));
            self.sink.trouble(problem.level(Level::Warn));
        }
        self.queue.set_trouble(attempt.trouble.clone());
        if !self.has_told_drops && self.queue.has_overflowed() {
            self.has_told_drops = true;
            let problem = Diagnostic::new(format!(
                "log target `{name}` takes lines too slowly: some are dropped, and `status` counts them"
            ));
            let hint = Hint::run("see every line with", "logs");
            self.sink.trouble(problem.level(Level::Warn).hint(hint));
        }
    }
}
