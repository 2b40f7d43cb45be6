//! Env files in the dialect of Compose v2. Reports all problems of a file; messages never contain a value.
//!
//! `scan` finds the entries; `ambiguous` describes where other programs read a file differently. Variables in
//! double-quoted and unquoted values are filled in (`$VAR`, `${VAR:-default}`); a missing variable is empty.
//!
//! Source: github.com/compose-spec/compose-go, directory `dotenv`. Unlike Compose, this parser rejects an entry without
//! a name and a NUL, because an environment cannot hold either.

mod ambiguous;
mod scan;

use std::path::Path;

use self::scan::{Assignment, Fault, Value, scan};
use super::source::SourceText;
use super::template::{Missing, Template};
use crate::diagnostic::{Diagnostic, Exit, Place};

type Variables = Vec<(String, String)>;
type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Parses one file into its variables, each once, in file order. The last value of a repeated variable counts.
///
/// Values may refer to variables of `earlier` files; the result does not contain those. `lookup` reads the calling
/// environment. It takes precedence when values are filled in, and supplies the value of a name without `=`.
///
/// # Errors
/// Every invalid line, with a place that shows at most the name. If some lines are not UTF-8, only those.
pub(crate) fn parse(
    earlier: &[(String, String)],
    file: &Path,
    bytes: &[u8],
    lookup: Lookup,
) -> Result<Variables, Vec<Diagnostic>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(not_utf8(file, bytes));
    };
    let source = SourceText::new(file, text);
    let mut variables = Variables::new();
    let mut problems = Vec::new();
    for found in scan(source.text) {
        let value = found.and_then(|entry| {
            let find = |name: &str| {
                lookup(name)
                    .or_else(|| last(&variables, name))
                    .or_else(|| last(earlier, name))
            };
            let value = match &entry.value {
                Value::Inherited => lookup(entry.key),
                Value::Single(text) => Some(text.clone()),
                Value::Unquoted(text) => Some(fill(text, &entry, &find)?),
                Value::Double(text) => Some(fill(&unescaped(text), &entry, &find)?),
            };
            if value.as_ref().is_some_and(|value| value.contains('\0')) {
                return Err(entry.fault(format!("the value of `{}` holds a NUL character", entry.key)));
            }
            Ok((entry.key, value))
        });
        match value {
            Ok((key, Some(value))) => {
                variables.retain(|(known, _)| known != key);
                variables.push((key.to_owned(), value));
            }
            Ok((_, None)) => {}
            Err(fault) => problems.push(problem(&source, fault)),
        }
    }
    if problems.is_empty() {
        Ok(variables)
    } else {
        Err(problems)
    }
}

/// A variable that a file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// Shows the name and no value.
    pub(crate) place: Place,
    /// The value is not empty.
    pub(crate) has_value: bool,
}

/// The names in a file, in its order, without values. Invalid lines are left out.
pub(crate) fn names(file: &Path, bytes: &[u8]) -> Vec<Name> {
    let text = String::from_utf8_lossy(bytes);
    let source = SourceText::new(file, &text);
    let name = |entry: Assignment| Name {
        text: entry.key.to_owned(),
        place: name_place(&source, &entry),
        has_value: match &entry.value {
            Value::Inherited => false,
            Value::Unquoted(value) => !value.is_empty(),
            Value::Single(value) | Value::Double(value) => !value.is_empty(),
        },
    };
    scan(source.text).into_iter().flatten().map(name).collect()
}

/// The name of an entry; its source line shows no value.
fn name_place(source: &SourceText, entry: &Assignment) -> Place {
    let place = redact(source, entry.start, entry.value_at);
    let name = place.source.find(entry.key).unwrap_or_default();
    Place {
        column: place.source[..name].chars().count() + 1,
        width: entry.key.chars().count().max(1),
        ..place
    }
}

