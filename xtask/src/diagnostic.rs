//! What is worth telling the user: a fact, where it was written, what to do next, and how the program ends because of it.
//!
//! A [`Diagnostic`] is data. `report` turns it into text and JSON, at the end. No code reads a message or a hint back:
//! what it is about is in [`Code`] and in the subject.

mod code;
mod exit;
mod hint;
mod place;

use serde::{Deserialize, Serialize};

pub(crate) use code::{Code, ConflictKind};
pub(crate) use exit::Exit;
pub(crate) use hint::Hint;
pub(crate) use place::Place;

/// One fact, with what it is about in `S`; `()` where that is nothing but what the message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Diagnostic<S = ()> {
    pub(crate) code: Code,
    pub(crate) level: Level,
    /// Lower case, no full stop, backticks round anything that can be typed.
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// In the order in which they should be tried.
    pub(crate) hints: Vec<Hint>,
    /// What a command ends with because of it.
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

impl Diagnostic {
    /// A failure without a code of its own.
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

/// Everything that keeps a command from doing its work; never empty.
#[derive(Debug)]
pub(crate) struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl Diagnostics {
    /// For a command that knows no other code: whatever is no wrong usage ends it with `exit`.
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
