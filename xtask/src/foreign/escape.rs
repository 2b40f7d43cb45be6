//! Makes foreign text safe to display: it cannot control the terminal or imitate other text.
//!
//! The writers of JSON, XML and GitHub annotations do their own escaping.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write;

/// `text` on one line. Characters that control a terminal or reorder text are written as `\n`, `\x1b` or `\u{202e}`.
/// Backslashes are not escaped, so the result cannot be parsed back.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            _ if !steers(letter) => shown.push(letter),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if letter.is_ascii() => push(&mut shown, format_args!("\\x{:02x}", u32::from(letter))),
            _ => push(&mut shown, format_args!("\\u{{{:x}}}", u32::from(letter))),
        }
    }
    Cow::Owned(shown)
}

/// A command as one line that a POSIX shell splits into the same words.
///
/// A word with control characters is written as `$'…'`, which bash, zsh, ksh and POSIX.1-2024 support.
pub(crate) fn command_line(words: &[String]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&shell_word(word));
    }
    line
}

/// Quotes one word for a POSIX shell. Unlike `shell_words::quote`, it leaves `--port=8000` unquoted.
pub(crate) fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_@%+=:,./-".contains(letter);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    if !word.contains(steers) {
        return Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")));
    }
    let mut quoted = String::from("$'");
    for letter in word.chars() {
        match letter {
            '\\' | '\'' => quoted.extend(['\\', letter]),
            _ if !steers(letter) => quoted.push(letter),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // An octal escape has at most three digits, so it cannot absorb a digit that follows, as `\x` would.
            _ if letter.is_ascii() => push(&mut quoted, format_args!("\\{:03o}", u32::from(letter))),
            _ => push(&mut quoted, format_args!("\\U{:08x}", u32::from(letter))),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

/// Quotes one word so that both cmd and PowerShell read it, as far as that is possible: a path of Windows has no `"`.
///
/// Control characters become spaces: neither shell has an escape for them.
pub(crate) fn windows_word(word: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || r"_+:\./-".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("\"{}\"", word.replace(steers, " ").replace('"', "")))
}

/// Whether a character controls or disguises text: C0, DEL and C1 controls; marks that reorder text (Unicode UAX #9,
/// "Trojan Source"); line separators; invisible characters.
pub(crate) fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).expect("writing to a string does not fail");
}
