//! The variables of a service, as `env` prints them.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use serde::Serialize;

use super::json::{SCHEMA_VERSION, line};
use crate::plan::EnvironmentChange;
use crate::process::secrets::{MASK, is_secret, mask};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// For `eval` in a POSIX shell.
    Shell,
    /// An env file of Compose.
    Dotenv,
    Json,
}

/// Whether something is masked.
pub(crate) fn has_secrets(change: &EnvironmentChange) -> bool {
    change.set.iter().any(|(name, value)| {
        let value = value.to_string_lossy().into_owned();
        !value.is_empty() && (is_secret(&name.to_string_lossy()) || mask(std::slice::from_ref(&value)) != [value])
    })
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    service: &'a str,
    variables: BTreeMap<String, String>,
    unset: Vec<String>,
}

/// Bytes that are not UTF-8 are replaced; a shell or a file could not express them portably.
pub(crate) fn environment(service: &str, change: &EnvironmentChange, reveal: bool, dialect: Dialect) -> String {
    let text = |word: &OsStr| word.to_string_lossy().into_owned();
    let variables = change.set.iter().map(|(name, value)| {
        let name = text(name);
        let value = shown(&name, text(value), reveal);
        (name, value)
    });
    let variables: BTreeMap<String, String> = variables.collect();
    let unset: Vec<String> = change.unset.iter().map(|name| text(name)).collect();
    match dialect {
        Dialect::Json => line(&Document {
            schema_version: SCHEMA_VERSION,
            service,
            variables,
            unset,
        }),
        Dialect::Shell => {
            let set = variables.iter().filter(|(name, _)| is_shell_name(name));
            let set = set.map(|(name, value)| format!("export {name}={}\n", shell_words::quote(value)));
            let unset = unset.iter().filter(|name| is_shell_name(name));
            set.chain(unset.map(|name| format!("unset {name}\n"))).collect()
        }
        Dialect::Dotenv => {
            let lines = variables
                .iter()
                .map(|(name, value)| format!("{name}={}\n", dotenv_value(value)));
            lines.collect()
        }
    }
}

/// The value of a variable, or a mask if it is a secret.
pub(crate) fn shown(name: &str, value: String, reveal: bool) -> String {
    match reveal {
        true => value,
        false if is_secret(name) && !value.is_empty() => MASK.to_owned(),
        false => mask(&[value]).remove(0),
    }
}

/// Source: POSIX.1-2024, 3.216 "Name".
fn is_shell_name(name: &str) -> bool {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(word) && name.starts_with(|first: char| !first.is_ascii_digit())
}

/// Bare if no reader of env files sees more in it; else in single quotes, or in double quotes with escapes.
fn dotenv_value(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,".contains(letter);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    if !value.contains(['\'', '\n', '\r']) {
        return format!("'{value}'");
    }
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '$' => quoted.push_str("\\$"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests;
