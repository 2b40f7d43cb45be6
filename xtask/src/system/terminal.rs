//! The standard streams, the terminal size, and questions to the user.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::os;
use super::threads::{self, Stack};
use crate::diagnostic::Diagnostic;
pub(crate) use crate::protocol::Size;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set; everywhere if `CLICOLOR_FORCE` is.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TerminalInfo {
    pub(crate) colour_stdout: bool,
    pub(crate) colour_stderr: bool,
    /// Stdout is a terminal.
    pub(crate) stdout_is_tty: bool,
    /// Stdout is a pipe, whose reader may write to the same terminal.
    pub(crate) stdout_is_piped: bool,
    /// Whether a line on stderr can be redrawn.
    pub(crate) can_redraw: bool,
    /// Whether the user can be asked: stdin and stderr are terminals, we are in the foreground, and `CI` is not set.
    pub(crate) interactive: bool,
    /// `CI` is set, so nothing is asked.
    pub(crate) is_ci: bool,
    /// Characters per line.
    pub(crate) width: usize,
    /// Only ASCII is sure to be shown: the terminal is dumb, or the locale is not one of UTF-8.
    pub(crate) is_ascii: bool,
}

impl TerminalInfo {
    pub(crate) fn look(colour: Colour) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let understood = os::enable_colours();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let coloured = |is_terminal: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            // https://no-color.org and https://bixense.com/clicolors
            Colour::Auto if is_set("NO_COLOR") => false,
            Colour::Auto if std::env::var("CLICOLOR_FORCE").is_ok_and(|value| !value.is_empty() && value != "0") => {
                true
            }
            Colour::Auto => is_terminal && understood && !is_dumb,
        };
        TerminalInfo {
            colour_stdout: coloured(stdout),
            colour_stderr: coloured(stderr),
            stdout_is_tty: stdout,
            stdout_is_piped: os::stdout_is_pipe(),
            can_redraw: stderr && understood && !is_dumb,
            interactive: io::stdin().is_terminal() && stderr && !is_set("CI") && os::is_in_foreground(),
            is_ci: is_set("CI"),
            width: console::Term::stderr()
                .size_checked()
                .map_or(100, |(_, columns)| usize::from(columns)),
            is_ascii: is_dumb || !shows_utf8(locale),
        }
    }
}

/// Whether the first of these variables that is set names UTF-8. Without any, as on Windows, the terminal is trusted with it,
/// as in everything else we write.
///
/// Source: POSIX.1-2024, Base Definitions, 8.2: the order, and that an empty one counts as not set.
fn shows_utf8(locale: [String; 3]) -> bool {
    let first = locale.iter().find(|value| !value.is_empty());
    let name = first.map(|value| value.to_ascii_lowercase().replace('-', ""));
    name.is_none_or(|name| name.contains("utf8"))
}

/// An output stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

impl Output {
    /// Writes all bytes, waiting for a slow reader. Another program may have made the stream non-blocking, which
    /// affects all its users (fcntl(2), `O_NONBLOCK` is a flag of the open file, not of the descriptor). That program
    /// may rely on the flag, so it is kept.
    ///
    /// # Errors
    /// The stream accepts no more output.
    pub(crate) fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Output::Stdout => self.write_to(io::stdout().lock(), bytes),
            Output::Stderr => self.write_to(io::stderr().lock(), bytes),
        }
    }

    fn write_to(self, mut stream: impl Write, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let written = match bytes {
                [] => stream.flush().map(|()| 0),
                bytes => stream.write(bytes),
            };
            match written {
                Ok(0) if bytes.is_empty() => return Ok(()),
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => bytes = &bytes[length..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => os::wait_until_writable(self)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// How what is typed at our terminal reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    /// Each key at once, unseen. Ctrl-C and Ctrl-Z are signals.
    Keys,
    /// Every key at once, unseen, also Ctrl-C. What we write is shown as it is, also line feeds.
    Raw,
    /// Whole lines, edited as usual. [`LEAVE`] ends a line, too.
    Lines,
}

/// Ctrl-], which leaves an attached service.
pub(crate) const LEAVE: u8 = 0x1d;

impl Size {
    /// The default size.
    pub(crate) const USUAL: Size = Size { rows: 24, columns: 80 };

    /// The current size of the terminal at stdout, or else at stderr.
    pub(crate) fn of_ours() -> Option<Self> {
        let streams = [console::Term::stdout(), console::Term::stderr()];
        let (rows, columns) = streams.iter().find_map(console::Term::size_checked)?;
        Some(Size { rows, columns })
    }
}

/// Performs work in order on a separate thread, for output that may have to wait for its reader.
#[derive(Debug)]
pub(crate) struct SerialWorker<T> {
    queue: Sender<Errand<T>>,
}

#[derive(Debug)]
enum Errand<T> {
    Do(T),
    /// Signals that all earlier work is done.
    Done(Sender<()>),
}

impl<T: Send + 'static> SerialWorker<T> {
    /// # Errors
    /// The system has no room for the thread.
    pub(crate) fn new(mut perform: impl FnMut(T) + Send + 'static) -> Result<Self, Diagnostic> {
        let (queue, errands) = channel();
        let work = move || {
            for errand in errands {
                match errand {
                    Errand::Do(errand) => perform(errand),
                    // The receiver may have timed out.
                    Errand::Done(tell) => drop(tell.send(())),
                }
            }
        };
        threads::start("screen", Stack::Small, work)?;
        Ok(SerialWorker { queue })
    }

    pub(crate) fn push(&self, errand: T) {
        self.queue
            .send(Errand::Do(errand))
            .expect("the thread works as long as it is asked to");
    }

    /// Waits until all work is done, at most `patience`.
    pub(crate) fn finish(&self, patience: Duration) {
        let (tell, done) = channel();
        let _ = self.queue.send(Errand::Done(tell));
        let _ = done.recv_timeout(patience);
    }
}

/// Sleeps while waiting for something that sends no notification.
pub(crate) fn pause(time: Duration) {
    std::thread::park_timeout(time);
}

/// Reads a line from the terminal on a separate thread, so that Ctrl-C is still handled, and passes it to `hand_on`.
///
/// # Errors
/// The system has no room for a thread.
pub(crate) fn read_line(hand_on: impl FnOnce(String) + Send + 'static) -> Result<(), Diagnostic> {
    let read = move || {
        // End of input counts as an empty answer.
        hand_on(os::read_line().unwrap_or_default());
    };
    threads::start("answer", Stack::Usual, read)
}
