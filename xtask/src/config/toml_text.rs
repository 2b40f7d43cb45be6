//! Strings, keys and values of devtasks as TOML.

use std::time::Duration;

use crate::foreign::steers;

/// A string. What would control a terminal is written as an escape.
///
/// Source: TOML 1.0, "String".
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if steers(letter) || letter.is_control() => match u32::from(letter) {
                short @ ..=0xFFFF => out.push_str(&format!("\\u{short:04X}")),
                long => out.push_str(&format!("\\U{long:08X}")),
            },
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A key, bare if it may be.
pub(crate) fn key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// A string that stands for itself where variables are allowed: `$${` for `${`.
pub(crate) fn literal(text: &str) -> String {
    let mut doubled = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        doubled.push(letter);
        if letter == '$' && matches!(letters.peek(), Some('$' | '{')) {
            doubled.push('$');
        }
    }
    quoted(&doubled)
}

/// A duration in its largest unit without a fraction: `"90s"`, `"2m"`.
pub(crate) fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "\"0s\"".to_owned(),
        ms if ms % 3_600_000 == 0 => format!("\"{}h\"", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("\"{}m\"", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("\"{}s\"", ms / 1_000),
        ms => format!("\"{ms}ms\""),
    }
}

#[cfg(test)]
mod tests;
