//! The output of `up`: states and progress on stderr, the services' lines on stdout.
//!
//! Callers never block on a slow reader: stdout and stderr each have a queue and a thread that writes. If stdout is
//! read too slowly, lines are dropped and counted; they are still in the log files.

mod page;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::commands::bottom_line::BottomLine;
use crate::commands::prefixes::{Prefixes, push_json};
use crate::diagnostic::Diagnostic;
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::report::words;
use crate::run::driver::Message;
use crate::run::logs::{Sink, Stream};
use crate::system::clock::wall;
use crate::system::output_queue::{Added, OutputQueue};
use crate::system::terminal::{SerialWorker, Size};
use page::{Pinned, ScreenOp, TerminalOutput};

pub(super) struct Screen {
    json: bool,
    quiet: bool,
    paint: Paint,
    colours: bool,
    draws: bool,
    prefixes: Prefixes,
    stdout: OutputQueue,
    words: SerialWorker<ScreenOp>,
    page: Arc<TerminalOutput>,
    /// What the bottom line says when nothing is under way.
    bottom: Mutex<BottomLine>,
    /// The service whose lines alone are shown.
    shown: Mutex<Option<String>>,
    /// The keyboard belongs to a service, whose output comes as it is written.
    is_connected: AtomicBool,
    /// The number of dropped lines that have not been reported yet, by service.
    left_out: Mutex<BTreeMap<String, usize>>,
    program: String,
}

/// How long a message waits for the lines before it.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Below this width, programs cannot draw anything useful.
const MIN_WIDTH: u16 = 20;

impl Screen {
    /// `services` are all that may ever run, in file order.
    ///
    /// # Errors
    /// The system has no room for its threads.
    pub(super) fn new(
        context: &super::Context,
        services: &[String],
        gone: Sender<Message>,
    ) -> Result<Self, Diagnostic> {
        let page = Arc::new(TerminalOutput {
            paint: context.paint_stderr(),
            program: context.program.clone(),
            gone,
            shared: context.terminals.can_redraw && context.terminals.stdout_is_tty,
            stays: AtomicBool::new(false),
            bottom: Mutex::default(),
            turn: Mutex::default(),
        });
        let stdout = OutputQueue::new({
            let page = Arc::clone(&page);
            move |bytes| page.write(bytes)
        })?;
        Ok(Screen {
            json: context.json,
            quiet: context.quiet,
            paint: context.paint_stderr(),
            colours: context.terminals.colour_stdout && !context.json,
            draws: context.terminals.can_redraw
                && !context.terminals.stdout_is_piped
                && !context.json
                && !context.quiet,
            prefixes: Prefixes::new(services, context.paint()),
            words: SerialWorker::new({
                let (stdout, page) = (stdout.clone(), Arc::clone(&page));
                move |word| {
                    if matches!(word, ScreenOp::Tell(_)) {
                        stdout.flush(FLUSH_TIMEOUT);
                    }
                    page.put(word);
                }
            })?,
            stdout,
            page,
            bottom: Mutex::default(),
            shown: Mutex::default(),
            is_connected: AtomicBool::new(false),
            left_out: Mutex::default(),
            program: context.program.clone(),
        })
    }

    pub(super) fn tell_problem(&self, trouble: &Diagnostic) {
        self.tell(problem(trouble, &self.program, self.paint).trim_end());
    }

    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    pub(super) fn draws(&self) -> bool {
        self.draws
    }

    /// Whether somebody reads what is going on.
    pub(super) fn tells_progress(&self) -> bool {
        !self.quiet && !self.json
    }

