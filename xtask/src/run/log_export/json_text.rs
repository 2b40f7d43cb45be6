//! The inside of a JSON string, appended to bytes: lines are not built as values first, because there are many.

/// Appends `text` as the inside of a JSON string. Control characters are escaped; what is no UTF-8 becomes U+FFFD.
pub(super) fn push(to: &mut Vec<u8>, mut text: &[u8]) {
    loop {
        let plain = plain_len(text);
        to.extend_from_slice(&text[..plain]);
        text = &text[plain..];
        match text {
            [] => return,
            [first, ..] if !first.is_ascii() => {
                let length = text.iter().take_while(|byte| !byte.is_ascii()).count();
                push_non_ascii(to, &text[..length]);
                text = &text[length..];
            }
            [ascii, rest @ ..] => {
                push_escaped(to, *ascii);
                text = rest;
            }
        }
    }
}

fn push_escaped(to: &mut Vec<u8>, ascii: u8) {
    match ascii {
        b'"' => to.extend_from_slice(b"\\\""),
        b'\\' => to.extend_from_slice(b"\\\\"),
        b'\t' => to.extend_from_slice(b"\\t"),
        b'\r' => to.extend_from_slice(b"\\r"),
        b'\n' => to.extend_from_slice(b"\\n"),
        control => push_unicode(to, control),
    }
}

fn push_non_ascii(to: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        let mut valid = chunk.valid().as_bytes();
        while let Some(at) = memchr::memchr(C1_LEAD, valid) {
            let (before, rest) = valid.split_at(at);
            let (letter, after) = rest.split_at(2);
            to.extend_from_slice(before);
            match letter[1] {
                control @ 0x80..0xa0 => push_unicode(to, control),
                _ => to.extend_from_slice(letter),
            }
            valid = after;
        }
        to.extend_from_slice(valid);
        if !chunk.invalid().is_empty() {
            to.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// The first byte of U+0080 to U+00BF in UTF-8; the controls among them are C1. No letter has it as another byte.
const C1_LEAD: u8 = 0xc2;

fn push_unicode(to: &mut Vec<u8>, code: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| DIGITS[usize::from(four)];
    to.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(code >> 4), digit(code & 15)]);
}

/// The number of bytes before the first that is not printable ASCII, or is a quote or backslash.
fn plain_len(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return at * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    match special(u64::from_le_bytes(last)) {
        0 => text.len(),
        found => words.len() * 8 + found.trailing_zeros() as usize / 8,
    }
}

/// The highest bit of each special byte. Bytes above the lowest one found may be marked by mistake.
///
/// Source: "Bit Twiddling Hacks", S. E. Anderson: "Determine if a word has a byte less than n", "… equal to n".
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let below_blank = word.wrapping_sub(ONES * 0x20);
    let equal = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    // One more than DEL has the highest bit, as has every byte that is not ASCII.
    let above_tilde = word.wrapping_add(ONES) | word;
    (below_blank | equal(b'"') | equal(b'\\') | above_tilde) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::push;

    #[track_caller]
    fn check(text: &[u8], expected: &str) {
        let mut json = b"\"".to_vec();
        push(&mut json, text);
        json.push(b'"');
        let json = String::from_utf8(json).expect("it is UTF-8");
        assert_eq!(json, format!("\"{expected}\""));
        let read: String = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(read, String::from_utf8_lossy(text));
    }

    #[test]
    fn plain_text_is_copied_whatever_its_length() {
        for length in 0..40 {
            let text = "x".repeat(length);
            check(text.as_bytes(), &text);
        }
        check(
            "größer als 8 Bytes — wirklich €\u{1f600}".as_bytes(),
            "größer als 8 Bytes — wirklich €\u{1f600}",
        );
    }

    #[test]
    fn quotes_and_controls_are_escaped_wherever_they_stand() {
        for before in 0..20 {
            let x = "x".repeat(before);
            check(format!("{x}\"a\\b").as_bytes(), &format!("{x}\\\"a\\\\b"));
            check(
                format!("{x}\t\r\u{1}\u{1f} ").as_bytes(),
                &format!("{x}\\t\\r\\u0001\\u001f "),
            );
            check(
                format!("{x}\0\u{7f}~\u{80}\u{9f}\u{a0}é").as_bytes(),
                &format!("{x}\\u0000\\u007f~\\u0080\\u009f\u{a0}é"),
            );
        }
        check(b"a\nb", "a\\nb");
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        check(b"caf\xc3\xa9 \xff\xfe end", "café \u{fffd}\u{fffd} end");
        check(b"cut \xc3", "cut \u{fffd}");
        check(b"\xc2", "\u{fffd}");
        check(b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}");
    }
}
