//! A [`Problem`] as people read it.

use super::paint::Paint;
use crate::error::{Place, Problem};
use crate::foreign::visible;

/// The message, where it was written, and hints; ends with a line break.
pub(crate) fn problem(problem: &Problem, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad("error:"), paint.bold(&visible(&problem.message)));
    if let Some(place) = &problem.place {
        text.push_str(&where_it_stands(place, paint));
    }
    text.push_str(&hints(&problem.hints, paint));
    text
}

/// An empty line and one line for each hint; nothing without any.
pub(crate) fn hints(hints: &[String], paint: Paint) -> String {
    let lines = hints
        .iter()
        .map(|hint| format!("{} {}\n", paint.hint("hint:"), visible(hint)));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
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

/// The arrow, the line of the file, and a mark below what is meant.
fn where_it_stands(place: &Place, paint: Paint) -> String {
    let mut text = arrow(place, paint);
    if !place.source.trim().is_empty() {
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = paint.dim("|");
        let (source, before, width) = excerpt(place);
        let before = " ".repeat(before);
        let mark = paint.bad(&"^".repeat(width));
        text.push_str(&format!(
            " {margin} {bar}\n {number} {bar} {source}\n {margin} {bar} {before}{mark}\n"
        ));
    }
    text
}

/// So many columns of a line of the file are shown: with the margin they fit into 60.
const COLUMNS: usize = 52;

/// The line as it is shown, the columns before what is meant, and the columns of that. A long line is cut so that what
/// is meant, or at least its beginning, stays.
fn excerpt(place: &Place) -> (String, usize, usize) {
    let letters: Vec<(String, usize)> = place.source.trim_end().chars().map(shown).collect();
    let columns = |letters: &[(String, usize)]| letters.iter().map(|(_, width)| width).sum::<usize>();
    // A place may lie behind the end of its line.
    let behind = (place.column - 1).saturating_sub(letters.len());
    let from = (place.column - 1).min(letters.len());
    let to = (from + place.width).min(letters.len());
    let mut first = 0;
    if columns(&letters) > COLUMNS {
        // Of what stands before, at least so much as leaves room for what is meant.
        let room = COLUMNS.saturating_sub(columns(&letters[from..to]) + 2).max(COLUMNS / 3);
        while columns(&letters[first..from]) > room {
            first += 1;
        }
    }
    let mut last = letters.len();
    let lead = usize::from(first > 0);
    while last > first && lead + columns(&letters[first..last]) > COLUMNS - usize::from(last < letters.len()) {
        last -= 1;
    }
    let mut source = String::new();
    source.push_str(if first > 0 { "…" } else { "" });
    source.extend(letters[first..last].iter().map(|(letter, _)| letter.as_str()));
    source.push_str(if last < letters.len() { "…" } else { "" });
    let before = lead + columns(&letters[first..from.min(last)]) + behind;
    let before = before.min(COLUMNS - 1);
    let width = columns(&letters[from.min(last)..to.min(last)]);
    (source, before, width.max(1))
}

/// A letter of the file as it is shown, and its columns: a tab is four blanks, and nothing steers the terminal.
fn shown(letter: char) -> (String, usize) {
    if letter == '\t' {
        return ("    ".to_owned(), 4);
    }
    let text = letter.to_string();
    let text = visible(&text).into_owned();
    let width = console::measure_text_width(&text);
    (text, width)
}
