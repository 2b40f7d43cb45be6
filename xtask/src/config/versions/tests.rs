//! A specifier and versions → the versions it allows.

use crate::config::Versions;

/// `versions` and `expected` are separated by spaces; `expected` contains the allowed ones.
#[track_caller]
fn check(specifier: &str, versions: &str, expected: &str) {
    let found = match Versions::parse(specifier) {
        Ok(allowed) => versions
            .split_whitespace()
            .filter(|version| allowed.allows(&numbers(version)))
            .collect::<Vec<_>>()
            .join(" "),
        Err(problem) => format!("{}; {}", problem.message, problem.hints[0].render("")),
    };
    assert_eq!(found, expected, "{specifier}");
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap()).collect()
}

const SOME: &str = "2.7 3 3.9.18 3.10.0 3.11 3.11.0 3.11.4 3.12.0 3.12.7 3.13.1 4.0";

#[test]
fn bounds_compare_numbers_not_letters() {
    check(">=3.11", SOME, "3.11 3.11.0 3.11.4 3.12.0 3.12.7 3.13.1 4.0");
    check("<3.11", SOME, "2.7 3 3.9.18 3.10.0");
    check("<=3.11", SOME, "2.7 3 3.9.18 3.10.0 3.11 3.11.0");
    check(">3.11", SOME, "3.11.4 3.12.0 3.12.7 3.13.1 4.0");
}

#[test]
fn every_condition_must_hold() {
    check(">=3.11, <3.13, !=3.12.0", SOME, "3.11 3.11.0 3.11.4 3.12.7");
}

#[test]
fn a_bare_version_means_all_of_its_patches() {
    check("3.12", SOME, "3.12.0 3.12.7");
    check("3.12.*", SOME, "3.12.0 3.12.7");
    check("==3.12.*", SOME, "3.12.0 3.12.7");
    check("!=3.12.*", "3.11.4 3.12.0 3.12.7 3.13.1", "3.11.4 3.13.1");
}

#[test]
fn an_exact_version_is_padded_with_zeros() {
    check("==3.11", SOME, "3.11 3.11.0");
    check("==3.11.0.0", SOME, "3.11 3.11.0");
    check("!=3.11", "3.11 3.11.0 3.11.4", "3.11.4");
}

#[test]
fn a_compatible_release_keeps_all_but_its_last_number() {
    check("~=3.11", SOME, "3.11 3.11.0 3.11.4 3.12.0 3.12.7 3.13.1");
    check("~=3.11.2", SOME, "3.11.4");
}

#[test]
fn other_tools_operators_get_a_translation() {
    check(
        "^3.11",
        SOME,
        "`^3.11` is not a version specifier; write `>=3.11` with an upper bound, such as `>=3.11,<4`",
    );
    check(
        "~3.11",
        SOME,
        "`~3.11` is not a version specifier; write `>=3.11` with an upper bound, such as `>=3.11,<4`",
    );
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "",
        "three",
        ">=",
        ">=3.11,",
        "===3.11",
        "~=3",
        ">=3.11.*",
        "3.13rc1",
        "=3.11",
        "3..1",
        "+3",
        "99999999999",
    ] {
        check(
            text,
            SOME,
            &format!("`{text}` is not a version specifier; write it like `>=3.11`, `>=3.11,<3.13`, `~=3.11` or `3.12`"),
        );
    }
}