    /// A message for the user about an event.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            self.tell(text);
        }
    }

    /// A message for the user about a problem, even with `--quiet`.
    pub(super) fn tell(&self, text: &str) {
        self.words.push(ScreenOp::Tell(format!("{text}\n")));
    }

    /// The answer to a key. It may come before lines that were written earlier.
    pub(super) fn answer(&self, text: &str) {
        self.words.push(ScreenOp::Answer(format!("{text}\n")));
    }

    /// An event, written only in JSON mode.
    pub(super) fn event(&self, line: &str) {
        if self.json {
            self.stdout.push_unbounded(line.as_bytes());
        }
    }

    /// Redraws the line at the bottom. With keys it says what is asked, or this text or the states, and keys; without, an
    /// empty text erases it.
    pub(super) fn draw(&self, text: &str) {
        if !self.draws {
            return;
        }
        let width = Size::of_ours()
            .map_or(100, |size| usize::from(size.columns))
            .saturating_sub(1);
        let text = match self.has_keys() {
            true => lock(&self.bottom).text(text, width),
            false => text.to_owned(),
        };
        let text = console::truncate_str(&text, width, "…");
        self.words.push(ScreenOp::Draw(text.into_owned()));
    }

    /// Whether a line can stay at the bottom: all output goes to one terminal.
    pub(super) fn can_keep_bottom(&self) -> bool {
        self.draws && self.page.shared
    }

    /// From now on, the line at the bottom stays: it shows states and keys.
    pub(super) fn keep_bottom(&self) {
        self.page.stays.store(true, Ordering::Relaxed);
        self.draw("");
    }

    /// Erases the line at the bottom for good.
    pub(super) fn leave_bottom(&self) {
        self.page.stays.store(false, Ordering::Relaxed);
        self.draw("");
    }

    fn has_keys(&self) -> bool {
        self.page.stays.load(Ordering::Relaxed)
    }

    /// Changes what the bottom line says.
    pub(super) fn change_bottom(&self, change: impl FnOnce(&mut BottomLine)) {
        change(&mut lock(&self.bottom));
        if self.has_keys() {
            self.draw("");
        }
    }

    /// Shows only the lines of this service, or all.
    pub(super) fn show_only(&self, service: Option<String>) {
        *lock(&self.shown) = service;
    }

    /// From now on, nothing but messages and [`Screen::pass_on`] is shown, above a line with this text. `resize` gets the
    /// size of what is left, now and whenever it changes.
    pub(super) fn connect(&self, text: String, is_raw: bool, resize: impl Fn(Size) + Send + 'static) {
        self.is_connected.store(true, Ordering::Relaxed);
        self.stdout.flush(FLUSH_TIMEOUT);
        self.page.pin(Pinned {
            text,
            size: Size::of_ours().unwrap_or(Size::USUAL),
            is_raw,
            resize: Box::new(resize),
        });
    }

    /// The size that is left above the line of [`Screen::connect`].
    pub(super) fn size_above() -> Option<Size> {
        Size::of_ours().map(page::above)
    }

    /// Writes what the service has written, as it is.
    pub(super) fn pass_on(&self, bytes: &[u8]) {
        self.stdout.push_unbounded(bytes);
    }

    /// All lines are shown again.
    pub(super) fn disconnect(&self) {
        self.stdout.flush(FLUSH_TIMEOUT);
        self.page.unpin();
        self.is_connected.store(false, Ordering::Relaxed);
        self.draw("");
    }

    pub(super) fn clear(&self) {
        self.words.push(ScreenOp::Clear);
    }

    /// Erases the bottom line while we are suspended.
    pub(super) fn pause(&self) {
        self.page.pause();
    }

    /// Writes the remaining output; a slow reader is given at most `patience`.
    pub(super) fn finish(&self, patience: Duration) {
        if !self.stdout.flush(patience) {
            let n_lines = self.stdout.give_up();
            if n_lines > 0 {
                self.tell(&format!(
                    "{} {} at the end {} not shown: the output was read too slowly; `{} logs` has {}",
                    self.paint.warn("warning:"),
                    words::count(n_lines, "line"),
                    if n_lines == 1 { "is" } else { "are" },
                    self.program,
                    if n_lines == 1 { "it" } else { "them" },
                ));
            }
        }
        self.tell_left_out();
        self.words.finish(patience);
    }

    fn leave_out(&self, service: &str, lines: &[u8]) {
        let n_lines = memchr::memchr_iter(b'\n', lines).count();
        *lock(&self.left_out).entry(service.to_owned()).or_default() += n_lines;
    }

    fn tell_left_out(&self) {
        for (service, n_lines) in std::mem::take(&mut *lock(&self.left_out)) {
            let program = &self.program;
            self.tell(&format!(
                "{} {} of `{service}` {} not shown: the output was read too slowly; `{program} logs {service}` has {}",
                self.paint.warn("warning:"),
                words::count(n_lines, "line"),
                if n_lines == 1 { "is" } else { "are" },
                if n_lines == 1 { "it" } else { "them" },
            ));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink for Screen {
    fn lines(&self, service: &str, stream: Stream, lines: &[u8]) -> bool {
        let is_other = |shown: &String| shown != service;
        if self.is_connected.load(Ordering::Relaxed) || lock(&self.shown).as_ref().is_some_and(is_other) {
            return true;
        }
        let added = self.stdout.add(|buffer| {
            if !self.json {
                return self.prefixes.push(buffer, service, lines);
            }
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                push_json(
                    buffer,
                    wall(),
                    service,
                    stream,
                    line.strip_suffix(b"\n").unwrap_or(line),
                );
            }
        });
        match added {
            Added::Now => self.tell_left_out(),
            Added::NotYet => return false,
            Added::Never => self.leave_out(service, lines),
        }
        true
    }

    fn shows_colours(&self) -> bool {
        self.colours
    }

    fn leaves_out_checks(&self) -> bool {
        !self.json
    }

    fn size(&self) -> Size {
        let beside_the_name = |ours: Size| Size {
            columns: ours.columns.saturating_sub(self.prefixes.width).max(MIN_WIDTH),
            ..ours
        };
        Size::of_ours().map_or(Size::USUAL, beside_the_name)
    }

    fn trouble(&self, trouble: Diagnostic) {
        self.tell_problem(&trouble);
    }
}
