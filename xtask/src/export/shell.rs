//! Text for a POSIX shell.

use std::borrow::Cow;

/// One word that the shell reads back byte for byte. Unlike `shell_words::quote`, it leaves `NAME=value` without quotes.
pub(super) fn word(value: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=".contains(letter);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => value.into(),
        false => format!("'{}'", value.replace('\'', r"'\''")).into(),
    }
}

/// Words, each with a blank before the next.
pub(super) fn words<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let words: Vec<_> = values.into_iter().map(word).collect();
    words.join(" ")
}

/// The same script without the characters that the target's syntax cannot hold: if it has any, `printf` makes them from octal
/// numbers, and the shell runs what it prints. `is_forbidden` gets what stands before a character, and behind it.
///
/// Source: POSIX.1-2024, `printf`, "Extended Description": `\ddd` of the format.
pub(super) fn without(script: String, is_forbidden: impl Fn(&str, char, &str) -> bool) -> String {
    let forbidden =
        |(at, letter): (usize, char)| is_forbidden(&script[..at], letter, &script[at + letter.len_utf8()..]);
    if !script.char_indices().any(forbidden) {
        return script;
    }
    let mut format = String::with_capacity(script.len() * 2);
    for (at, letter) in script.char_indices() {
        match letter {
            _ if forbidden((at, letter)) => {
                let text = letter.to_string();
                let bytes = text.bytes().map(|byte| format!("\\{byte:03o}"));
                format.extend(bytes);
            }
            '%' => format.push_str("%%"),
            '\\' => format.push_str("\\\\"),
            '\'' => format.push_str("\\047"),
            _ => format.push(letter),
        }
    }
    format!("eval \"$(printf '{format}')\"")
}
