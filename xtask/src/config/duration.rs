//! Durations in `devtasks.toml` and on the command line: `10s`, `500ms`, `1m30s`.

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Exit};

/// Parses whole numbers, each followed by a unit: `h`, `m`, `s` or `ms`.
///
/// # Errors
/// Any other text, and durations whose milliseconds do not fit in a `u64`.
pub(crate) fn parse(text: &str) -> Result<Duration, Diagnostic> {
    milliseconds(text)
        .map(Duration::from_millis)
        .ok_or_else(|| no_duration(text))
}

fn milliseconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        let part = number.parse::<u64>().ok()?.checked_mul(unit)?;
        total = total.checked_add(part)?;
        rest = after;
    }
    Some(total)
}

fn no_duration(text: &str) -> Diagnostic {
    let problem = Diagnostic::new(format!("`{text}` is not a duration")).exit(Exit::Usage);
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        problem.hint(format!("add the unit: `{text}s` or `{text}ms`"))
    } else {
        problem.hint("write it like `10s`, `500ms`, `2m`, `1h` or `1m30s`")
    }
}

#[cfg(test)]
mod tests;
