//! Output of services in pieces → lines; lines → files and back.

use std::collections::VecDeque;
use std::io::Read;

use super::file::{self, LogFile};
use super::lines::{Got, Lines};
use super::strip_escapes::plain;
use super::terminal_text::{shown, without_blank_runs};
use super::{LogReader, RecordKind, RunId, Stream, TAIL_LINES, last_run, record_format, remember};

/// A pipe that returns one piece per read.
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

/// What is passed on from a pipe, one entry per read.
fn handed(mut pipe: Pieces) -> Vec<Vec<u8>> {
    let (mut lines, mut buffer) = (Lines::default(), Vec::new());
    let mut handed = Vec::new();
    loop {
        let (whole, is_end) = match lines.read_from(&mut pipe, &mut buffer, |_| {}) {
            Got::Lines(whole) => (whole, false),
            Got::End(rest) => (rest, true),
        };
        handed.extend((!whole.is_empty()).then(|| whole.to_vec()));
        if is_end {
            return handed;
        }
    }
}

/// The pieces of a pipe → what is passed on, one entry per read.
#[track_caller]
fn check(pieces: &[&[u8]], expected: &[&[u8]]) {
    let handed = handed(Pieces(pieces.iter().map(|piece| piece.to_vec()).collect()));
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
    let pieces = [b"\xff\xfe caf\xc3".to_vec(), b"\xa9\n".to_vec()];
    assert_eq!(
        handed(Pieces(VecDeque::from(pieces))).concat(),
        b"\xff\xfe caf\xc3\xa9\n"
    );
}

#[test]
fn an_endless_line_is_cut_and_nothing_of_it_is_lost() {
    let piece = vec![b'x'; 60_000];
    let handed = handed(Pieces((0..100).map(|_| piece.clone()).collect()));
    let handed: Vec<usize> = handed.iter().map(Vec::len).collect();
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
    let many: Vec<u8> = (0..TAIL_LINES + 20)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect();
    remember(&mut tail, &many);
    remember(&mut tail, b"last\n");
    let lines: Vec<_> = tail
        .iter()
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
        .collect();
    assert_eq!(lines.len(), TAIL_LINES);
    assert_eq!((lines[0].as_str(), lines[TAIL_LINES - 1].as_str()), ("line 21", "last"));
}

/// Stores a line and reads it back.
#[track_caller]
fn check_stored(text: &[u8], expected: &[u8]) {
    let stored = [b"2026-11-23T08:00:00.123Z 42 e ", text].concat();
    let entry = record_format::entry(&stored).expect("it is one");
    assert_eq!((entry.place, entry.kind), (42, RecordKind::Line(Stream::Stderr)));
    assert_eq!(entry.at, "2026-11-23T08:00:00.123Z");
    let read = plain(&entry.text).into_owned();
    assert_eq!(String::from_utf8_lossy(&read), String::from_utf8_lossy(expected));
    assert!(read == expected);
}

#[test]
fn a_stored_line_is_the_line_without_colours() {
    check_stored(b"", b"");
    check_stored(b"  two  blanks ", b"  two  blanks ");
    check_stored(b"caf\xc3\xa9 \xff\xfe\0\r\t\x07", b"caf\xc3\xa9 \xff\xfe\0\r\t\x07");
    check_stored(b"\x1b[1;38;5;208mred\x1b[0m \x1b[2K\x1b[1Gx", b"red x");
    check_stored(b"\xff\x1b[31m\xfe\x1b[m", b"\xff\xfe");
    check_stored(b"\x1b]8;;http://x\x07link\x1b]8;;\x1b\\ \x1b]0;title\x07", b"link ");
    check_stored(b"\x1b(Bplain\x1b7\x1b=", b"plain");
    check_stored(b"\x1b]never ended, \x1b[31\xff, \x1b", b"never ended, \xff, ");
}

/// Terminal output of a service → what is passed on.
#[track_caller]
fn check_shown(written: &[u8], expected: &[u8]) {
    let shown = shown(written);
    assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(expected));
    assert!(shown == expected);
}

#[test]
fn of_a_line_that_was_started_over_the_last_text_is_shown() {
    check_shown(b"one\r\n\r\ntwo\r\r\n", b"one\n\ntwo\n");
    check_shown(b"10%\r50%\r100%\r\nnext\r\n", b"100%\nnext\n");
    check_shown(b"\r\x1b[K10%\r\x1b[Kdone\n", b"done\n");
    check_shown(b"wait\x1b[2K\x1b[1Gdone\x1b[K\n", b"done\n");
    check_shown(b"wait\x1b[2J\x1b[3J\x1b[Hdone\n", b"done\n");
    check_shown(b"wait\x1bcdone\n", b"done\n");
    check_shown(b"wait\r  done\n", b"  done\n");
    // Nothing came after it: it was seen last.
    check_shown(b"100%\r\x1b[K\n", b"100%\n");
    check_shown(b"100%\r    \r\n", b"100%\n");
    check_shown(b"a\x1b[60Gb\n", b"ab\n");
    check_shown(b"\r\r \xff\r\n", b" \xff\n");
}

