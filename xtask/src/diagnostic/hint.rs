//! What to do next.

use serde::{Deserialize, Serialize};

use super::Platform;

/// One suggested action. It starts with a verb and contains a command or a key.
///
/// Commands of this program are stored separately, because only the renderer knows its name as the user typed it. What
/// other systems say instead is stored as well, so that all of it can be tested on any system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hint {
    text: String,
    command: Option<OwnCommand>,
    /// What follows the command.
    rest: String,
    /// Renders as "or …": an alternative to the previous hint.
    is_alternative: bool,
    /// The systems where another hint applies, and that hint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<(Platform, Hint)>,
}

/// A command line that runs this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OwnCommand {
    /// Text before the program's name: `sudo `, `PORT=8001 `.
    before: String,
    /// `port kill 8000`.
    arguments: String,
}

impl Hint {
    /// A hint such as `look at it with` that ends with a command of this program, such as `port who 8000`.
    pub(crate) fn run(text: &str, arguments: impl Into<String>) -> Self {
        Hint::run_after(text, "", arguments)
    }

    /// Like [`Hint::run`], with text before the program's name: `sudo `, `cd /shop && `.
    pub(crate) fn run_after(text: &str, before: impl Into<String>, arguments: impl Into<String>) -> Self {
        Hint {
            command: Some(OwnCommand {
                before: before.into(),
                arguments: arguments.into(),
            }),
            ..Hint::from(text)
        }
    }

    /// Appends text after the command, such as `, which ends it`.
    pub(crate) fn then(mut self, rest: &str) -> Self {
        self.rest.push_str(rest);
        self
    }

    /// What the hint says on this system instead, because the command does not exist there.
    pub(crate) fn on(mut self, platform: Platform, instead: impl Into<Hint>) -> Self {
        self.elsewhere.push((platform, instead.into()));
        self
    }

    /// Marks the hint as an alternative if `before` is not empty.
    pub(crate) fn or_after(mut self, before: &[Hint]) -> Self {
        self.is_alternative = !before.is_empty();
        self
    }

    /// Marks the hint as an alternative to the one before it.
    pub(crate) fn or(mut self) -> Self {
        self.is_alternative = true;
        self
    }

    /// Whether the hint runs this subcommand of devtasks, such as `port kill`.
    pub(crate) fn runs(&self, subcommand: &str) -> bool {
        let arguments = self.command.as_ref().map(|command| command.arguments.as_str());
        arguments.is_some_and(|arguments| arguments.starts_with(subcommand))
    }

    /// The text of the hint. `program` is how the user called this program: `cargo xtask` or `devtasks`.
    pub(crate) fn render(&self, program: &str) -> String {
        self.render_on(Platform::here(), program)
    }

    /// The same, as on another system.
    pub(crate) fn render_on(&self, platform: Platform, program: &str) -> String {
        let or = if self.is_alternative { "or " } else { "" };
        let instead = self.elsewhere.iter().find(|(there, _)| *there == platform);
        let Hint {
            text, command, rest, ..
        } = instead.map_or(self, |(_, hint)| hint);
        let command = match command {
            None => String::new(),
            Some(OwnCommand { before, arguments }) => format!(" `{before}{program} {arguments}`"),
        };
        format!("{or}{text}{command}{rest}")
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
            elsewhere: Vec::new(),
        }
    }
}
