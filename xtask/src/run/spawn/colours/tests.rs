//! The environment of a service → what is added so that it colours.

use super::variables;

/// `environment` has names, each with a value.
#[track_caller]
fn check(environment: &[(&str, &str)], expected: &str) {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let added: Vec<_> = variables(&environment.collect())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(added.join(" "), expected);
}

#[test]
fn programs_of_all_kinds_are_asked_to_colour() {
    check(
        &[("PATH", "/bin")],
        "FORCE_COLOR=1 CLICOLOR_FORCE=1 UVICORN_USE_COLORS=1",
    );
}

#[test]
fn what_the_user_has_set_is_kept() {
    for (name, value) in [
        ("NO_COLOR", "1"),
        ("NO_COLOR", ""),
        ("FORCE_COLOR", "0"),
        ("FORCE_COLOR", "3"),
        ("CLICOLOR", "0"),
        ("CLICOLOR_FORCE", "0"),
        ("NODE_DISABLE_COLORS", "1"),
    ] {
        check(&[(name, value)], "");
    }
    check(&[("UVICORN_USE_COLORS", "0")], "FORCE_COLOR=1 CLICOLOR_FORCE=1");
}
