//! `command`: a string that is split into words, a list of words, or a string for a shell.

use super::item::Item;
use super::reader::TomlReader;
use super::shell_syntax::shell_syntax;
use crate::config::template::Piece;
use crate::config::{Command, Located, Template};
use crate::diagnostic::{Diagnostic, Platform};

/// With `shell`, the string is passed to a shell unsplit, after variables are filled in.
pub(super) fn command<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, shell: bool) -> Option<Located<Command>> {
    let command = match (item.elements(), shell) {
        (Some(_), true) => {
            let problem = Diagnostic::new("`shell = true` needs a string for `command`, found a list");
            reader.report(item.at_value(), problem.hint("write one string, or remove `shell`"));
            return None;
        }
        (Some(elements), false) => Command::Words {
            words: list(reader, item, &elements)?,
            shell_syntax: None,
        },
        (None, true) => Command::Shell(shell_text(reader, item)?),
        (None, false) => Command::Words {
            words: split(reader, item)?,
            shell_syntax: item.value.as_str().and_then(shell_syntax),
        },
    };
    Some(reader.at(item, command))
}

fn list<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, elements: &[Item<'t>]) -> Option<Vec<Template>> {
    let words: Vec<Option<Template>> = elements
        .iter()
        .map(|element| reader.template(element).map(|word| word.value))
        .collect();
    not_empty(reader, item, words.into_iter().collect::<Option<_>>()?)
}

fn shell_text<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Template> {
    let text = reader.template(item)?.value;
    if text.as_literal().is_some_and(|text| text.trim().is_empty()) {
        reader.report(item.at_value(), empty(item.key));
        return None;
    }
    Some(text)
}

fn split<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Vec<Template>> {
    if !item.value.is_str() {
        reader.report_type(item, "a string or a list of strings");
        return None;
    }
    let text = reader.string(item)?;
    let template = reader.template_of(item, text)?;
    let Some(words) = split_words(template) else {
        let problem = Diagnostic::new(format!("`{}` has a quote that is not closed", item.key));
        reader.report(
            item.at_value(),
            problem.hint("close the quote, or write a list of words"),
        );
        return None;
    };
    not_empty(reader, item, words)
}

/// Splits a string like a POSIX shell, except for variables. A variable never splits into several words, and it is
/// filled in even within single quotes, because devtasks and not the shell expands it. `None`: a quote is not closed.
fn split_words(template: Template) -> Option<Vec<Template>> {
    // For the splitter, each variable is its index between two NULs, which arguments cannot contain.
    let mut text = String::new();
    let mut holes = Vec::new();
    for piece in template.pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(&literal),
            Piece::Variable { .. } | Piece::Reference { .. } => {
                text.push_str(&format!("\0{}\0", holes.len()));
                holes.push(piece);
            }
        }
    }
    let text = match Platform::here() {
        Platform::Windows => with_backslashes_kept(&text),
        Platform::Linux | Platform::MacOs => text,
    };
    let words = shell_words::split(&text).ok()?;
    Some(words.iter().map(|word| with_holes_filled(word, &holes)).collect())
}

/// The text such that a POSIX shell takes each backslash for a letter, as it is in paths of Windows.
fn with_backslashes_kept(text: &str) -> String {
    let mut is_single_quoted = false;
    let mut is_double_quoted = false;
    let mut kept = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\'' if !is_double_quoted => is_single_quoted = !is_single_quoted,
            '"' if !is_single_quoted => is_double_quoted = !is_double_quoted,
            '\\' if !is_single_quoted => kept.push('\\'),
            _ => {}
        }
        kept.push(letter);
    }
    kept
}

fn with_holes_filled(word: &str, holes: &[Piece]) -> Template {
    let mut template = Template::default();
    for (index, part) in word.split('\0').enumerate() {
        if index % 2 == 0 {
            template.push_str(part);
        } else {
            let number: usize = part.parse().expect("between two NULs stands the number of a piece");
            template.push(holes[number].clone());
        }
    }
    template
}

fn not_empty(reader: &mut TomlReader, item: &Item, words: Vec<Template>) -> Option<Vec<Template>> {
    match words.first().map(Template::as_literal) {
        None => reader.report(item.at_value(), empty(item.key)),
        Some(Some("")) => {
            let problem = Diagnostic::new(format!("the first word of `{}` is empty", item.key));
            reader.report(item.at_value(), problem.hint("name the program to run"));
        }
        Some(_) => return Some(words),
    }
    None
}

fn empty(key: &str) -> Diagnostic {
    Diagnostic::new(format!("`{key}` is empty")).hint("name the program to run")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_windows_keep_their_backslashes() {
        for (text, expected) in [
            (r"C:\py\python.exe -m app", vec![r"C:\py\python.exe", "-m", "app"]),
            (
                r#""C:\Program Files\app.exe" --x"#,
                vec![r"C:\Program Files\app.exe", "--x"],
            ),
            (r"'C:\a b\c.exe' it's\", vec![]),
            (r"'C:\a b\c.exe' d\", vec![r"C:\a b\c.exe", r"d\"]),
            ("npm run dev", vec!["npm", "run", "dev"]),
        ] {
            let words = shell_words::split(&with_backslashes_kept(text)).unwrap_or_default();
            assert_eq!(words, expected, "{text}");
        }
    }
}
