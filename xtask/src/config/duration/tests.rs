//! Text → milliseconds or a problem.

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = match super::parse(text) {
        Ok(duration) => format!("{} ms", duration.as_millis()),
        Err(problem) => format!("{}; {}", problem.message, problem.hints[0].render("")),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_unit_is_read() {
    check("500ms", "500 ms");
    check("10s", "10000 ms");
    check("2m", "120000 ms");
    check("1h", "3600000 ms");
    check("0s", "0 ms");
}

#[test]
fn units_combine() {
    check("1m30s", "90000 ms");
    check("1h2m3s4ms", "3723004 ms");
}

#[test]
fn a_bare_number_lacks_its_unit() {
    check("10", "`10` is not a duration; add the unit: `10s` or `10ms`");
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "",
        "s",
        "10 s",
        "-1s",
        "1.5s",
        "1d",
        "10S",
        "s10",
        "10s5",
        "99999999999999999999s",
        "18446744073709551615h",
    ] {
        check(
            text,
            &format!("`{text}` is not a duration; write it like `10s`, `500ms`, `2m`, `1h` or `1m30s`"),
        );
    }
}
