//! Words typed so far → what could stand at the cursor.

use clap::{Arg, ArgAction, Command, ValueHint};

use super::DeclaredNames;
use crate::report::explanation;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Candidate {
    Word {
        word: String,
        about: String,
    },
    Files,
    Directories,
    /// What is in the PATH.
    Programs,
}

/// The names of the project whose file this is, or of the nearest one.
pub(super) type NamesOf<'n> = dyn Fn(Option<&str>) -> DeclaredNames + 'n;

/// What could stand for the last of `words`, which may be empty.
pub(super) fn candidates(mut command: Command, words: &[String], names: &NamesOf) -> Vec<Candidate> {
    command.build();
    let Some((current, before)) = words.split_last() else {
        return Vec::new();
    };
    let mut line = Line::new(&command);
    for word in before {
        line.take(word);
    }
    let names = || names(line.file.as_deref());
    let mut found = line.at_cursor(current, &names);
    found.retain(|candidate| match candidate {
        Candidate::Word { word, .. } => word.starts_with(current.as_str()) && !line.given.contains(word),
        Candidate::Files | Candidate::Directories | Candidate::Programs => true,
    });
    found
}

/// A command line as far as it was typed.
struct Line<'c> {
    command: &'c Command,
    /// An option that waits for its value.
    option: Option<&'c Arg>,
    /// How many arguments without a name were given.
    n_positionals: usize,
    /// After `--`, and within a command of the user's own.
    is_plain: bool,
    /// Arguments without a name, which are not offered again.
    given: Vec<String>,
    /// `--file`.
    file: Option<String>,
}

impl<'c> Line<'c> {
    fn new(command: &'c Command) -> Self {
        Line {
            command,
            option: None,
            n_positionals: 0,
            is_plain: false,
            given: Vec::new(),
            file: None,
        }
    }

    fn take(&mut self, word: &str) {
        if let Some(option) = self.option {
            // bash takes `--file=x` apart.
            if word != "=" {
                self.option = None;
                self.value(option, word);
            }
            return;
        }
        match word.strip_prefix("--") {
            Some("") if !self.is_plain => self.is_plain = true,
            Some(long) if !self.is_plain => {
                let (name, value) = long
                    .split_once('=')
                    .map_or((long, None), |(name, value)| (name, Some(value)));
                let option = self.options().find(|arg| long_names(arg).contains(&name));
                match (option, value) {
                    (Some(option), Some(value)) => self.value(option, value),
                    (Some(option), None) if takes_value(option) => self.option = Some(option),
                    (Some(_) | None, _) => {}
                }
            }
            _ if word.len() > 1 && word.starts_with('-') && !self.is_plain => self.take_short(&word[1..]),
            _ => self.take_positional(word),
        }
    }

    /// `-vn` is two options; what follows one with a value is its value.
    fn take_short(&mut self, letters: &str) {
        let last = letters.chars().next_back();
        for letter in letters.chars() {
            let option = self.options().find(|arg| arg.get_short() == Some(letter));
            if let Some(option) = option.filter(|it| takes_value(it)) {
                self.option = (last == Some(letter)).then_some(option);
                return;
            }
        }
    }

    fn take_positional(&mut self, word: &str) {
        let below = self
            .command
            .find_subcommand(word)
            .filter(|_| self.n_positionals == 0 && !self.is_plain);
        if let Some(below) = below {
            self.command = below;
            return;
        }
        // From here on all is the other command's.
        self.is_plain |= self.positional().is_some_and(Arg::is_trailing_var_arg_set);
        self.given.push(word.to_owned());
        self.n_positionals += 1;
    }

    fn value(&mut self, option: &Arg, value: &str) {
        if option.get_id() == "file" {
            self.file = Some(value.to_owned());
        }
    }

    fn options(&self) -> impl Iterator<Item = &'c Arg> + use<'c> {
        let own = self.command.get_arguments().filter(|arg| !arg.is_positional());
        own.filter(|arg| !arg.is_hide_set())
    }

