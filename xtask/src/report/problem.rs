//! A [`Diagnostic`] as text.

use super::paint::Paint;
use crate::diagnostic::{Diagnostic, Hint, Level, Place};
use crate::foreign::visible;

/// The message, the place with its source line, and the hints; ends with a line break.
pub(crate) fn problem(problem: &Diagnostic, program: &str, paint: Paint) -> String {
    let level = match problem.level {
        Level::Warn => paint.warn("warning:"),
        Level::Fail | Level::Unknown | Level::Ok => paint.bad("error:"),
    };
    let mut text = format!("{level} {}\n", paint.bold(&visible(&problem.message)));
    if let Some(place) = &problem.place {
        text.push_str(&where_it_stands(place, paint));
    }
    text.push_str(&hints(&problem.hints, program, paint));
    text
}

/// An empty line and one line per hint; nothing if there are none.
pub(crate) fn hints(hints: &[Hint], program: &str, paint: Paint) -> String {
    let lines = hints
        .iter()
        .map(|hint| format!("{}\n", self::hint(hint, program, paint)));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// One line, without a line break.
pub(crate) fn hint(hint: &Hint, program: &str, paint: Paint) -> String {
    format!("{} {}", paint.hint("hint:"), visible(&hint.render(program)))
}

/// `  --> devtasks.toml:14:8  [services.api]`.
pub(crate) fn arrow(place: &Place, paint: Paint) -> String {
    let table = if place.table.is_empty() {
        String::new()
    } else {
        format!("  {}", place.table)
    };
    let spot = format!("{}:{}:{}", place.file.display(), place.line, place.column);
    format!("  {} {spot}{table}\n", paint.dim("-->"))
}

/// The arrow, the source line, and markers below the marked part.
fn where_it_stands(place: &Place, paint: Paint) -> String {
    let mut text = arrow(place, paint);
    if !place.source.trim().is_empty() {
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = paint.dim("|");
        let room = paint.width().saturating_sub(MARGIN).max(MIN_COLUMNS);
        let (source, before, width) = excerpt(place, room);
        let before = " ".repeat(before);
        let mark = paint.bad(&"^".repeat(width));
        text.push_str(&format!(
            " {margin} {bar}\n {number} {bar} {source}\n {margin} {bar} {before}{mark}\n"
        ));
    }
    text
}

/// Columns beside a source line: its number, a bar, and room at the end.
const MARGIN: usize = 8;

/// A source line gets at least so many columns, however narrow the output is.
const MIN_COLUMNS: usize = 20;

/// The displayed part of the line, the columns before the marked part, and its columns. A line of more than `room` columns
/// is cut so that the marked part, or at least its beginning, stays visible. Only the displayed part is processed.
fn excerpt(place: &Place, room: usize) -> (String, usize, usize) {
    let line = place.source.trim_end();
    // A place may be past the end of its line.
    let (from, behind) = offset(line, place.column - 1);
    let (to, _) = offset(&line[from..], place.width);
    let to = from + to;
    let mut first = 0;
    if columns(line, room) > room {
        // The text before the marked part gets the remaining columns, but at least a third.
        let before = room.saturating_sub(columns(&line[from..to], room) + 2).max(room / 3);
        first = from - fitting(line[..from].chars().rev(), before);
    }
    let lead = usize::from(first > 0);
    let last = match lead + columns(&line[first..], room) {
        all if all <= room => line.len(),
        _ => first + fitting(line[first..].chars(), room - 1 - lead),
    };
    let mut source = String::new();
    source.push_str(if first > 0 { "…" } else { "" });
    source.extend(line[first..last].chars().map(|letter| display_char(letter).0));
    source.push_str(if last < line.len() { "…" } else { "" });
    let before = lead + columns(&line[first..from.min(last)], room) + behind;
    let width = columns(&line[from.min(last)..to.min(last)], room);
    (source, before.min(room - 1), width.max(1))
}

/// The byte offset after `letters` characters, and how many were missing.
fn offset(text: &str, letters: usize) -> (usize, usize) {
    match text.char_indices().nth(letters) {
        Some((at, _)) => (at, 0),
        None => (text.len(), letters.saturating_sub(text.chars().count())),
    }
}

/// The width of a text in columns, or some number above `room` if it is wider.
fn columns(text: &str, room: usize) -> usize {
    let mut sum = 0;
    for letter in text.chars() {
        sum += display_char(letter).1;
        if sum > room {
            break;
        }
    }
    sum
}

/// The number of bytes of the first letters that fit into `room` columns.
fn fitting(letters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut sum = 0;
    let fits = |letter: &char| {
        sum += display_char(*letter).1;
        sum <= room
    };
    letters.take_while(fits).map(char::len_utf8).sum()
}

/// A character as displayed, and its columns. A tab is four blanks; control characters are escaped.
fn display_char(letter: char) -> (String, usize) {
    if letter == '\t' {
        return ("    ".to_owned(), 4);
    }
    let text = letter.to_string();
    let text = visible(&text).into_owned();
    let width = console::measure_text_width(&text);
    (text, width)
}

#[cfg(test)]
mod tests;
