//! Removes sequences that only a terminal understands: colours, cursor movements, titles, links.

use std::borrow::Cow;

pub(super) const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// Whole lines without escape sequences; all other bytes are unchanged, whether UTF-8 or not.
pub(super) fn plain(lines: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut at) = memchr::memchr(ESCAPE, lines) else {
        return Cow::Borrowed(lines);
    };
    let mut plain = Vec::with_capacity(lines.len());
    let mut rest = lines;
    loop {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        rest = &rest[escape_sequence_len(rest)..];
        match memchr::memchr(ESCAPE, rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// The number of bytes after an escape character that belong to the sequence, at most to the end of the line.
///
/// Source: ECMA-48, 5.3 and 5.4 (control functions, control sequences), 5.6 (control strings).
pub(super) fn escape_sequence_len(after: &[u8]) -> usize {
    let while_in = |from: usize, range: std::ops::RangeInclusive<u8>| {
        let inside = after[from..].iter().take_while(|byte| range.contains(byte));
        from + inside.count()
    };
    let with_final = |at: usize, range: std::ops::RangeInclusive<u8>| match after.get(at) {
        Some(byte) if range.contains(byte) => at + 1,
        // Incomplete, or not a sequence.
        Some(_) | None => at,
    };
    match after.first() {
        Some(b'[') => with_final(while_in(while_in(1, 0x30..=0x3f), 0x20..=0x2f), 0x40..=0x7e),
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let line = &after[..memchr::memchr(b'\n', after).unwrap_or(after.len())];
            match memchr::memchr2(BELL, ESCAPE, line) {
                Some(end) if line[end] == BELL => end + 1,
                Some(end) if line.get(end + 1) == Some(&b'\\') => end + 2,
                // Without a terminator, the sequence would include the remaining text.
                Some(_) | None => 1,
            }
        }
        Some(_) => with_final(while_in(0, 0x20..=0x2f), 0x30..=0x7e),
        None => 0,
    }
}
