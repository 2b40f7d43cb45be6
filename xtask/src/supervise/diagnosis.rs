//! Why a service ended, read from its exit status and its last lines.
//!
//! The rules are data: which words of which runtimes mean which cause. What they lead to (the owner of the port, the
//! venv to fill) is added by whoever has the facts.

use serde::{Deserialize, Serialize};

use super::Status;
use crate::error::Exit;

/// A cause that the log or the exit status shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Diagnosis {
    pub(crate) kind: Kind,
    /// The line of the log that shows it; empty when the exit status does.
    pub(crate) evidence: String,
    pub(crate) exit: Exit,
    /// What to do, where it is known.
    pub(crate) hints: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// EADDRINUSE in the service's own words.
    PortBusy,
    /// Python found no such module.
    PythonModuleMissing,
    /// Node found no such module.
    NodeModuleMissing,
    /// A shell did not find a command.
    CommandNotFound,
    /// It may not do what it tried, such as to bind a privileged port.
    Denied,
}

impl Kind {
    /// The cause in words, after "backend failed: ".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Kind::PortBusy => "its port is already in use",
            Kind::PythonModuleMissing => "a Python package is missing",
            Kind::NodeModuleMissing => "a Node module is missing",
            Kind::CommandNotFound => "a command was not found",
            Kind::Denied => "permission denied",
        }
    }
}

impl Kind {
    /// Another start would end in the same way.
    pub(crate) fn repeats(self) -> bool {
        match self {
            Kind::PortBusy | Kind::CommandNotFound | Kind::Denied => true,
            Kind::PythonModuleMissing | Kind::NodeModuleMissing => true,
        }
    }
}

/// The last line that a rule knows decides: what is said last is nearest to the end.
pub(crate) fn diagnosis(status: Status, tail: &[String]) -> Option<Diagnosis> {
    if status.code == Some(0) {
        return None;
    }
    tail.iter().rev().find_map(|line| {
        // Runtimes may colour their last words.
        let line = console::strip_ansi_codes(line);
        let lower = line.to_lowercase();
        let rule = RULES
            .iter()
            .find(|rule| rule.words.iter().all(|words| lower.contains(words)))?;
        let exit = match rule.kind {
            Kind::PortBusy => Exit::PortBusy,
            Kind::CommandNotFound => Exit::Missing,
            Kind::PythonModuleMissing | Kind::NodeModuleMissing | Kind::Denied => Exit::Failed,
        };
        Some(Diagnosis {
            kind: rule.kind,
            evidence: line.trim().to_owned(),
            exit,
            hints: Vec::new(),
        })
    })
}

struct Rule {
    kind: Kind,
    /// All of them stand in the line; lower case.
    words: &'static [&'static str],
}

/// From the runtimes' own messages; see the tests for each in full.
const RULES: &[Rule] = &[
    Rule {
        kind: Kind::PortBusy,
        words: &["address already in use"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["eaddrinuse"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["[errno 98]"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["[errno 48]"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["[errno 10048]"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["only one usage of each socket address"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["port", "is already in use"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["port", "is in use by another program"],
    },
    Rule {
        kind: Kind::PortBusy,
        words: &["could not create server tcp listening socket", "bind"],
    },
    Rule {
        kind: Kind::PythonModuleMissing,
        words: &["modulenotfounderror: no module named"],
    },
    Rule {
        kind: Kind::PythonModuleMissing,
        words: &["importerror: no module named"],
    },
    Rule {
        kind: Kind::PythonModuleMissing,
        words: &[": no module named "],
    },
    Rule {
        kind: Kind::NodeModuleMissing,
        words: &["cannot find module"],
    },
    Rule {
        kind: Kind::NodeModuleMissing,
        words: &["cannot find package"],
    },
    Rule {
        kind: Kind::NodeModuleMissing,
        words: &["err_module_not_found"],
    },
    Rule {
        kind: Kind::CommandNotFound,
        words: &["command not found"],
    },
    Rule {
        kind: Kind::CommandNotFound,
        words: &["sh: ", ": not found"],
    },
    Rule {
        kind: Kind::Denied,
        words: &["[errno 13] permission denied"],
    },
    Rule {
        kind: Kind::Denied,
        words: &["listen eacces"],
    },
    Rule {
        kind: Kind::Denied,
        words: &["bind: permission denied"],
    },
];

#[cfg(test)]
mod tests;
