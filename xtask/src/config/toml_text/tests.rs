//! What is written reads back as it was.

use std::time::Duration;

use super::{duration, key, literal};
use crate::config::{Template, duration as read};

/// The text as a string of TOML, which reads back as the same text without variables.
#[track_caller]
fn check(text: &str, expected: &str) {
    let written = literal(text);
    assert_eq!(written, expected);
    let value = toml::de::DeValue::parse(&written).unwrap().into_inner();
    let template = Template::parse(value.as_str().unwrap()).unwrap_or_else(|_| panic!("{written}"));
    assert_eq!(template.as_literal(), Some(text));
}

#[test]
fn strings_read_back_as_they_were() {
    check("plain", "\"plain\"");
    check(r#"a "b" \"#, r#""a \"b\" \\""#);
    check("line\nbreak\u{1b}[31m", r#""line\u000Abreak\u001B[31m""#);
    check("\u{202e}\u{e0001}", r#""\u202E\U000E0001""#);
    check("$HOME costs $5", "\"$HOME costs $5\"");
    check("${HOME}", "\"$${HOME}\"");
    check("$$", "\"$$$\"");
    check("$${A}$", "\"$$$${A}$\"");
}

#[test]
fn keys_are_bare_where_they_may_be() {
    assert_eq!(key("LOG_LEVEL-2"), "LOG_LEVEL-2");
    assert_eq!(key("a.b"), "\"a.b\"");
    assert_eq!(key(""), "\"\"");
}

#[test]
fn durations_read_back_as_they_were() {
    for ms in [0, 1, 500, 1_000, 1_500, 60_000, 90_000, 3_600_000, 86_400_000] {
        let given = Duration::from_millis(ms);
        let written = duration(given);
        assert_eq!(read::parse(written.trim_matches('"')), Ok(given), "{written}");
    }
}
