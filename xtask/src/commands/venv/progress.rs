//! What a sync says while it works: one line that is redrawn on a terminal, a line for each step elsewhere.

use std::time::Duration;

use crate::commands::long_wait::{LongWait, RareTimes};
use crate::commands::{Context, tell};
use crate::foreign::visible;
use crate::plan::Venv;
use crate::preflight::VenvFact;
use crate::report::words;
use crate::system::clock::Clock;
use crate::system::venvs::sync::{SyncEnd, SyncNotice, Syncer};

pub(in crate::commands) struct SyncProgress<'a> {
    name: &'a str,
    context: &'a Context,
    wait: LongWait<'a>,
    /// Of the present step, off a terminal.
    times: RareTimes,
}

impl<'a> SyncProgress<'a> {
    /// `name` is what the venv is called.
    pub(in crate::commands) fn new(name: &'a str, context: &'a Context) -> Self {
        SyncProgress {
            name,
            context,
            wait: LongWait::new(context),
            times: RareTimes::new(),
        }
    }

    /// Syncs the venv, and says how it ended, except for the problem of a failure.
    pub(in crate::commands) fn follow(mut self, syncer: &Syncer<'_>, venv: &Venv) -> SyncEnd {
        let clock = Clock::start();
        let end = syncer.sync(venv, &mut |notice| self.show(notice));
        self.wait.erase();
        let took = words::duration(clock.now());
        match &end {
            SyncEnd::Unchanged(fact) => self.say(&format!("up to date{}", version(fact))),
            SyncEnd::Changed(fact) => self.say(&format!("in order{}, {took}", version(fact))),
            SyncEnd::Failed(failure) if !failure.tail.is_empty() => {
                let lines = failure.tail.iter().map(|line| format!("  {}\n", words::plain(line)));
                tell(&format!("{}\n", lines.collect::<String>()));
            }
            SyncEnd::Failed(_) | SyncEnd::Interrupted { .. } => {}
        }
        end
    }

    fn show(&mut self, notice: SyncNotice<'_>) {
        match notice {
            SyncNotice::Waits => {
                self.wait.erase();
                self.say("another sync of this venv is at work; waiting for it");
            }
            SyncNotice::Remark(remark) => self.say(&remark),
            SyncNotice::Step(typed) if self.wait.draws() => self.draw(typed, Duration::ZERO, ""),
            SyncNotice::Step(typed) => {
                self.times = RareTimes::new();
                self.say(&visible(typed));
            }
            SyncNotice::Progress(typed, elapsed, line) if self.wait.draws() => {
                self.draw(typed, elapsed, &words::plain(&line))
            }
            SyncNotice::Progress(_, elapsed, line) if self.times.is_due(elapsed) => {
                let text = format!("… {}  {}", words::duration(elapsed), words::glance(&line));
                self.say(text.trim_end());
            }
            SyncNotice::Progress(..) => {}
        }
    }

    fn say(&self, text: &str) {
        let name = self.context.paint_stderr().bold(self.name);
        self.context.say(&format!("  {name}  {text}"));
    }

    fn draw(&mut self, typed: &str, elapsed: Duration, line: &str) {
        let (name, seconds) = (self.name, elapsed.as_secs());
        self.wait
            .draw(&format!("{name}  {seconds} s  {}  {line}", visible(typed)));
    }
}

fn version(fact: &VenvFact) -> String {
    let version = fact.state.version();
    version.map_or(String::new(), |version| format!(" (Python {version})"))
}
