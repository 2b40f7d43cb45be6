//! Makes text independent of the run: pids and durations are replaced.

/// `pid 4242` and numbers of live processes → `[pid]`; `0.4 s`, `40 ms`, `2 min` → `[time]`.
///
/// More than two spaces after either, or before a pid, become two: they depend on the width of the number.
pub(super) fn without_numbers(text: &str, pids: &[u32]) -> String {
    text.split_inclusive('\n').map(|line| plain_line(line, pids)).collect()
}

fn plain_line(line: &str, pids: &[u32]) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let number = number(&rest[at..]);
        plain.push_str(&rest[..at]);
        let after = &rest[at + number.len()..];
        let stands_alone = !plain.ends_with(|letter: char| letter.is_alphanumeric() || ".:-_/".contains(letter));
        let unit = [" min", " ms", " s"].into_iter().find(|unit| {
            let next = after.strip_prefix(unit).map(|rest| rest.chars().next());
            next.is_some_and(|next| !next.is_some_and(char::is_alphanumeric))
        });
        let is_pid = || plain.ends_with("pid ") || number.parse().is_ok_and(|number| pids.contains(&number));
        rest = after;
        if let Some(unit) = unit.filter(|_| stands_alone) {
            plain.push_str("[time]");
            rest = narrowed(&after[unit.len()..]);
        } else if stands_alone && is_pid() {
            plain.push_str("[pid]");
            rest = narrowed(after);
        } else {
            plain.push_str(number);
        }
    }
    plain + rest
}

/// The number at the start of the text: `412`, `0.4`.
fn number(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    text[..end.unwrap_or(text.len())].trim_end_matches('.')
}

/// Reduces leading spaces to at most two.
fn narrowed(text: &str) -> &str {
    let n_spaces = text.len() - text.trim_start_matches(' ').len();
    &text[n_spaces.saturating_sub(2)..]
}

#[test]
fn what_differs_from_run_to_run_is_replaced() {
    let check = |text: &str, expected: &str| assert_eq!(without_numbers(text, &[4242]), expected);
    check("up 2.6 s.", "up [time].");
    check(
        "db  4242     8000  200 in 3 ms    0",
        "db  [pid]  8000  200 in [time]  0",
    );
    check("(pid 77), since 14 min", "(pid [pid]), since [time]");
    check(
        "3 services, port 12 same, 127.0.0.1:4242",
        "3 services, port 12 same, 127.0.0.1:4242",
    );
}
