//! What a sync says while it works: one line that is redrawn on a terminal, a line for each step elsewhere.

use std::time::Duration;

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
    is_drawn: bool,
    n_drawn: usize,
}

/// Shown in turn.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

impl<'a> SyncProgress<'a> {
    /// `name` is what the venv is called.
    pub(in crate::commands) fn new(name: &'a str, context: &'a Context) -> Self {
        SyncProgress {
            name,
            context,
            is_drawn: false,
            n_drawn: 0,
        }
    }

    /// Syncs the venv, and says how it ended, except for the problem of a failure.
    pub(in crate::commands) fn follow(mut self, syncer: &Syncer<'_>, venv: &Venv) -> SyncEnd {
        let clock = Clock::start();
        let end = syncer.sync(venv, &mut |notice| self.show(notice));
        self.erase();
        let took = words::duration(clock.now());
        match &end {
            SyncEnd::Unchanged(fact) => self.say(&format!("up to date{}", version(fact))),
            SyncEnd::Changed(fact) => self.say(&format!("in order{}, {took}", version(fact))),
            SyncEnd::Failed(failure) if !failure.tail.is_empty() => {
                let lines = failure.tail.iter().map(|line| format!("  {}\n", plain(line)));
                tell(&format!("{}\n", lines.collect::<String>()));
            }
            SyncEnd::Failed(_) | SyncEnd::Interrupted { .. } => {}
        }
        end
    }

    fn show(&mut self, notice: SyncNotice<'_>) {
        match notice {
            SyncNotice::Waits => {
                self.erase();
                self.say("another sync of this venv is at work; waiting for it");
            }
            SyncNotice::Remark(remark) => self.say(&remark),
            SyncNotice::Step(typed) if self.draws() => self.draw(typed, Duration::ZERO, ""),
            SyncNotice::Step(typed) => self.say(&visible(typed)),
            SyncNotice::Progress(typed, elapsed, line) if self.draws() => self.draw(typed, elapsed, &plain(&line)),
            SyncNotice::Progress(..) => {}
        }
    }

    fn draws(&self) -> bool {
        self.context.terminals.can_redraw && !self.context.quiet && !self.context.json
    }

    fn say(&self, text: &str) {
        let name = self.context.paint_stderr().bold(self.name);
        self.context.say(&format!("  {name}  {text}"));
    }

    fn draw(&mut self, typed: &str, elapsed: Duration, line: &str) {
        let spinner = SPINNER[self.n_drawn % SPINNER.len()];
        self.n_drawn += 1;
        let text = format!(
            "  {spinner} {}  {} s  {}  {line}",
            self.name,
            elapsed.as_secs(),
            visible(typed)
        );
        let width = self.context.terminals.width.saturating_sub(3);
        let text = console::truncate_str(text.trim_end(), width, "…").into_owned();
        self.erase();
        tell(&self.context.paint_stderr().dim(&text));
        self.is_drawn = true;
    }

    fn erase(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            // A terminal that cannot move the cursor to the start of the line keeps the text.
            let _ = console::Term::stderr().clear_line();
        }
    }
}

/// A line of another program, without what only a terminal understands.
fn plain(line: &str) -> String {
    visible(&console::strip_ansi_codes(line)).into_owned()
}

fn version(fact: &VenvFact) -> String {
    let version = fact.state.version();
    version.map_or(String::new(), |version| format!(" (Python {version})"))
}
