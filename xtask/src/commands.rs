//! One file for each subcommand, and the [`Context`] that they share. Only these modules print.

mod answer;
pub(crate) mod attach;
mod bottom_line;
pub(crate) mod completions;
pub(crate) mod compose;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod env;
mod events;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod init;
mod leftovers;
pub(crate) mod logs;
mod long_wait;
mod lost_ports;
pub(crate) mod metrics;
pub(crate) mod port;
mod prefixes;
mod proposed;
mod replies;
pub(crate) mod restart;
pub(crate) mod run;
pub(crate) mod schema;
mod screen;
pub(crate) mod status;
mod stopping;
mod stranded;
pub(crate) mod supervise;
mod timings;
pub(crate) mod up;
pub(crate) mod venv;
mod watched;
mod watching;
pub(crate) mod why;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::ports::Finding;
use crate::report;
use crate::report::card::RenderContext;
use crate::report::paint::Paint;
use crate::system::terminal::{Colour, Output, TerminalInfo};
use crate::system::{clock, os, problem};

/// Undoes what a program may have left in our terminal: another screen, a hidden cursor, modes of keys, mouse and paste,
/// colours, a region that scrolls. The cursor stays.
///
/// Source: xterm, "Control Sequences", DECRST, DECKPNM, SGR, DECSTBM.
const AS_BEFORE: &str =
    "\x1b[?47l\x1b[?25h\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[m\x1b7\x1b[r\x1b8";

/// How a command ends: with an exit code, or with everything that kept it from doing its work.
pub(crate) type CommandResult = Result<Exit, Diagnostics>;

/// What every command knows of how it was called.
#[derive(Clone)]
pub(crate) struct Context {
    /// As the user typed it: `cargo xtask`, `devtasks`, `cargo devtasks`.
    pub(crate) program: String,
    /// The whole command, for the audit log.
    pub(crate) typed: String,
    /// `--file`.
    pub(crate) file: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) terminals: TerminalInfo,
    pub(crate) home: Option<PathBuf>,
}

impl Context {
    /// The same without JSON: stdout belongs to another command.
    fn for_people(&self) -> Context {
        Context {
            json: false,
            ..self.clone()
        }
    }

    /// Colour for what goes to stdout.
    fn paint(&self) -> Paint {
        self.paint_in(self.terminals.colour_stdout)
    }

    /// Colour for what goes to stderr.
    fn paint_stderr(&self) -> Paint {
        self.paint_in(self.terminals.colour_stderr)
    }

    fn paint_in(&self, colour: bool) -> Paint {
        Paint::of(colour, self.terminals.is_ascii, self.terminals.width)
    }

    fn reader(&self, paint: Paint) -> RenderContext<'_> {
        let (now, home, uid, width) = (clock::wall(), self.home.as_deref(), os::user_id(), self.terminals.width);
        RenderContext {
            paint,
            program: &self.program,
            now,
            home,
            uid,
            width,
        }
    }

    /// What is in the way, for stderr: with cards on a terminal, as an error off it.
    fn render_finding(&self, finding: &Finding) -> String {
        let reader = self.reader(self.paint_stderr());
        let text = match self.terminals.can_redraw && !finding.subject.owners.is_empty() {
            true => report::finding::conflict(finding, &reader),
            false => report::finding::finding(finding, &reader),
        };
        format!("{}\n\n", text.trim_end())
    }

    /// Progress and remarks, which `--quiet` silences.
    fn say(&self, text: &str) {
        if !self.quiet && !self.json {
            tell(&format!("{text}\n"));
        }
    }

    /// The command's answer. A reader that has gone away wants no more of it.
    fn print(&self, text: &str) -> Result<(), StdoutClosed> {
        Output::Stdout.write(text.as_bytes()).map_err(|error| {
            if error.kind() == ErrorKind::BrokenPipe {
                return StdoutClosed(Exit::Done);
            }
            StdoutClosed(self.fail(&[unwritable(&error)]))
        })
    }

    /// All problems, each with an empty line before the next; the code that the most important of them asks for.
    pub(crate) fn fail(&self, problems: &[Diagnostic]) -> Exit {
        let texts: Vec<_> = problems
            .iter()
            .map(|it| report::problem::problem(it, &self.program, self.paint_stderr()))
            .collect();
        tell(&texts.join("\n"));
        Exit::worst(problems.iter().map(|problem| problem.exit))
    }
}

/// A duration as an argument.
fn duration(text: &str) -> Result<Duration, String> {
    crate::config::duration::parse(text).map_err(as_argument)
}

/// What is wrong with an argument, as clap wants it.
fn as_argument(problem: Diagnostic) -> String {
    let hints = problem.hints.iter().map(|hint| hint.render("devtasks"));
    let facts = std::iter::once(problem.message).chain(hints);
    facts.collect::<Vec<_>>().join("; ")
}

/// To stderr. Unlike `eprint!` it does not panic: the terminal may have been closed.
fn tell(text: &str) {
    let _ = Output::Stderr.write(text.as_bytes());
}

/// Help, or what is wrong with the arguments. A reader that has gone away wants no more of it.
pub(crate) fn print_help(text: &str, is_error: bool) {
    let terminals = TerminalInfo::look(Colour::Auto);
    let (output, colour) = match is_error {
        true => (Output::Stderr, terminals.colour_stderr),
        false => (Output::Stdout, terminals.colour_stdout),
    };
    let text = report::help::help(text, Paint::new(colour), terminals.width);
    let _ = output.write(text.as_bytes());
}

/// What is wrong with the arguments, in the words of our own messages.
pub(crate) fn print_problem(problem: &Diagnostic, program: &str) -> Exit {
    let terminals = TerminalInfo::look(Colour::Auto);
    let paint = Paint::of(terminals.colour_stderr, terminals.is_ascii, terminals.width);
    tell(&report::problem::problem(problem, program, paint));
    problem.exit
}

/// After a panic; where it was stands above.
pub(crate) fn bug() -> Exit {
    let problem = Diagnostic::new("this is a bug in devtasks itself")
        .hint("report it with the lines above; `RUST_BACKTRACE=1` before the command shows more of them");
    tell(&report::problem::problem(&problem, "devtasks", Paint::new(false)));
    problem.exit
}

/// Stdout takes no more, and the command ends with this.
struct StdoutClosed(Exit);

/// A broken pipe ends a command quietly.
fn exit_after_print(printed: Result<(), StdoutClosed>, exit: Exit) -> Exit {
    match printed {
        Ok(()) => exit,
        Err(StdoutClosed(exit)) => exit,
    }
}

fn unwritable(error: &std::io::Error) -> Diagnostic {
    problem("write", Path::new("stdout"), error)
}