/// Entries that other programs read differently, with a description of the difference, in file order.
pub(crate) fn ambiguities(file: &Path, bytes: &[u8]) -> Vec<(Place, String)> {
    let text = String::from_utf8_lossy(bytes);
    let source = SourceText::new(file, &text);
    let mut found = Vec::new();
    for entry in scan(source.text).into_iter().flatten() {
        let place = name_place(&source, &entry);
        found.extend(
            ambiguous::readings(&entry)
                .into_iter()
                .map(|reading| (place.clone(), reading.to_owned())),
        );
    }
    found
}

fn last(variables: &[(String, String)], name: &str) -> Option<String> {
    let found = variables.iter().rfind(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

fn fill(text: &str, entry: &Assignment, lookup: Lookup) -> Result<String, Fault> {
    let template = Template::parse_env(text).map_err(|_| {
        let fault = entry.fault(format!(
            "the value of `{}` has a `${{` that is not a variable",
            entry.key
        ));
        fault.hint("write `$$` for a plain `$`, or put the value in single quotes")
    })?;
    let no_reference = |_: &str, _: &_| Ok(String::new());
    template
        .fill(lookup, &no_reference)
        .map_err(|missing| match missing.as_slice() {
            [Missing::Required { name, message }, ..] => {
                let fault = entry.fault(format!("`{}` needs the variable `{name}`", entry.key));
                fault.hint(format!("set `{name}`: {message}"))
            }
            [Missing::Variable(_) | Missing::Reference { .. }, ..] | [] => {
                unreachable!("without references, only `${{VAR:?message}}` can be missing in an env file")
            }
        })
}

/// Replaces the escapes of Compose: `\a \b \f \n \r \t \v \\ \"`, `\$`, and `\0` followed by three octal digits.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        out.push_str(&rest[..backslash]);
        let after = &rest[backslash + 1..];
        let octal = after.strip_prefix('0').and_then(|digits| digits.get(..3));
        let octal = octal
            .filter(|digits| !digits.starts_with('+'))
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let plain = match after.chars().next() {
            Some('a') => "\u{7}",
            Some('b') => "\u{8}",
            Some('f') => "\u{c}",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\u{b}",
            Some('\\') => "\\",
            Some('"') => "\"",
            // `$$` is a plain `$` in a template.
            Some('$') => "$$",
            _ => "",
        };
        match octal {
            Some(byte) => out.push(char::from(byte)),
            None if plain.is_empty() => out.push('\\'),
            None => out.push_str(plain),
        }
        rest = &after[if octal.is_some() {
            4
        } else {
            usize::from(!plain.is_empty())
        }..];
    }
    out + rest
}

fn problem(source: &SourceText, fault: Fault) -> Diagnostic {
    let place = redact(source, fault.start, fault.shown_to);
    let problem = Diagnostic::new(fault.message).at(&place).exit(Exit::Usage);
    fault.hints.into_iter().fold(problem, Diagnostic::hint)
}

/// The place at `shown_to`; its source line shows only the bytes from `start` to `shown_to`.
fn redact(source: &SourceText, start: usize, shown_to: usize) -> Place {
    let place = source.place(start..start + 1, "");
    let before: String = place.source.chars().take(place.column - 1).collect();
    let before = if before.trim().is_empty() {
        before.as_str()
    } else {
        "…"
    };
    let shown = format!("{before}{}", &source.text[start..shown_to]);
    Place {
        column: shown.chars().count() + 1,
        width: 1,
        source: format!("{shown}…"),
        ..place
    }
}

fn not_utf8(file: &Path, bytes: &[u8]) -> Vec<Diagnostic> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let broken = lines.filter(|(_, line)| std::str::from_utf8(line).is_err());
    let problem = |(index, _)| {
        let place = Place {
            line: index + 1,
            ..SourceText::new(file, "…").place(0..1, "")
        };
        Diagnostic::new("the line is not UTF-8")
            .at(&place)
            .hint("save the file as UTF-8")
            .exit(Exit::Usage)
    };
    broken.map(problem).collect()
}

#[cfg(test)]
mod tests;
