//! A [`Problem`] as people read it.

use std::fmt::Write;

use super::paint::Paint;
use crate::error::{Place, Problem};

/// The message, where it was written, and hints; ends with a line break.
pub(crate) fn problem(problem: &Problem, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad("error:"), paint.bold(&problem.message));
    if let Some(place) = &problem.place {
        text.push_str(&where_it_stands(place, paint));
    }
    text.push_str(&hints(&problem.hints, paint));
    text
}

/// An empty line and one line for each hint; nothing without any.
pub(crate) fn hints(hints: &[String], paint: Paint) -> String {
    let lines = hints.iter().map(|hint| format!("{} {hint}\n", paint.hint("hint:")));
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
    if !place.source.is_empty() {
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = paint.dim("|");
        let before = " ".repeat(place.column.saturating_sub(1));
        let mark = paint.bad(&"^".repeat(place.width));
        let source = &place.source;
        write!(
            text,
            " {margin} {bar}\n {number} {bar} {source}\n {margin} {bar} {before}{mark}\n"
        )
        .expect("a String takes everything");
    }
    text
}
