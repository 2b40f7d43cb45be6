//! What to do next.

use serde::{Deserialize, Serialize};

/// One thing to do; it starts with a verb and holds a command or a key.
///
/// A command of this program is kept apart from the text, for only the renderer knows under which name the user called it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hint {
    text: String,
    command: Option<OwnCommand>,
    /// What follows the command.
    rest: String,
    /// It is another way to do what the hint before it does.
    is_alternative: bool,
}

/// A command line that runs this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OwnCommand {
    /// What stands before the program's name: `sudo `, `PORT=8001 `.
    before: String,
    /// `port kill 8000`.
    arguments: String,
}

impl Hint {
    /// `look at it with`, and the arguments: `port who 8000`.
    pub(crate) fn run(text: &str, arguments: impl Into<String>) -> Self {
        Hint::run_after(text, "", arguments)
    }

    /// The same with something before the program's name: `sudo `, `cd /shop && `.
    pub(crate) fn run_after(text: &str, before: impl Into<String>, arguments: impl Into<String>) -> Self {
        Hint {
            command: Some(OwnCommand {
                before: before.into(),
                arguments: arguments.into(),
            }),
            ..Hint::from(text)
        }
    }

    /// What follows the command, such as `, which ends it`.
    pub(crate) fn then(mut self, rest: &str) -> Self {
        self.rest.push_str(rest);
        self
    }

    /// Another way, if there is a first one.
    pub(crate) fn or_after(mut self, before: &[Hint]) -> Self {
        self.is_alternative = !before.is_empty();
        self
    }

    /// The command is one of this program, and this subcommand: `port kill`.
    pub(crate) fn runs(&self, subcommand: &str) -> bool {
        let arguments = self.command.as_ref().map(|command| command.arguments.as_str());
        arguments.is_some_and(|arguments| arguments.starts_with(subcommand))
    }

    /// `program` is this program as the user called it: `cargo xtask` or `devtasks`.
    pub(crate) fn render(&self, program: &str) -> String {
        let or = if self.is_alternative { "or " } else { "" };
        let command = match &self.command {
            None => String::new(),
            Some(OwnCommand { before, arguments }) => format!(" `{before}{program} {arguments}`"),
        };
        format!("{or}{}{command}{}", self.text, self.rest)
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Hint::from(text.to_owned())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Hint {
            text,
            command: None,
            rest: String::new(),
            is_alternative: false,
        }
    }
}
