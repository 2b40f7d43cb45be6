//! What other programs named themselves, made safe to show: nothing of it may steer a terminal or pose as other text.
//!
//! Escaping for JSON, XML and GitHub annotations is their writers' own.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write;

/// `text` on one line, with every character that a terminal obeys or that reorders text written out: `\n`, `\x1b`,
/// `\u{202e}`. A backslash stays as it is, so this is for reading, not for reading back.
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

/// The words of a command as one line that a POSIX shell reads back as the same words.
///
/// A word with characters that steer a terminal is written as `$'…'`, which bash, zsh, ksh and POSIX.1-2024 know.
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

/// One word of such a line. Unlike `shell_words::quote`, it leaves `--port=8000` readable.
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
            // Octal takes at most three digits, so a digit that follows is not swallowed, as it would be after `\x`.
            _ if letter.is_ascii() => push(&mut quoted, format_args!("\\{:03o}", u32::from(letter))),
            _ => push(&mut quoted, format_args!("\\U{:08x}", u32::from(letter))),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}

/// C0, DEL and C1 controls; marks that reorder text (Unicode UAX #9, "Trojan Source"); line separators; what has no
/// width and so hides.
pub(crate) fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).expect("writing to a string does not fail");
}
