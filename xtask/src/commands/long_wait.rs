//! Says what is going on when something takes longer than a second: on a terminal one line that is redrawn, elsewhere a
//! line after a second, and then rarely.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::commands::{Context, tell};
use crate::plan::{Plan, Runs};
use crate::protocol::ServiceProgress;
use crate::report::words;
use crate::system::clock::Clock;
use crate::system::threads::{self, Stack};

/// When a line is due, off a terminal.
#[derive(Debug, Clone)]
pub(super) struct RareTimes {
    next: Duration,
}

impl RareTimes {
    /// Something begins, and nothing was said about it.
    pub(super) fn new() -> Self {
        RareTimes { next: FIRST }
    }

    /// Whether a line is due after this time; then the next one is due later.
    pub(super) fn is_due(&mut self, elapsed: Duration) -> bool {
        let is_due = elapsed >= self.next;
        while elapsed >= self.next {
            self.next = match self.next.as_secs() {
                0..10 => Duration::from_secs(10),
                10..30 => Duration::from_secs(30),
                30..60 => Duration::from_secs(60),
                60.. => self.next + Duration::from_secs(60),
            };
        }
        is_due
    }
}

/// What takes less time needs no explanation.
const FIRST: Duration = Duration::from_secs(1);

/// How often the line is redrawn.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// The same where UTF-8 is not shown.
const ASCII_SPINNER: [&str; 4] = ["-", "\\", "|", "/"];

/// Shown in turn.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Something that may take long.
pub(super) struct LongWait<'a> {
    context: &'a Context,
    clock: Clock,
    times: RareTimes,
    is_drawn: bool,
    n_drawn: usize,
}

impl<'a> LongWait<'a> {
    /// It begins now.
    pub(super) fn new(context: &'a Context) -> Self {
        LongWait {
            context,
            clock: Clock::start(),
            times: RareTimes::new(),
            is_drawn: false,
            n_drawn: 0,
        }
    }

    /// It still goes on; `what` says what, and gets the time so far.
    pub(super) fn show(&mut self, what: impl FnOnce(&str) -> String) {
        let elapsed = self.clock.now();
        let is_due = match self.draws() {
            true => elapsed >= FIRST,
            false => self.times.is_due(elapsed),
        };
        if !is_due {
            return;
        }
        let text = what(&words::duration(elapsed));
        match self.draws() {
            true => self.draw(&text),
            false => self.context.say(&format!("  … {text}")),
        }
    }

    /// Services that start or stop.
    pub(super) fn show_services(&mut self, under_way: &[ServiceProgress]) {
        if under_way.is_empty() {
            return self.erase();
        }
        self.show(|_| words::under_way(under_way));
    }

    pub(super) fn draws(&self) -> bool {
        self.context.terminals.can_redraw && !self.context.quiet && !self.context.json
    }

    /// Redraws the line.
    pub(super) fn draw(&mut self, text: &str) {
        let spinner = match self.context.terminals.is_ascii {
            true => ASCII_SPINNER[self.n_drawn % ASCII_SPINNER.len()],
            false => SPINNER[self.n_drawn % SPINNER.len()],
        };
        self.n_drawn += 1;
        let width = self.context.terminals.width.saturating_sub(3);
        let text = format!("  {spinner} {text}");
        let text = console::truncate_str(text.trim_end(), width, "…").into_owned();
        self.erase();
        tell(&self.context.paint_stderr().dim(&text));
        self.is_drawn = true;
    }

    /// Removes the line, so that something else can be written.
    pub(super) fn erase(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            // A terminal that cannot move the cursor to the start of the line keeps the text.
            let _ = console::Term::stderr().clear_line();
        }
    }
}

impl Drop for LongWait<'_> {
    fn drop(&mut self) {
        self.erase();
    }
}

/// Does `work`, which writes nothing, and says `what` it is if that takes long.
pub(super) fn during<T>(what: &str, context: &Context, work: impl FnOnce() -> T) -> T {
    if context.quiet || context.json {
        return work();
    }
    let (done, is_done) = channel::<()>();
    let (shown, all_shown) = channel::<()>();
    let (what, context) = (what.to_owned(), context.clone());
    let show = move || {
        let mut wait = LongWait::new(&context);
        while is_done.recv_timeout(REDRAW_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            wait.show(|time| format!("{what}  {time}"));
        }
        drop(wait);
        drop(shown);
    };
    // Without room for a thread, the work is done in silence.
    let started = threads::start("progress", Stack::Small, show);
    let result = work();
    drop(done);
    if started.is_ok() {
        // It ends with an error, when the line is gone.
        let _ = all_shown.recv();
    }
    result
}

/// What the look at everything that services need may take long for.
pub(super) fn looks_at(plan: &Plan) -> &'static str {
    let has_compose = plan.services.iter().any(|it| matches!(it.runs, Runs::Compose(_)));
    match (has_compose, plan.venvs().next().is_some()) {
        (true, true) => "looking at ports, commands, containers and venvs",
        (true, false) => "looking at ports, commands and containers",
        (false, true) => "looking at ports, commands and venvs",
        (false, false) => "looking at ports and commands",
    }
}

#[cfg(test)]
mod tests;
