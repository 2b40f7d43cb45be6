//! The visible result of lines that a service wrote to its terminal.
//!
//! A service has its terminal to itself and may move the cursor, erase and send queries. Our terminal shows the lines
//! of all services below each other, so only colours and links are passed on.

use super::strip_escapes::{ESCAPE, escape_sequence_len};

/// Whole lines as they last appeared: if a line was started over, only the text after that, without `\r`.
pub(super) fn shown(lines: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        show(&mut shown, line.strip_suffix(b"\n").unwrap_or(line));
        shown.push(b'\n');
    }
    shown
}

/// Whole lines without blank ones that follow a blank one: line breaks clear a screen, as Vite does when it starts.
pub(super) fn without_blank_runs(lines: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(lines.len());
    let mut after_blank = false;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let is_blank = line.trim_ascii().is_empty();
        if !(is_blank && after_blank) {
            kept.extend_from_slice(line);
        }
        after_blank = is_blank;
    }
    kept
}

fn show(shown: &mut Vec<u8>, line: &[u8]) {
    let begin = shown.len();
    // The text before is overwritten by the next text; if there is none, it remains visible.
    let mut old = None;
    let mut rest = line;
    loop {
        let end = memchr::memchr2(b'\r', ESCAPE, rest).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        if !text.trim_ascii().is_empty()
            && let Some(end) = old.take()
        {
            shown.drain(begin..end);
        }
        shown.extend_from_slice(text);
        let Some((first, after)) = after.split_first() else {
            break;
        };
        let length = if *first == ESCAPE {
            escape_sequence_len(after)
        } else {
            0
        };
        if *first == b'\r' || starts_over(&after[..length]) {
            without_blanks(shown, old);
            old.get_or_insert(shown.len());
        } else if stays(&after[..length]) {
            shown.push(ESCAPE);
            shown.extend_from_slice(&after[..length]);
        }
        rest = &after[length..];
    }
    without_blanks(shown, old);
}

/// Removes blanks that were written to erase the text before.
fn without_blanks(shown: &mut Vec<u8>, old: Option<usize>) {
    if let Some(end) = old {
        let blanks = shown.split_off(end);
        shown.extend(blanks.into_iter().filter(|byte| *byte != b' '));
    }
}

/// Whether a sequence moves to the start of the line or erases the line.
///
/// Source: ECMA-48, 8.3 (CHA, CUP, HVP, EL, ED); xterm's "Control Sequences" (RIS, ED 3).
fn starts_over(sequence: &[u8]) -> bool {
    match sequence.strip_prefix(b"[") {
        Some(rest) => matches!(
            rest,
            [b'G'] | [b'0' | b'1', b'G'] | [.., b'H' | b'f'] | [b'2', b'K'] | [b'2' | b'3', b'J']
        ),
        None => sequence == b"c",
    }
}

/// Whether it is a colour (SGR) or a link (OSC 8), which are passed on.
fn stays(sequence: &[u8]) -> bool {
    match sequence {
        [b'[', values @ .., b'm'] => values.iter().all(|byte| byte.is_ascii_digit() || b";:".contains(byte)),
        _ => sequence.starts_with(b"]8;"),
    }
}
