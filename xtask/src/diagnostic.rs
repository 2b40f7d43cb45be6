//! Diagnostics: what happened, where the user wrote it, what to do next, and the exit code that follows.
//!
//! A [`Diagnostic`] is data; `report` renders it as text or JSON at the end. No code parses a message or a hint:
//! decisions use [`Code`] and the subject.

mod code;
mod exit;
mod hint;
mod place;
mod platform;

use serde::{Deserialize, Serialize};

pub(crate) use code::{Code, ConflictKind};
pub(crate) use exit::Exit;
pub(crate) use hint::Hint;
pub(crate) use place::Place;
pub(crate) use platform::Platform;

/// One fact. `S` says what it is about; it is `()` if the message says everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Diagnostic<S = ()> {
    pub(crate) code: Code,
    pub(crate) level: Level,
    /// Lower case, no full stop, backticks around anything that can be typed.
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// In the order in which they should be tried.
    pub(crate) hints: Vec<Hint>,
    /// The exit code of a command that reports this.
    pub(crate) exit: Exit,
    pub(crate) subject: S,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Level {
    Ok,
    Unknown,
    Warn,
    Fail,
}

impl<S> Diagnostic<S> {
    /// Whether all is well, and some want to know more: shown with `-v`. That a port is free or ours is no note.
    pub(crate) fn is_note(&self) -> bool {
        self.level == Level::Ok && self.code != Code::PortFree && !self.code.is_port_taken()
    }
}

impl Diagnostic {
    /// A failure with the general code [`Code::Config`] and exit code [`Exit::Failed`].
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Diagnostic {
            code: Code::Config,
            level: Level::Fail,
            message: message.into(),
            place: None,
            hints: Vec::new(),
            exit: Exit::Failed,
            subject: (),
        }
    }

    pub(crate) fn about<S>(self, subject: S) -> Diagnostic<S> {
        let Diagnostic {
            code,
            level,
            message,
            place,
            hints,
            exit,
            subject: (),
        } = self;
        Diagnostic {
            code,
            level,
            message,
            place,
            hints,
            exit,
            subject,
        }
    }
}

impl<S> Diagnostic<S> {
    pub(crate) fn code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.hints.extend(hints);
        self
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

/// The problems that made a command fail; never empty.
#[derive(Debug)]
pub(crate) struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl Diagnostics {
    /// Sets the exit code of every problem except usage errors to `exit`.
    pub(crate) fn ending_with(mut self, exit: Exit) -> Self {
        for problem in self.0.iter_mut().filter(|problem| problem.exit != Exit::Usage) {
            problem.exit = exit;
        }
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(problem: Diagnostic) -> Self {
        Diagnostics(vec![problem])
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Diagnostics(problems)
    }
}
