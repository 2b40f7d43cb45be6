//! What comes out of a pipe, whatever the pieces it comes in.

use std::collections::VecDeque;
use std::io::Read;

use super::lines::Lines;
use super::{TAIL, remember};

/// A pipe that gives one piece at each read.
struct Pieces(VecDeque<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(mut piece) = self.0.pop_front() else {
            return Ok(0);
        };
        let fits = piece.len().min(buffer.len());
        buffer[..fits].copy_from_slice(&piece[..fits]);
        if fits < piece.len() {
            self.0.push_front(piece.split_off(fits));
        }
        Ok(fits)
    }
}

/// The pieces of a pipe → what is handed on, one entry for each time.
#[track_caller]
fn check(pieces: &[&[u8]], expected: &[&[u8]]) {
    let mut pipe = Pieces(pieces.iter().map(|piece| piece.to_vec()).collect());
    let mut lines = Lines::default();
    let mut handed: Vec<Vec<u8>> = Vec::new();
    while lines.read_from(&mut pipe) {
        lines.take(|whole| handed.push(whole.to_vec()));
    }
    lines.take_rest(|whole| handed.push(whole.to_vec()));
    let shown = |lines: &[Vec<u8>]| {
        lines
            .iter()
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&handed),
        shown(&expected.iter().map(|it| it.to_vec()).collect::<Vec<_>>())
    );
}

#[test]
fn a_line_waits_for_its_end() {
    check(&[b"he", b"llo\nwor", b"ld\n"], &[b"hello\n", b"world\n"]);
}

#[test]
fn lines_that_come_together_are_handed_on_together() {
    check(&[b"a\nb\nc"], &[b"a\nb\n", b"c\n"]);
}

#[test]
fn a_last_line_without_an_end_is_kept() {
    check(&[b"Password: "], &[b"Password: \n"]);
}

#[test]
fn empty_lines_and_nothing_at_all_are_left_as_they_are() {
    check(&[b"\n\n"], &[b"\n\n"]);
    check(&[], &[]);
}

#[test]
fn bytes_that_are_no_utf_8_pass() {
    let mut pipe = Pieces(VecDeque::from([b"\xff\xfe caf\xc3".to_vec(), b"\xa9\n".to_vec()]));
    let mut lines = Lines::default();
    let mut handed = Vec::new();
    while lines.read_from(&mut pipe) {
        lines.take(|whole| handed.extend_from_slice(whole));
    }
    assert_eq!(handed, b"\xff\xfe caf\xc3\xa9\n");
}

#[test]
fn an_endless_line_is_cut_and_nothing_of_it_is_lost() {
    let piece = vec![b'x'; 60_000];
    let mut pipe = Pieces((0..100).map(|_| piece.clone()).collect());
    let mut lines = Lines::default();
    let mut handed = Vec::new();
    while lines.read_from(&mut pipe) {
        lines.take(|whole| handed.push(whole.len()));
    }
    lines.take_rest(|whole| handed.push(whole.len()));
    assert!(
        handed.len() > 1 && handed.iter().all(|length| *length < 2 * 1024 * 1024),
        "{handed:?}"
    );
    assert_eq!(handed.iter().map(|length| length - 1).sum::<usize>(), 6_000_000);
}

#[test]
fn only_the_last_lines_are_remembered() {
    let mut tail = VecDeque::new();
    remember(&mut tail, b"early\n");
    let many: Vec<u8> = (0..TAIL + 20)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect();
    remember(&mut tail, &many);
    remember(&mut tail, b"last\n");
    let lines: Vec<_> = tail
        .iter()
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
        .collect();
    assert_eq!(lines.len(), TAIL);
    assert_eq!((lines[0].as_str(), lines[TAIL - 1].as_str()), ("line 21", "last"));
}
