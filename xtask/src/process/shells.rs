//! Shells: which process is one, whether it is interactive, and what it was told to run.

use super::Process;
use super::arguments::{program, without_exe};

/// How a shell reads its command line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ShellKind {
    Posix,
    Cmd,
    PowerShell,
}

/// Whether the process is a shell that reads commands from its input, not from `-c` or a script. A shell whose
/// arguments could not be read counts as interactive.
pub(crate) fn is_interactive_shell(process: &Process, command: &[String]) -> bool {
    kind(process, command).is_some_and(|kind| reads_its_input(kind, command))
}

pub(crate) fn is_shell(process: &Process, command: &[String]) -> bool {
    kind(process, command).is_some()
}

/// Like [`is_interactive_shell`], but by name; `command` is called only if `name` is that of a shell.
pub(crate) fn is_interactive_shell_name(name: &str, command: &dyn Fn() -> Vec<String>) -> bool {
    kind_of_name(name).is_some_and(|kind| reads_its_input(kind, &command()))
}

/// The text that a shell was told to run with a plain `-c`, or `/c` of cmd.
pub(crate) fn script<'a>(process: &Process, command: &'a [String]) -> Option<&'a str> {
    let runs = |word: &String| match kind(process, command) {
        Some(ShellKind::Posix) => word.starts_with('-') && !word.starts_with("--") && word.contains('c'),
        Some(ShellKind::Cmd) => is_cmd_option(word, 'c'),
        Some(ShellKind::PowerShell) => is_option(word, "command"),
        None => false,
    };
    let option = command.iter().skip(1).position(runs)? + 1;
    command.get(option + 1).map(String::as_str)
}

fn kind(process: &Process, command: &[String]) -> Option<ShellKind> {
    let argument = command.first().map(|word| program(word).trim_start_matches('-'));
    kind_of_name(process.name.raw()).or_else(|| argument.and_then(kind_of_name))
}

fn kind_of_name(name: &str) -> Option<ShellKind> {
    const POSIX: &[&str] = &[
        "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "nu", "elvish", "xonsh",
    ];
    let of_windows = without_exe(name).map(str::to_ascii_lowercase);
    match of_windows.as_deref().unwrap_or(name) {
        "cmd" => Some(ShellKind::Cmd),
        "pwsh" | "powershell" => Some(ShellKind::PowerShell),
        name => POSIX.contains(&name).then_some(ShellKind::Posix),
    }
}

/// Whether a shell with this command line reads commands from its input.
fn reads_its_input(kind: ShellKind, command: &[String]) -> bool {
    let words = command.iter().skip(1).map(String::as_str);
    match kind {
        ShellKind::Posix => posix_reads_its_input(words),
        ShellKind::Cmd => !words
            .take_while(|word| !is_cmd_option(word, 'k'))
            .any(|word| is_cmd_option(word, 'c') || is_cmd_option(word, 'r')),
        ShellKind::PowerShell => powershell_reads_its_input(words),
    }
}

fn posix_reads_its_input<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    while let Some(word) = words.next() {
        match word {
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

/// Source: `cmd /?`: `/C` runs the rest and ends, as `/R` does; `/K` runs it and stays. Options may stick together.
fn is_cmd_option(word: &str, letter: char) -> bool {
    let mut options = word.split('/').skip(1);
    word.starts_with('/') && options.any(|option| option.to_ascii_lowercase().starts_with(letter))
}

/// Source: learn.microsoft.com, about_PowerShell_exe and about_Pwsh: `-NoExit` stays after `-Command` or `-File`;
/// options may be abbreviated; the first word without `-` is a command or a file.
fn powershell_reads_its_input<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    const TAKE_A_VALUE: [&str; 8] = [
        "executionpolicy",
        "ep",
        "workingdirectory",
        "wd",
        "windowstyle",
        "version",
        "configurationname",
        "settingsfile",
    ];
    let runs = |word: &str| {
        ["command", "file", "encodedcommand", "ec"]
            .iter()
            .any(|it| is_option(word, it))
    };
    while let Some(word) = words.next() {
        match word {
            word if is_option(word, "noexit") && word.len() > "-no".len() => return true,
            word if TAKE_A_VALUE.iter().any(|it| word.len() > 2 && is_option(word, it)) => drop(words.next()),
            word if runs(word) => return words.any(|word| is_option(word, "noexit") && word.len() > "-no".len()),
            word if word.starts_with(['-', '/']) => {}
            _ => return false,
        }
    }
    true
}

/// Whether `word` is an option of PowerShell or an abbreviation of it, such as `-c` of `command`.
fn is_option(word: &str, option: &str) -> bool {
    let name = word.strip_prefix(['-', '/']).map(str::to_ascii_lowercase);
    name.is_some_and(|name| !name.is_empty() && option.starts_with(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a shell, separated by `|` → whether somebody types in it.
    #[track_caller]
    fn check(words: &str, expected: bool) {
        let words: Vec<String> = words.split('|').map(str::to_owned).collect();
        let name = words[0].clone();
        assert_eq!(
            is_interactive_shell_name(&name, &|| words.clone()),
            expected,
            "{words:?}"
        );
    }

    #[test]
    fn a_shell_of_windows_is_known_by_its_own_options() {
        check("cmd.exe", true);
        check("CMD.EXE|/K|vcvars64.bat", true);
        check("cmd.exe|/d|/s|/c|vite", false);
        check("cmd.exe|/D/C|vite", false);
        check("powershell.exe|-NoLogo|-ExecutionPolicy|Bypass", true);
        check("powershell.exe|-ExecutionPolicy|Bypass|-File|serve.ps1", false);
        check("powershell.exe|-NoExit|-Command|. x.ps1", true);
        check("pwsh|-NoProfile|-c|npm run dev", false);
        check("pwsh.exe|serve.ps1", false);
        check("python.exe", false);
    }
}