    /// The argument without a name that comes next.
    fn positional(&self) -> Option<&'c Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = all.last().filter(|arg| is_list(arg));
        all.get(self.n_positionals).or(last).copied()
    }

    fn at_cursor(&self, current: &str, names: &dyn Fn() -> DeclaredNames) -> Vec<Candidate> {
        if let Some(option) = self.option {
            // In bash, `=` stands alone.
            return match current {
                "=" => Vec::new(),
                _ => values(option, names, ""),
            };
        }
        if !self.is_plain && current.starts_with('-') {
            return match current.split_once('=') {
                Some((name, _)) => {
                    let mut options = self.options();
                    let option =
                        options.find(|arg| name.strip_prefix("--").is_some_and(|it| long_names(arg).contains(&it)));
                    option.map_or_else(Vec::new, |option| values(option, names, &format!("{name}=")))
                }
                None => self.options().flat_map(|arg| spellings(arg, current)).collect(),
            };
        }
        let mut found = Vec::new();
        if self.n_positionals == 0 && !self.is_plain {
            found.extend(subcommands(self.command));
        }
        found.extend(self.positional().into_iter().flat_map(|arg| values(arg, names, "")));
        found
    }
}

fn subcommands(command: &Command) -> impl Iterator<Item = Candidate> + '_ {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
    shown.map(|below| word(below.get_name(), &first_line(below.get_about())))
}

/// `--detach`; also `-d` while only a `-` is typed.
fn spellings(arg: &Arg, current: &str) -> Vec<Candidate> {
    let about = first_line(arg.get_help());
    let short = arg.get_short().filter(|_| current == "-");
    let long = long_names(arg).into_iter().map(|name| format!("--{name}"));
    let all = short.map(|letter| format!("-{letter}")).into_iter().chain(long);
    all.map(|spelling| word(&spelling, &about)).collect()
}

/// What an argument may be, each with `prefix` in front.
fn values(arg: &Arg, names: &dyn Fn() -> DeclaredNames, prefix: &str) -> Vec<Candidate> {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return shown
            .map(|value| word(&format!("{prefix}{}", value.get_name()), &first_line(value.get_help())))
            .collect();
    }
    let named = |words: Vec<String>, about: &str| -> Vec<Candidate> {
        let words = words.into_iter();
        words.map(|name| word(&format!("{prefix}{name}"), about)).collect()
    };
    match arg.get_id().as_str() {
        "services" | "service" => {
            let names = names();
            [named(names.services, "service"), named(names.tasks, "task")].concat()
        }
        "ports"
            if arg
                .get_value_names()
                .is_some_and(|names| names.iter().any(|name| name.contains("SERVICE"))) =>
        {
            named(names().services, "service")
        }
        "task" => named(names().tasks, "task"),
        "code" => explanation::all()
            .map(|it| word(&format!("{prefix}{}", it.code), it.title))
            .collect(),
        "names" => named(names().venvs, "venv"),
        "profile" => named(names().profiles, "profile"),
        _ => match arg.get_value_hint() {
            // clap gives it to every `PathBuf`.
            ValueHint::AnyPath => vec![Candidate::Files],
            ValueHint::DirPath => vec![Candidate::Directories],
            ValueHint::CommandWithArguments => vec![Candidate::Programs, Candidate::Files],
            _ => Vec::new(),
        },
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) || arg.get_num_args().is_some_and(|n| n.max_values() > 1)
}

fn long_names(arg: &Arg) -> Vec<&str> {
    arg.get_long_and_visible_aliases().unwrap_or_default()
}

/// Without what stands after a semicolon, which is detail.
fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.split(';').next().unwrap_or_default().to_owned()
}

fn word(word: &str, about: &str) -> Candidate {
    Candidate::Word {
        word: word.to_owned(),
        about: about.to_owned(),
    }
}

#[cfg(test)]
mod tests;
