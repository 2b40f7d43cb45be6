//! How much is written to a terminal at once.

use super::{PIECE_BYTES, pieces};

/// The lengths of the pieces of lines with these lengths.
#[track_caller]
fn check(lines: &[usize], expected: &[usize]) {
    let text: Vec<u8> = lines
        .iter()
        .flat_map(|length| [vec![b'x'; length - 1], vec![b'\n']].concat())
        .collect();
    let pieces: Vec<&[u8]> = pieces(&text).collect();
    assert_eq!(pieces.concat(), text);
    assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), expected);
}

#[test]
fn lines_are_written_in_whole_and_not_all_at_once() {
    check(&[], &[]);
    check(&[100, 100], &[200]);
    check(&[PIECE_BYTES], &[PIECE_BYTES]);
    check(&[PIECE_BYTES, 1], &[PIECE_BYTES, 1]);
    check(&[100, PIECE_BYTES - 50, 100], &[100, PIECE_BYTES - 50, 100]);
    check(&[100, 3 * PIECE_BYTES, 100], &[100, 3 * PIECE_BYTES, 100]);
}
