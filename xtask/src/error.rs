//! What goes wrong, in words for the user: `Problem`, where it was written (`Place`) and how the program ends (`Exit`).
//!
//! Rendering is `report::problem`; this module holds values only.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One thing that is wrong: a fact, where the user wrote it, and what to type next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// Lower case, no full stop, backticks round anything that can be typed.
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// Each starts with a verb and holds a command or a key.
    pub(crate) hints: Vec<String>,
    pub(crate) exit: Exit,
    /// As a finding: `env.missing`. Empty for a problem that is none.
    pub(crate) code: Cow<'static, str>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Problem {
            message: message.into(),
            place: None,
            hints: Vec::new(),
            exit: Exit::Failed,
            code: Cow::Borrowed(""),
        }
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Cow::Borrowed(code);
        self
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Hints of a supervisor, which calls the program `devtasks`, with what this user typed.
    pub(crate) fn with_program_name(mut self, program: &str) -> Self {
        for hint in &mut self.hints {
            *hint = hint.replace("`devtasks ", &format!("`{program} "));
        }
        self
    }
}

/// Everything that keeps a command from doing its work; never empty.
#[derive(Debug)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// For a command that knows no other code: whatever is no wrong usage ends it with `exit`.
    pub(crate) fn ending_with(mut self, exit: Exit) -> Self {
        for problem in self.0.iter_mut().filter(|problem| problem.exit != Exit::Usage) {
            problem.exit = exit;
        }
        self
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Problems(problems)
    }
}

/// A spot in a file the user wrote. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// As the user would name it: relative to the project's directory where possible.
    pub(crate) file: Arc<PathBuf>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text of that line, without its end.
    pub(crate) source: String,
    /// How many characters from `column` on are meant; at least 1.
    pub(crate) width: usize,
    /// The table it stands in, such as `[services.backend]`; empty where there is none.
    pub(crate) table: String,
}

/// How the program ends: the codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Exit {
    Done,
    /// A service or a check failed.
    Failed,
    /// Wrong usage, or `devtasks.toml` is wrong.
    Usage,
    /// A port stays busy, or was lost during the start.
    PortBusy,
    /// Not ready in time.
    NotReady,
    /// A command, venv, interpreter, env file or directory is missing.
    Missing,
    /// A protected owner, another checkout's process, or a kill nobody confirmed.
    Refused,
    /// A process did not exit after SIGKILL, or a port did not come free.
    Survived,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::PortBusy => 3,
            Exit::NotReady => 4,
            Exit::Missing => 5,
            Exit::Refused => 6,
            Exit::Survived => 7,
            Exit::Interrupted => 130,
        }
    }

    /// The one to end with when several apply: the first of 130, 2, 7, 6, 3, 5, 4, 1.
    pub(crate) fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
        exits
            .into_iter()
            .max_by_key(|exit| exit.severity())
            .unwrap_or(Exit::Done)
    }

    fn severity(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::NotReady => 2,
            Exit::Missing => 3,
            Exit::PortBusy => 4,
            Exit::Refused => 5,
            Exit::Survived => 6,
            Exit::Usage => 7,
            Exit::Interrupted => 8,
        }
    }
}
