//! What `up` shows while it runs: states and what is waited for on stderr, the services' lines on stdout.
//!
//! Nobody who calls waits for a reader: stdout and stderr each have a queue and a thread of their own that writes. Where
//! stdout is read too slowly, lines are left out and counted; they are in the files all the same.

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
    /// Lines that were left out, by service, and not told yet.
    left_out: Mutex<BTreeMap<String, usize>>,
    program: String,
}

/// What the driver has to say.
enum ScreenOp {
    /// For people.
    Tell(String),
    /// The line at the bottom; empty for none.
    Draw(String),
}

/// Both outputs: a stdout that nobody reads does not keep stderr from being written.
struct TerminalOutput {
    paint: Paint,
    program: String,
    gone: Sender<Message>,
    /// Both are the same terminal, so a line for stdout first erases what is drawn.
    shared: bool,
    /// Text of the line that is drawn at the bottom of the terminal; empty for none.
    drawn: Mutex<String>,
}

/// What is said waits so long for the lines that came before it.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

/// Below this programs draw nothing sensible any more.
const MIN_WIDTH: u16 = 20;

impl Screen {
    /// `services` are all that may ever run, in the order of the file.
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

    /// Something happened: for people.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            self.tell(text);
        }
    }

    /// Something went wrong: for people, even if they asked for quiet.
    pub(super) fn tell(&self, text: &str) {
        self.words.push(ScreenOp::Tell(format!("{text}\n")));
    }

    /// A JSON event; nothing in human form.
    pub(super) fn event(&self, line: &str) {
        if self.json {
            self.stdout.push_unbounded(line.as_bytes());
        }
    }

    /// Redraws the line at the bottom; an empty one erases it.
    pub(super) fn draw(&self, text: &str) {
        if self.draws {
            let text = console::truncate_str(text, self.width.saturating_sub(1), "…");
            self.words.push(ScreenOp::Draw(text.into_owned()));
        }
    }

    /// Everything has been said; a reader that does not read is given this long.
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
        // Held until the bytes are out, so that nothing is drawn into them.
        let mut drawn = self.shared.then(|| lock(&self.drawn));
        if let Some(drawn) = &mut drawn {
            erase(drawn);
        }
        let written = Output::Stdout.write(bytes);
        drop(drawn);
        if let Err(error) = &written {
            match error.kind() {
                // The driver may have ended: then there is nothing left to stop.
                ErrorKind::BrokenPipe => drop(self.gone.send(Message::OutputClosed)),
                _ => super::tell(&problem(&super::unwritable(error), &self.program, self.paint)),
            }
        }
        written
    }
}

fn erase(drawn: &mut String) {
    if !std::mem::take(drawn).is_empty() {
        // A terminal that cannot go back to the start of its line keeps the text.
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
