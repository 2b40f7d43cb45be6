//! Frames → what is written to the terminal.

use super::{Drawn, Size};

const SIZE: Size = Size { rows: 5, columns: 10 };

#[track_caller]
fn check(frames: &[(&str, Size)], expected: &[&str]) {
    let mut drawn = Drawn::default();
    let written: Vec<_> = frames.iter().map(|(text, size)| drawn.redraw(text, *size)).collect();
    assert_eq!(written, expected);
}

#[test]
fn a_frame_is_drawn_over_the_one_before() {
    check(
        &[("a\nb\n", SIZE), ("a\n", SIZE), ("", SIZE), ("c\n", SIZE)],
        &[
            "a\x1b[K\nb\x1b[K\n\x1b[J",
            "\x1b[2Fa\x1b[K\n\x1b[J",
            "\x1b[1F\x1b[J",
            "c\x1b[K\n\x1b[J",
        ],
    );
}

#[test]
fn what_does_not_fit_is_cut() {
    check(
        &[("0123456789\n01234567890\n", SIZE)],
        &["0123456789\x1b[K\n012345678…\x1b[K\n\x1b[J"],
    );
    check(
        &[("1\n2\n3\n4\n5\n6\n", SIZE), ("1\n2\n3\n4\n", SIZE)],
        &[
            "1\x1b[K\n2\x1b[K\n3\x1b[K\n  … 3 more\x1b[K\n\x1b[J",
            "\x1b[4F1\x1b[K\n2\x1b[K\n3\x1b[K\n4\x1b[K\n\x1b[J",
        ],
    );
}

#[test]
fn after_a_change_of_its_size_the_screen_begins_again() {
    let wide = Size { columns: 20, ..SIZE };
    check(
        &[("a\n", SIZE), ("a\n", wide), ("b\n", wide)],
        &["a\x1b[K\n\x1b[J", "\x1b[Ha\x1b[K\n\x1b[J", "\x1b[1Fb\x1b[K\n\x1b[J"],
    );
}
