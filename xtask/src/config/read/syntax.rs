//! Where the text is not TOML: the parser's own errors, and how far what it recovered can be trusted.

use toml::de::{DeTable, Error};

use crate::config::source::SourceText;
use crate::diagnostic::{Diagnostic, Exit};

/// Lines that stop the parser; more in one file are not worth the time.
const MAX_SYNTAX_ERRORS: usize = 20;

/// What the parser found: the first error of each line, in the order of the file.
pub(super) struct Syntax {
    pub(super) problems: Vec<Diagnostic>,
    /// From this line on nothing is where its author put it.
    lost_from: Option<usize>,
}

impl Syntax {
    pub(super) fn of(source: &SourceText, errors: &[Error]) -> Self {
        let mut errors: Vec<&Error> = errors.iter().collect();
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        // A list that is never closed swallows the rest of the file: only where that began is worth a word.
        if errors.iter().any(|error| never_closed(error.message()))
            && let Some(first) = errors.iter().position(|error| misplaces(error.message()))
        {
            errors.truncate(first + 1);
        }
        let lost_from = errors.iter().find(|error| misplaces(error.message())).map(|error| {
            // Where the string began is not said.
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

    /// Whether a problem may only be what is left of broken text.
    pub(super) fn explains(&self, problem: &Diagnostic) -> bool {
        let here = line(problem);
        self.lost_from.is_some_and(|lost| here >= lost) || self.problems.iter().any(|syntax| line(syntax) == here)
    }
}

/// `text` with every line blanked at which the parser would stop for good, and its errors there.
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

/// Whether what follows the error may have landed in another table.
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
