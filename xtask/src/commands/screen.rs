//! What `up` shows while it runs: states and what is waited for on stderr, the services' lines on stdout.
//!
//! Threads that read logs write here themselves, and wait where stdout has no room. The driver must never wait: a thread
//! of its own writes what it says. One lock keeps lines whole and the drawn line at the bottom.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Stdout, Write};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Problem;
use crate::report::json::{self, LogLine, StreamName};
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::world::clock::wall;
use crate::world::driver::Message;
use crate::world::logs::{Sink, Stream};
use crate::world::terminal::Errands;

pub(super) struct Screen {
    json: bool,
    quiet: bool,
    paint: Paint,
    draws: bool,
    width: usize,
    /// `backend  | `, in the service's colour.
    prefixes: BTreeMap<String, String>,
    page: Arc<Page>,
    words: Errands<Word>,
}

/// What the driver has to say.
enum Word {
    /// For people.
    Tell(String),
    /// A JSON event.
    Event(String),
    /// The line at the bottom; empty for none.
    Draw(String),
}

/// Both outputs, each with a lock of its own: a stdout that nobody reads does not keep stderr from being written.
struct Page {
    paint: Paint,
    gone: Sender<Message>,
    /// Both are the same terminal, so a line for stdout first erases what is drawn.
    shared: bool,
    stdout: Mutex<Out>,
    /// Text of the line that is drawn at the bottom of the terminal; empty for none.
    drawn: Mutex<String>,
}

struct Out {
    stdout: Stdout,
    /// It takes no more.
    closed: bool,
    buffer: Vec<u8>,
}

impl Screen {
    /// `services` are all that may ever run, in the order of the file.
    pub(super) fn new(context: &super::Context, services: &[String], gone: Sender<Message>) -> Self {
        let width = services
            .iter()
            .map(|name| console::measure_text_width(name))
            .max()
            .unwrap_or(0);
        let prefix = |(at, name): (usize, &String)| {
            (
                name.clone(),
                format!("{} ", context.paint().nth(at, &format!("{name:<width$} |"))),
            )
        };
        let page = Arc::new(Page {
            paint: context.paint_stderr(),
            gone,
            shared: context.terminals.draws && context.terminals.shows,
            stdout: Mutex::new(Out {
                stdout: std::io::stdout(),
                closed: false,
                buffer: Vec::new(),
            }),
            drawn: Mutex::default(),
        });
        Screen {
            json: context.json,
            quiet: context.quiet,
            paint: context.paint_stderr(),
            draws: context.terminals.draws && !context.json && !context.quiet,
            width: context.terminals.width,
            prefixes: services.iter().enumerate().map(prefix).collect(),
            words: Errands::new({
                let page = Arc::clone(&page);
                move |word| page.put(word)
            }),
            page,
        }
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
        self.words.push(Word::Tell(format!("{text}\n")));
    }

    /// A JSON event; nothing in human form.
    pub(super) fn event(&self, line: &str) {
        if self.json {
            self.words.push(Word::Event(line.to_owned()));
        }
    }

    /// Draws the line at the bottom anew; an empty one erases it.
    pub(super) fn draw(&self, text: &str) {
        if self.draws {
            let text = console::truncate_str(text, self.width.saturating_sub(1), "…");
            self.words.push(Word::Draw(text.into_owned()));
        }
    }

    /// Everything has been said; a reader that does not read is given this long.
    pub(super) fn finish(&self, patience: Duration) {
        self.words.finish(patience);
    }
}

impl Page {
    fn put(&self, word: Word) {
        match word {
            Word::Tell(text) => {
                let mut drawn = lock(&self.drawn);
                erase(&mut drawn);
                super::tell(&text);
            }
            Word::Event(line) => self.write(&mut lock(&self.stdout), line.as_bytes()),
            Word::Draw(text) => {
                let mut drawn = lock(&self.drawn);
                if *drawn != text {
                    erase(&mut drawn);
                    super::tell(&self.paint.dim(&text));
                    *drawn = text;
                }
            }
        }
    }

    fn write(&self, out: &mut Out, bytes: &[u8]) {
        if out.closed {
            return;
        }
        // Held until the bytes are out, so that nothing is drawn into them.
        let mut drawn = self.shared.then(|| lock(&self.drawn));
        if let Some(drawn) = &mut drawn {
            erase(drawn);
        }
        let written = out.stdout.write_all(bytes).and_then(|()| out.stdout.flush());
        drop(drawn);
        if let Err(error) = written {
            out.closed = true;
            match error.kind() {
                // The driver may have ended: then there is nothing left to stop.
                ErrorKind::BrokenPipe => drop(self.gone.send(Message::OutputClosed)),
                _ => super::tell(&problem(&super::unwritable(&error), self.paint)),
            }
        }
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
    fn lines(&self, service: &str, stream: Stream, lines: &[u8]) {
        let mut out = lock(&self.page.stdout);
        let mut buffer = std::mem::take(&mut out.buffer);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if self.json {
                push_json(&mut buffer, service, stream, line);
            } else {
                buffer.extend_from_slice(self.prefixes.get(service).map_or("", String::as_str).as_bytes());
                buffer.extend_from_slice(line);
            }
        }
        self.page.write(&mut out, &buffer);
        buffer.clear();
        out.buffer = buffer;
    }

    fn trouble(&self, trouble: Problem) {
        self.tell(problem(&trouble, self.paint).trim_end());
    }
}

fn push_json(buffer: &mut Vec<u8>, service: &str, stream: Stream, line: &[u8]) {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
    let stream = match stream {
        Stream::Stdout => StreamName::Stdout,
        Stream::Stderr => StreamName::Stderr,
    };
    let event = json::event(
        wall(),
        "log",
        LogLine {
            service,
            stream,
            line: &text,
        },
    );
    buffer.extend_from_slice(json::line(&event).as_bytes());
}
