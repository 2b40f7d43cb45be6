//! The syntax of unit files and env files.

use std::fmt::Display;

#[derive(Default)]
pub(super) struct UnitText(String);

impl UnitText {
    pub(super) fn new(text: String) -> Self {
        UnitText(text)
    }

    pub(super) fn section(&mut self, name: &str) {
        self.0.push_str(&format!("\n[{name}]\n"));
    }

    pub(super) fn set(&mut self, key: &str, value: impl Display) {
        self.0.push_str(&format!("{key}={value}\n"));
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// One word of a command line: systemd takes quotes and escapes away, and replaces `%h` and `$HOME`.
///
/// Source: systemd.syntax(7), "Quoting"; systemd.service(5), "Command Lines"; systemd.unit(5), "Specifiers".
pub(super) fn word(value: &str) -> String {
    word_and(value, "")
}

/// The same, with `rest` at the end as systemd reads it.
pub(super) fn word_and(value: &str, rest: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=$".contains(letter);
    let literal = specifiers(value).replace('$', "$$");
    if !value.is_empty() && value.chars().all(is_plain) {
        return literal + rest;
    }
    let mut quoted = String::from("\"");
    for letter in literal.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push_str(rest);
    quoted.push('"');
    quoted
}

/// A value that is the rest of its line.
pub(super) fn quoted(value: &str) -> String {
    let printable = value.chars().filter(|letter| !letter.is_control());
    specifiers(&printable.collect::<String>())
}

/// Whether [`quoted`] keeps all of it: systemd takes blanks away at both ends, and joins a line that ends with `\` with the
/// next.
pub(super) fn is_quotable(value: &str) -> bool {
    value.trim() == value && !value.ends_with('\\') && !value.contains(char::is_control)
}

/// A literal `%`.
fn specifiers(value: &str) -> String {
    value.replace('%', "%%")
}

/// Variables that [`is_variable`] allows, then `PATH`, as the file of `EnvironmentFile`.
///
/// Within double quotes a backslash keeps `"`, `\`, `` ` `` and `$` literal, and all else stands for itself, even the end of
/// a line. Source: systemd.exec(5), `EnvironmentFile=`; `parse_env_file_internal` in src/basic/env-file.c.
pub(super) fn env_file(variables: &[(&str, &str)], path: Option<&str>) -> String {
    let path = path.map(|path| ("PATH", path));
    let all = variables.iter().copied().chain(path);
    all.map(|(name, value)| format!("{name}={}\n", env_value(value)))
        .collect()
}

fn env_value(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=".contains(letter);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        if "\"\\`$".contains(letter) {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// Whether systemd passes a variable of this name on; others it drops. Source: `env_name_is_valid` in src/basic/env-util.c.
pub(super) fn is_variable(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(allowed) && !name.starts_with(|first: char| first.is_ascii_digit())
}
