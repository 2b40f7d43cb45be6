//! Syntax errors: the errors of the TOML parser, and which part of the recovered document is reliable.

use toml::de::{DeTable, Error};

use crate::config::source::SourceText;
use crate::diagnostic::{Diagnostic, Exit};

/// The maximum number of lines to blank because they stop the parser.
const MAX_SYNTAX_ERRORS: usize = 20;

/// The syntax errors: the first of each line, in file order.
pub(super) struct Syntax {
    pub(super) problems: Vec<Diagnostic>,
    /// From this line on, values may be assigned to the wrong table.
    lost_from: Option<usize>,
}

impl Syntax {
    pub(super) fn of(source: &SourceText, errors: &[Error]) -> Self {
        let mut errors: Vec<&Error> = errors.iter().collect();
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        // An unclosed list swallows the rest of the file, so only its start is reported.
        if errors.iter().any(|error| never_closed(error.message()))
            && let Some(first) = errors.iter().position(|error| misplaces(error.message()))
        {
            errors.truncate(first + 1);
        }
        let lost_from = errors.iter().find(|error| misplaces(error.message())).map(|error| {
            // The error does not say where the string began.
            if error.message().starts_with("invalid multi-line") {
                1
            } else {
                line(&problem(source, error))
            }
        });
        let mut problems: Vec<Diagnostic> = errors.iter().map(|error| problem(source, error)).collect();
        problems.dedup_by_key(|problem| line(problem));
        Syntax { problems, lost_from }
    }

    /// Whether a problem may only be a consequence of a syntax error.
    pub(super) fn explains(&self, problem: &Diagnostic) -> bool {
        let here = line(problem);
        self.lost_from.is_some_and(|lost| here >= lost) || self.problems.iter().any(|syntax| line(syntax) == here)
    }
}

/// Blanks every line on which the parser would stop; returns the resulting text and the errors of those lines.
pub(super) fn without_stops(text: &str) -> (String, Vec<Error>) {
    let mut text = text.to_owned();
    let mut errors = Vec::new();
    for _ in 0..MAX_SYNTAX_ERRORS {
        let (_, found) = DeTable::parse_recoverable(&text);
        let stop = found
            .into_iter()
            .find(|error| error.message().starts_with("key with no value"));
        let Some((error, span)) = stop.and_then(|error| error.span().map(|span| (error, span))) else {
            break;
        };
        let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let end = text[span.start..].find('\n').map_or(text.len(), |end| span.start + end);
        text.replace_range(start..end, &" ".repeat(end - start));
        errors.push(error);
    }
    (text, errors)
}

fn never_closed(message: &str) -> bool {
    message.starts_with("unclosed array") || message.starts_with("unclosed inline table")
}

/// Whether the text after this error may have been assigned to another table.
fn misplaces(message: &str) -> bool {
    ["unclosed", "missing comma", "invalid multi-line"]
        .iter()
        .any(|start| message.starts_with(start))
}

fn line(problem: &Diagnostic) -> usize {
    problem.place.as_ref().map_or(0, |place| place.line)
}

fn problem(source: &SourceText, error: &Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let message = match (error.message(), source.text.get(span.clone())) {
        ("duplicate key", Some(key)) => format!("duplicate key `{key}`"),
        (message, _) => message.to_owned(),
    };
    Diagnostic::new(message).at(&source.place(span, "")).exit(Exit::Usage)
}
