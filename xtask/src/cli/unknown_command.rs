//! Commands that other tools have, and mistyped ones: what they are called here.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::config::suggest::closest;
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::foreign::visible;

/// What is wanted by a command that does not exist.
struct Foreign {
    /// The command in front of it: empty, or such as `port`.
    below: &'static str,
    words: &'static [&'static str],
    means: &'static [Meaning],
}

/// What may be meant, as text and command. In the command, `PORT` and `SERVICE` stand for what was typed after the word;
/// a part in brackets is left out if nothing was.
type Meaning = (&'static str, &'static str);

const STATUS: Meaning = ("see what runs with", "status [SERVICE]");
const UP: Meaning = ("start the stack with", "up [SERVICE]");
const DOWN: Meaning = ("stop the stack with", "down [SERVICE]");
const LEFTOVERS: Meaning = ("stop what a crashed run has left with", "down --leftovers");
const LOGS: Meaning = ("follow the log with", "logs -f [SERVICE]");
const PORT_WHO: Meaning = ("see who holds a port with", "port who PORT");
const PORT_KILL: Meaning = ("stop who holds a port with", "port kill PORT");
const PORT_LS: Meaning = ("see all listening ports with", "port ls");
const PORT_FIND: Meaning = ("print a free port with", "port find [--near PORT]");
const DOCTOR: Meaning = ("check everything with", "doctor");
const ENV: Meaning = ("print the environment of a service with", "env SERVICE");
const VENV_SYNC: Meaning = ("install Python packages with", "venv sync");

const FOREIGN: &[Foreign] = &[
    at_top(&["start", "launch", "serve", "dev", "create", "begin"], &[UP]),
    at_top(
        &[
            "quit",
            "halt",
            "end",
            "terminate",
            "shutdown",
            "rm",
            "remove",
            "destroy",
        ],
        &[DOWN],
    ),
    at_top(&["kill", "killport", "kill-port"], &[PORT_KILL, DOWN]),
    at_top(&["who", "whois", "lsof", "fuser"], &[PORT_WHO]),
    at_top(&["ports", "netstat", "ss"], &[PORT_LS]),
    at_top(&["free"], &[PORT_FIND, PORT_KILL]),
    at_top(&["find"], &[PORT_FIND]),
    at_top(
        &["wait"],
        &[
            ("wait for a port with", "port wait PORT --busy"),
            ("wait for the stack with", "up --detach"),
        ],
    ),
    at_top(&["ls", "list"], &[STATUS, PORT_LS]),
    at_top(&["state", "info", "show", "health", "services"], &[STATUS]),
    at_top(
        &["top", "watch", "monitor", "dashboard"],
        &[("watch what runs with", "status --watch [SERVICE]")],
    ),
    at_top(
        &["open", "browse", "url"],
        &[("see the ports of each service with", "status [SERVICE]")],
    ),
    at_top(&["log", "tail", "follow", "output"], &[LOGS]),
    at_top(
        &["describe", "inspect"],
        &[("see why a service is in its state with", "why SERVICE")],
    ),
    at_top(
        &["reload", "bounce", "reboot", "recreate"],
        &[("stop and start with", "restart [SERVICE]")],
    ),
    at_top(&["lint", "validate", "verify", "test", "diagnose"], &[DOCTOR]),
    at_top(
        &["plan", "preview", "dry-run"],
        &[("see what would start with", "up --plan [SERVICE]")],
    ),
    at_top(
        &["configure", "settings"],
        &[("see what devtasks.toml comes to with", "config"), ENV],
    ),
    at_top(
        &["completion", "autocomplete"],
        &[("complete words in your shell with", "completions bash")],
    ),
    at_top(&["printenv", "environment", "vars"], &[ENV]),
    at_top(
        &["shell", "sh", "bash", "console"],
        &[(
            "start a shell in the environment of a service with",
            "exec SERVICE -- sh",
        )],
    ),
    at_top(&["task", "tasks"], &[("see the tasks with", "run")]),
    at_top(&["setup", "new", "generate"], &[("write a devtasks.toml with", "init")]),
    at_top(&["install", "sync"], &[VENV_SYNC]),
    at_top(&["clean", "cleanup", "prune"], &[LEFTOVERS]),
    at_top(&["version"], &[("print the version with", "--version")]),
    below("port", &["list", "all"], &[PORT_LS]),
    below(
        "port",
        &["show", "check", "owner", "info", "whois", "lsof"],
        &[PORT_WHO],
    ),
    below("port", &["stop", "clear", "close"], &[PORT_KILL]),
    below("port", &["next", "get"], &[PORT_FIND]),
    below("venv", &["create", "make", "install", "update"], &[VENV_SYNC]),
    below(
        "venv",
        &["ls", "show", "status"],
        &[("see the venvs with", "venv list")],
    ),
];