#[test]
fn colours_and_links_are_shown_and_what_moves_or_asks_is_not() {
    check_shown(b"\x1b[1;31mred\x1b[0m\x1b[m\n", b"\x1b[1;31mred\x1b[0m\x1b[m\n");
    let link = b"\x1b]8;;http://x\x07link\x1b]8;;\x1b\\\n";
    check_shown(link, link);
    check_shown(b"\x1b]0;title\x07a\x1b[6n\x1b[?25l\x1b[2Ab\x1b7\x1b[>4;2m\n", b"ab\n");
    // The colour of what is shown, and the end of it.
    check_shown(b"\x1b[31m10%\r\x1b[32m100%\r\x1b[0m\n", b"\x1b[32m100%\x1b[0m\n");
    check_shown(b"\x1b]8;never ended, \x1b\n", b"8;never ended, \n");
}

#[test]
fn what_no_supervisor_wrote_is_no_line() {
    for text in [
        "",
        "devtasks-log 1 x y",
        "2026-11-23T08:00:00.123Z 42 x text",
        "2026-11-23T08:00:00.123Z a o text",
    ] {
        assert_eq!(record_format::entry(text.as_bytes()), None, "{text}");
    }
    let head = record_format::head("2026-11-23T08:00:00Z".parse().unwrap(), 7, RecordKind::Mark);
    assert_eq!(head, "2026-11-23T08:00:00.000Z 7 s ");
}

/// A directory, and a run that writes to it.
fn directory() -> (tempfile::TempDir, RunId) {
    let run = RunId {
        id: "1a-2b".to_owned(),
        began: "2026-11-23T08:00:00Z".parse().unwrap(),
    };
    (tempfile::tempdir().unwrap(), run)
}

#[test]
fn a_service_never_has_more_on_disk_than_its_share() {
    let (directory, run) = directory();
    let mut log = LogFile::create(directory.path(), "api", run.clone(), Vec::new()).unwrap();
    let lines = [vec![b'x'; 1_000_000], b"\n".to_vec()].concat();
    let size = |number| std::fs::metadata(file::path(directory.path(), "api", number)).map_or(0, |it| it.len());
    for _ in 0..60 {
        log.write(run.began, 1, RecordKind::Line(Stream::Stdout), &lines)
            .unwrap();
        let sizes: Vec<u64> = (1..20).map(size).collect();
        assert!(sizes.iter().all(|size| *size <= file::MAX_FILE_BYTES), "{sizes:?}");
        assert!(
            sizes.iter().sum::<u64>() <= file::MAX_FILES * file::MAX_FILE_BYTES,
            "{sizes:?}"
        );
    }
    assert_eq!(file::numbers(directory.path(), "api"), [5, 6, 7, 8]);
    drop(log);
    let mut next = LogFile::create(directory.path(), "api", run.clone(), vec![5, 6, 7, 8]).unwrap();
    next.write(run.began, 1, RecordKind::Line(Stream::Stdout), b"x\n")
        .unwrap();
    assert_eq!(file::numbers(directory.path(), "api"), [6, 7, 8, 9]);
}

#[test]
fn services_are_merged_in_the_order_of_their_places() {
    let (directory, run) = directory();
    let write = |service: &str, lines: &[(u64, &str)]| {
        let mut log = LogFile::create(directory.path(), service, run.clone(), Vec::new()).unwrap();
        for (place, text) in lines {
            log.write(run.began, *place, RecordKind::Line(Stream::Stdout), text.as_bytes())
                .unwrap();
        }
    };
    write("a", &[(1, "1\n1\n"), (4, "4\n"), (5, "5\n")]);
    write("b", &[(2, "2\n"), (3, "3\n"), (10, "10\n")]);
    let mut reader = LogReader::new(directory.path(), &run.id, &[]);
    let mut read = Vec::new();
    while let Some((_, entry)) = reader.next() {
        read.push(String::from_utf8(entry.text).unwrap());
    }
    assert_eq!(read, ["1", "1", "2", "3", "4", "5", "10"]);
    assert_eq!(last_run(directory.path()).as_deref(), Some("1a-2b"));
    assert!(LogReader::new(directory.path(), "another", &[]).next().is_none());
}

#[test]
fn a_screen_that_is_cleared_with_line_breaks_is_one_blank_line() {
    let check = |lines: &str, expected: &str| assert_eq!(without_blank_runs(lines.as_bytes()), expected.as_bytes());
    check("one\n\n \n\n  two\n", "one\n\n  two\n");
    check("\n\n", "\n");
    check("one\n\ntwo\nthree\n", "one\n\ntwo\nthree\n");
}
