//! YAML that every parser of 1.1 and 1.2 reads alike: maps in the order given, and quotes around all that is not plainly text.

use std::fmt::Write;

pub(super) enum Yaml {
    Text(String),
    Number(u64),
    Bool(bool),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Yaml::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Yaml::Text(text)
    }
}

/// In this order.
pub(super) fn map<const N: usize>(entries: [(&str, Yaml); N]) -> Yaml {
    Yaml::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

pub(super) fn texts<T: Into<Yaml>>(texts: impl IntoIterator<Item = T>) -> Yaml {
    Yaml::List(texts.into_iter().map(Into::into).collect())
}

impl Yaml {
    /// One document, a map or a list, without `---`.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    /// The lines of a map or a list; the end of the line of anything else.
    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Yaml::Text(text) => out.push_str(&format!("{}\n", scalar(text))),
            Yaml::Number(number) => out.push_str(&format!("{number}\n")),
            Yaml::Bool(value) => out.push_str(&format!("{value}\n")),
            Yaml::List(values) => {
                for value in values {
                    match value {
                        Yaml::Map(entries) => {
                            // The first entry stands beside the dash, the others below it.
                            let mut lines = String::new();
                            value.write(&mut lines, depth + 1);
                            let lines = lines.trim_start();
                            out.push_str(&format!(
                                "{indent}- {}",
                                if entries.is_empty() { "{}\n" } else { lines }
                            ));
                        }
                        value => {
                            out.push_str(&format!("{indent}-"));
                            value.write_after(out, depth + 1);
                        }
                    }
                }
            }
            Yaml::Map(entries) => {
                for (key, value) in entries {
                    out.push_str(&format!("{indent}{}:", scalar(key)));
                    value.write_after(out, depth + 1);
                }
            }
        }
    }

    /// After the `:` or `-` that announces it.
    fn write_after(&self, out: &mut String, depth: usize) {
        match self {
            Yaml::Text(_) | Yaml::Number(_) | Yaml::Bool(_) => out.push(' '),
            Yaml::List(values) if values.is_empty() => return out.push_str(" []\n"),
            Yaml::Map(entries) if entries.is_empty() => return out.push_str(" {}\n"),
            Yaml::List(_) | Yaml::Map(_) => out.push('\n'),
        }
        self.write(out, depth);
    }
}

/// Source: YAML 1.2.2, 5.7 "Escaped Characters" and 5.1 "Character Set".
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => escape(&mut out, 'x', 2, letter),
            // A line or paragraph separator, a byte order mark, and what is no character.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut out, 'u', 4, letter),
            letter => out.push(letter),
        }
    }
    out + "\""
}

fn escape(out: &mut String, sign: char, width: usize, letter: char) {
    write!(out, "\\{sign}{:0width$x}", u32::from(letter)).expect("a String takes all");
}

/// It begins with a letter, and is no word that some version of YAML takes for something else.
fn is_plain(text: &str) -> bool {
    const OTHERS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '/')
        && text.chars().all(allowed)
        && !OTHERS.iter().any(|other| text.eq_ignore_ascii_case(other))
}
