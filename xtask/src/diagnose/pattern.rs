//! The patterns of the rules: a message with its variable parts left open.

/// Does the line hold the pattern? Letters match in any case.
///
/// `*` is any text, `#` a number, `@` a name in capitals; `^` in front and `$` behind are the ends of the line.
pub(super) fn holds(line: &str, pattern: &str) -> bool {
    let line = line.as_bytes();
    match pattern.strip_prefix('^') {
        Some(pattern) => begins(line, pattern.as_bytes()),
        None => (0..line.len()).any(|at| begins(&line[at..], pattern.as_bytes())),
    }
}

fn begins(line: &[u8], pattern: &[u8]) -> bool {
    let goes_on = |n: usize, rest: &[u8]| begins(&line[n..], rest);
    let Some((first, rest)) = pattern.split_first() else {
        return true;
    };
    match first {
        b'*' => (0..=line.len()).any(|n| goes_on(n, rest)),
        b'#' => {
            let n = line.iter().take_while(|it| it.is_ascii_digit()).count();
            n > 0 && goes_on(n, rest)
        }
        b'@' => {
            let n = line.iter().take_while(|it| is_of_a_name(**it)).count();
            n > 1 && line[0].is_ascii_uppercase() && goes_on(n, rest)
        }
        b'$' if rest.is_empty() => line.is_empty(),
        first => line.first().is_some_and(|it| it.eq_ignore_ascii_case(first)) && goes_on(1, rest),
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}
