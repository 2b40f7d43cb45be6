//! Shells: which process is one, and whether it is interactive.

use super::Process;
use super::arguments::program;

/// Whether the process is a shell that reads commands from its input, not from `-c` or a script. A shell whose
/// arguments could not be read counts as interactive.
pub(crate) fn is_interactive_shell(process: &Process, command: &[String]) -> bool {
    is_shell(process, command) && reads_its_input(command)
}

/// Whether a shell with this command line reads commands from its input.
fn reads_its_input(command: &[String]) -> bool {
    let mut words = command.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file" => drop(words.next()),
            word if word.starts_with("--command") => return false,
            word if word.starts_with("--") => {}
            word if word.starts_with('-') && word.contains('s') => return true,
            word if word.starts_with('-') && word.contains('c') => return false,
            word if word.starts_with(['-', '+']) => {}
            _ => return false,
        }
    }
    true
}

pub(crate) fn is_shell(process: &Process, command: &[String]) -> bool {
    let by_argument = command.first().map(|word| program(word).trim_start_matches('-'));
    SHELLS.contains(&process.name.raw().as_str()) || by_argument.is_some_and(|name| SHELLS.contains(&name))
}

/// Like [`is_interactive_shell`], but by name; `command` is called only if `name` is that of a shell.
pub(crate) fn is_interactive_shell_name(name: &str, command: &dyn Fn() -> Vec<String>) -> bool {
    SHELLS.contains(&name) && reads_its_input(&command())
}

const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "nu", "elvish", "xonsh", "pwsh",
];
