//! What can be seen in the end of the lines that a service wrote to a terminal.
//!
//! There it has a screen to itself, and may go back, erase and ask the terminal something. On ours the lines of all services
//! stand below each other, so of all that only colours and links are passed on.

use super::strip_escapes::{ESCAPE, escape_sequence_len};

/// Whole lines as they were seen last: a line that was started over is what came after that, without `\r`.
pub(super) fn shown(lines: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        show(&mut shown, line.strip_suffix(b"\n").unwrap_or(line));
        shown.push(b'\n');
    }
    shown
}

fn show(shown: &mut Vec<u8>, line: &[u8]) {
    let begin = shown.len();
    // What stands before is overwritten by the next text; if there is none, it is what was seen last.
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

/// Takes out blanks that were to hide what stands before.
fn without_blanks(shown: &mut Vec<u8>, old: Option<usize>) {
    if let Some(end) = old {
        let blanks = shown.split_off(end);
        shown.extend(blanks.into_iter().filter(|byte| *byte != b' '));
    }
}

/// Does it lead to the start of the line, or leave nothing of it?
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

/// A colour (SGR), or a link (OSC 8).
fn stays(sequence: &[u8]) -> bool {
    match sequence {
        [b'[', values @ .., b'm'] => values.iter().all(|byte| byte.is_ascii_digit() || b";:".contains(byte)),
        _ => sequence.starts_with(b"]8;"),
    }
}
