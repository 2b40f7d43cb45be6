//! The excerpt compared with a simple implementation that scans the whole line repeatedly.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// On a terminal of 60 columns.
const ROOM: usize = 52;

fn place(source: &str, column: usize, width: usize) -> Place {
    Place {
        file: Arc::new(PathBuf::from("devtasks.toml")),
        line: 1,
        column,
        source: source.to_owned(),
        width,
        table: String::new(),
    }
}

fn plain(place: &Place) -> (String, usize, usize) {
    let letters: Vec<(String, usize)> = place.source.trim_end().chars().map(display_char).collect();
    let columns = |letters: &[(String, usize)]| letters.iter().map(|(_, width)| width).sum::<usize>();
    let behind = (place.column - 1).saturating_sub(letters.len());
    let from = (place.column - 1).min(letters.len());
    let to = (from + place.width).min(letters.len());
    let mut first = 0;
    if columns(&letters) > ROOM {
        let room = ROOM.saturating_sub(columns(&letters[from..to]) + 2).max(ROOM / 3);
        while columns(&letters[first..from]) > room {
            first += 1;
        }
    }
    let mut last = letters.len();
    let lead = usize::from(first > 0);
    while last > first && lead + columns(&letters[first..last]) > ROOM - usize::from(last < letters.len()) {
        last -= 1;
    }
    let mut source = String::new();
    source.push_str(if first > 0 { "…" } else { "" });
    source.extend(letters[first..last].iter().map(|(letter, _)| letter.as_str()));
    source.push_str(if last < letters.len() { "…" } else { "" });
    let before = lead + columns(&letters[first..from.min(last)]) + behind;
    let width = columns(&letters[from.min(last)..to.min(last)]);
    (source, before.min(ROOM - 1), width.max(1))
}

proptest! {
    /// Narrow, wide, combining and steering letters, tabs, blanks at the end.
    #[test]
    fn the_excerpt_is_that_of_the_plain_way(
        source in "[a-c 日本\t\u{301}\u{202e}\u{7}é]{0,160}",
        column in 1_usize..200,
        width in 1_usize..120,
    ) {
        let place = place(&source, column, width);
        prop_assert_eq!(excerpt(&place, ROOM), plain(&place));
    }
}

#[test]
fn a_line_of_any_length_is_cut_wherever_something_is_meant() {
    let line = "${MISSING}日\t".repeat(2_000);
    let places = (1..line.chars().count()).step_by(97);
    for column in places {
        let (source, before, width) = excerpt(&place(&line, column, 10), ROOM);
        assert!(console::measure_text_width(&source) <= ROOM, "{source}");
        assert!(before + width <= ROOM, "{before} {width}");
    }
}
