//! Rust source as the house rules see it: its code without comments and literals, and the paths named in it.

/// `text` with every comment, string and character blanked out: the same lines and columns, only code left.
pub(crate) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = at + literal_or_comment(&bytes[at..], at.checked_sub(1).map(|before| bytes[before]));
        // Blanks for all but line ends, so that places stay true.
        out[at..end]
            .iter_mut()
            .filter(|byte| **byte != b'\n')
            .for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("whole literals are blanked, so no character is cut")
}

/// How many bytes of a comment or literal stand at the front; 0 if it is code.
fn literal_or_comment(rest: &[u8], before: Option<u8>) -> usize {
    let until = |end: &[u8], from: usize| {
        let found = rest[from..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |found| from + found + end.len())
    };
    match rest {
        [b'/', b'/', ..] => until(b"\n", 2) - usize::from(rest.contains(&b'\n')),
        [b'/', b'*', ..] => block_comment(rest),
        [b'r', b'"' | b'#', ..] if before.is_none_or(|byte| byte == b'b' || !is_word(byte)) => {
            let n_hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            match rest.get(1 + n_hashes) {
                Some(b'"') => until(&[b"\"".as_slice(), &b"#".repeat(n_hashes)].concat(), 2 + n_hashes),
                _ => 0, // a raw name: r#type
            }
        }
        [b'"', ..] => quoted(rest, b'"'),
        // 'a' and '\n' are characters, 'a is a lifetime.
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        [b'\'', first, ..] => match rest[1..].iter().position(|byte| *byte == b'\'') {
            Some(length) if length == utf8_length(*first) => length + 2,
            _ => 0,
        },
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8], end: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != end {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn utf8_length(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Every path that the code names and its line: `use std::{env, io::Read};` names `std::env` and `std::io::Read`.
pub(crate) fn paths(code: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if is_word(code.as_bytes()[at]) {
            at = tree(code, at, "", &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

/// One path, or the tree of a `use`, that begins at `at`; returns where it ends.
fn tree(code: &str, mut at: usize, parent: &str, paths: &mut Vec<(usize, String)>) -> usize {
    let begin = at;
    let mut path = parent.to_owned();
    loop {
        let length = code[at..].bytes().take_while(|byte| is_word(*byte)).count();
        if length > 0 && &code[at..at + length] != "self" {
            path = if path.is_empty() { String::new() } else { path + "::" } + &code[at..at + length];
        }
        at += length;
        match code[at..].strip_prefix("::") {
            Some(rest) if rest.starts_with('{') => {
                at += 3;
                while at < code.len() && !code[at..].starts_with('}') {
                    at = if is_word(code.as_bytes()[at]) {
                        tree(code, at, &path, paths)
                    } else {
                        at + 1
                    };
                }
                return at + 1;
            }
            Some(rest) if rest.bytes().next().is_some_and(is_word) => at += 2,
            _ => {
                paths.push((line(code, begin), path));
                return at;
            }
        }
    }
}

/// Counted from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count()
}

#[test]
fn only_code_is_left() {
    let text = "a // \"b\nc /* d /* e */ f */ 'g' '\\'' 'é' <'h> \"i\\\"j\" r#\"k\"l\"# br\"m\" r#n o";
    let blanked: Vec<String> = code(text)
        .split('\n')
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(blanked, ["a", "c<'h>br#no"]);
}

#[test]
fn every_leaf_of_a_use_tree_is_a_path() {
    let paths = paths("use std::{env, io::{self,\n Read}};\nlet x = super::f(crate::plan::Plan::<T>::new());");
    let words = ["use", "let", "x", "T", "new"];
    let told: Vec<String> = paths
        .into_iter()
        .filter(|(_, path)| !words.contains(&path.as_str()))
        .map(|(line, path)| format!("{line} {path}"))
        .collect();
    assert_eq!(
        told,
        [
            "1 std::env",
            "1 std::io",
            "2 std::io::Read",
            "3 super::f",
            "3 crate::plan::Plan"
        ]
    );
}
