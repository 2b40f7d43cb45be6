//! The script for each shell. It hands the words before the cursor to the program and shows its answer.

use std::path::Path;

use super::Shell;
use crate::system::caller;

/// The program that a script asks.
pub(super) struct Asked(String);

impl Asked {
    /// This program, by its name alone if the PATH leads to it: so an update is followed.
    pub(super) fn this_program() -> Self {
        Asked(caller::own_name())
    }
}

/// `program` is what the user typed: `devtasks`, `cargo devtasks`, `cargo xtask`, or a name of the host's own.
pub(super) fn script(shell: Shell, program: &str, asked: &Asked) -> String {
    let (plain, cargo) = match program.strip_prefix("cargo ") {
        Some(subcommand) => (None, vec![subcommand]),
        None => (Some(base_name(program)), Vec::new()),
    };
    // One installation has both names.
    let cargo = match plain {
        Some("devtasks") => vec!["devtasks"],
        Some(_) | None => cargo,
    };
    let (template, quote): (_, fn(&str) -> String) = match shell {
        Shell::Bash => (include_str!("script/bash.sh"), posix),
        Shell::Zsh => (include_str!("script/zsh.sh"), posix),
        Shell::Fish => (include_str!("script/fish.fish"), fish),
        Shell::Powershell => (include_str!("script/powershell.ps1"), powershell),
    };
    let mut out = String::new();
    let mut is_kept = true;
    for line in template.lines() {
        match line.trim() {
            "#: plain" => is_kept = plain.is_some(),
            "#: cargo" => is_kept = !cargo.is_empty(),
            "#: both" => is_kept = true,
            _ if is_kept => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    out.replace("@ASKED@", &quote(&asked.0))
        .replace("@NAME@", &quote(plain.unwrap_or_default()))
        .replace("@SUBCOMMAND@", &quote(cargo.first().copied().unwrap_or_default()))
        .replace("@ID@", &identifier(program))
}

fn base_name(program: &str) -> &str {
    let name = Path::new(program).file_name().and_then(|name| name.to_str());
    name.unwrap_or(program)
}

/// A part of a function's name: `cargo_xtask`.
fn identifier(program: &str) -> String {
    base_name(program).replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
}

fn posix(text: &str) -> String {
    shell_words::quote(text).into_owned()
}

/// Source: fish, "Quotes": within single quotes only `\'` and `\\` are escapes.
fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Source: PowerShell, "about_Quoting_Rules".
fn powershell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
