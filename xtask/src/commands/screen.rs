//! The output of `up`: states and progress on stderr, the services' lines on stdout.
//!
//! Callers never block on a slow reader: stdout and stderr each have a queue and a thread that writes. If stdout is
//! read too slowly, lines are dropped and counted; they are still in the log files.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::commands::prefixes::{Prefixes, push_json};
use crate::diagnostic::Diagnostic;
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::report::words;
use crate::run::driver::Message;
use crate::run::logs::{Sink, Stream};
use crate::system::clock::wall;
use crate::system::output_queue::{Added, OutputQueue};
use crate::system::terminal::{Output, SerialWorker, Size};

pub(super) struct Screen {
    json: bool,
    quiet: bool,
    paint: Paint,
    colours: bool,
    draws: bool,
    width: usize,
    prefixes: Prefixes,
    stdout: OutputQueue,
    words: SerialWorker<ScreenOp>,
    /// The number of dropped lines that have not been reported yet, by service.
    left_out: Mutex<BTreeMap<String, usize>>,
    program: String,
}

/// Output of the driver.
enum ScreenOp {
    /// A message for the user.
    Tell(String),
    /// The line at the bottom; empty for none.
    Draw(String),
}

/// Both outputs, independent of each other: a blocked stdout does not block stderr.
struct TerminalOutput {
    paint: Paint,
    program: String,
    gone: Sender<Message>,
    /// Both are the same terminal, so the drawn line is erased before a line on stdout.
    shared: bool,
    /// The line drawn at the bottom of the terminal; empty for none.
    drawn: Mutex<String>,
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
            drawn: Mutex::default(),
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
            width: context.terminals.width,
            prefixes: Prefixes::new(services, context.paint()),
            words: SerialWorker::new({
                let stdout = stdout.clone();
                move |word| {
                    if matches!(word, ScreenOp::Tell(_)) {
                        stdout.flush(FLUSH_TIMEOUT);
                    }
                    page.put(word);
                }
            })?,
            stdout,
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

    /// An event, written only in JSON mode.
    pub(super) fn event(&self, line: &str) {
        if self.json {
            self.stdout.push_unbounded(line.as_bytes());
        }
    }

    /// Redraws the line at the bottom; an empty text erases it.
    pub(super) fn draw(&self, text: &str) {
        if self.draws {
            let text = console::truncate_str(text, self.width.saturating_sub(1), "…");
            self.words.push(ScreenOp::Draw(text.into_owned()));
        }
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

impl TerminalOutput {
    fn put(&self, word: ScreenOp) {
        match word {
            ScreenOp::Tell(text) => {
                let mut drawn = lock(&self.drawn);
                erase(&mut drawn);
                super::tell(&text);
            }
            ScreenOp::Draw(text) => {
                let mut drawn = lock(&self.drawn);
                if *drawn != text {
                    erase(&mut drawn);
                    super::tell(&self.paint.dim(&text));
                    *drawn = text;
                }
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        // Held until the bytes are written, so that no line is drawn into them.
        let mut drawn = self.shared.then(|| lock(&self.drawn));
        if let Some(drawn) = &mut drawn {
            erase(drawn);
        }
        let written = Output::Stdout.write(bytes);
        drop(drawn);
        if let Err(error) = &written {
            match error.kind() {
                // If the driver has ended, there is nothing left to stop.
                ErrorKind::BrokenPipe => drop(self.gone.send(Message::OutputClosed)),
                _ => super::tell(&problem(&super::unwritable(error), &self.program, self.paint)),
            }
        }
        written
    }
}

fn erase(drawn: &mut String) {
    if !std::mem::take(drawn).is_empty() {
        // A terminal that cannot move the cursor to the start of the line keeps the text.
        let _ = console::Term::stderr().clear_line();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink for Screen {
    fn lines(&self, service: &str, stream: Stream, lines: &[u8]) -> bool {
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