const fn at_top(words: &'static [&'static str], means: &'static [Meaning]) -> Foreign {
    below("", words, means)
}

const fn below(below: &'static str, words: &'static [&'static str], means: &'static [Meaning]) -> Foreign {
    Foreign { below, words, means }
}

/// What is wrong, if clap found no such command; `words` are the arguments of the program.
pub(super) fn unknown_command(error: &clap::Error, words: &[String], all: &clap::Command) -> Option<Diagnostic> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let at = words.iter().position(|it| it == word)?;
    let mut parent = all;
    for before in &words[..at] {
        parent = parent.find_subcommand(before).unwrap_or(parent);
    }
    let path = if std::ptr::eq(parent, all) {
        ""
    } else {
        parent.get_name()
    };
    let typed = join(path, word);
    let problem = Diagnostic::new(format!("there is no command `{}`", visible(&typed))).exit(Exit::Usage);
    let mut hints = meanings(path, word, &words[at + 1..]);
    if hints.is_empty() {
        hints.push(nearest(word, path, parent));
    }
    Some(problem.hints(hints))
}

/// What may be meant by a word of other tools, with what was typed after it.
fn meanings(path: &str, word: &str, rest: &[String]) -> Vec<Hint> {
    if path == "port" && is_number(word) {
        return vec![Hint::run("see who holds it with", format!("port who {word}"))];
    }
    let known = FOREIGN.iter().find(|it| it.below == path && it.words.contains(&word));
    let (numbers, names) = arguments(rest);
    // Whoever typed a number means a port, whoever typed a name a service.
    let fits = |command: &&str| match (command.contains("PORT"), command.contains("SERVICE")) {
        (true, _) => names.is_empty(),
        (_, true) => numbers.is_empty(),
        (false, false) => true,
    };
    let means = known.map_or(&[][..], |it| it.means);
    let has_fitting = means.iter().any(|(_, command)| fits(command));
    let mut hints = Vec::new();
    for (text, command) in means.iter().filter(|(_, command)| !has_fitting || fits(command)) {
        let command = filled_in(&filled_in(command, "PORT", &numbers), "SERVICE", &names);
        hints.push(Hint::run(text, command).or_after(&hints));
    }
    hints
}

/// `word` replaced by what was typed, and the part in brackets around it kept only then.
fn filled_in(command: &str, word: &str, typed: &[&str]) -> String {
    if !command.contains(word) {
        return command.to_owned();
    }
    match (typed.is_empty(), command.split_once(" [")) {
        (true, Some((before, _))) => before.to_owned(),
        (true, None) => command.to_owned(),
        (false, _) => command.replace(['[', ']'], "").replace(word, &typed.join(" ")),
    }
}

/// The ports and the names among what was typed. Options are left aside: this program has its own.
fn arguments(rest: &[String]) -> (Vec<&str>, Vec<&str>) {
    let is_name = |word: &&str| {
        let is_plain = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        !word.starts_with('-') && word.chars().all(is_plain)
    };
    rest.iter()
        .map(String::as_str)
        .filter(is_name)
        .partition(|word| is_number(word))
}

fn is_number(word: &str) -> bool {
    word.parse::<u16>().is_ok()
}

fn nearest(word: &str, path: &str, parent: &clap::Command) -> Hint {
    let known = parent.get_subcommands().filter(|it| !it.is_hide_set());
    let known: Vec<&str> = known
        .flat_map(|it| it.get_all_aliases().chain([it.get_name()]))
        .collect();
    match closest(word, known) {
        Some(known) => Hint::run("did you mean", join(path, known)).then("?"),
        None => Hint::run("see all commands with", join(path, "--help")),
    }
}

fn join(path: &str, word: &str) -> String {
    format!("{path} {word}").trim_start().to_owned()
}

#[cfg(test)]
mod tests;
