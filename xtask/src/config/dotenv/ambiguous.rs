//! Differences between readers of env files: a shell that sources the file, systemd, foreman, honcho and podman.
//!
//! Statements about shells follow POSIX; statements about the other programs were observed.

use super::scan::{Assignment, Value};

/// How other programs read an entry, one line each, without its value; empty if all agree.
pub(super) fn readings(entry: &Assignment) -> Vec<&'static str> {
    let mut readings = Vec::new();
    let mut differ = |when: bool, reading| {
        if when {
            readings.push(reading);
        }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let shell_name = entry.key.chars().all(plain) && !entry.key.starts_with(|c: char| c.is_ascii_digit());
    differ(
        entry.export,
        "systemd, foreman and podman skip a line that begins with `export`",
    );
    differ(
        !shell_name,
        "a shell accepts only letters, digits and `_` in a name, no digit first",
    );
    differ(entry.colon, "a shell does not take `:` for `=`");
    differ(entry.spaced, "a shell accepts no spaces around `=`");
    differ(
        entry.comment,
        "systemd, foreman and podman take ` #` and what follows as part of the value",
    );
    differ(
        entry.trailing,
        "a shell does not end the value at its closing quote; Compose takes what follows for another variable",
    );
    match &entry.value {
        Value::Inherited => {
            differ(
                true,
                "a shell takes a name without `=` for a command; Compose takes its value from the calling environment",
            );
        }
        Value::Unquoted(value) => {
            differ(
                value.starts_with('#'),
                "Compose takes `#` right after `=` as the value, a shell as a comment",
            );
            differ(
                value.contains(['"', '\'']),
                "a shell removes quotes within the value, and honcho fails at them",
            );
            differ(
                value.contains(char::is_whitespace),
                "honcho drops spaces without quotes, and a shell ends the value there",
            );
            differ(value.contains('$'), VARIABLE);
            differ(value.contains('\\'), "a shell removes `\\` from a value without quotes");
        }
        Value::Double(value) => {
            differ(value.contains('$'), VARIABLE);
            differ(
                value.contains('\\'),
                "readers differ in which escapes they know: systemd keeps `\\n`, foreman breaks the line",
            );
            differ(value.contains('\n'), SEVERAL_LINES);
        }
        Value::Single(value) => differ(value.contains('\n'), SEVERAL_LINES),
    }
    readings
}

const VARIABLE: &str = "systemd and podman keep `$` as it is; Compose fills in the variable";
const SEVERAL_LINES: &str = "readers that go line by line end the value with its first line";
