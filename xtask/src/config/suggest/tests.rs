//! A mistyped name → the suggestion.

use super::{any_of, closest, did_you_mean};

#[track_caller]
fn check(typed: &str, known: &str, expected: &str) {
    let found = closest(typed, known.split(' ')).unwrap_or("nothing");
    assert_eq!(found, expected, "{typed}");
}

#[test]
fn the_closest_name_is_suggested() {
    check("prot", "command port ports", "port");
    check("Port", "command port ports", "port");
    check("databse", "db database", "database");
    check("workingdir", "working_dir command", "working_dir");
}

#[test]
fn what_is_far_from_all_names_gets_nothing() {
    check("color", "command port ports", "nothing");
    check("", "command port", "nothing");
    check("abcdef", "abcxyz", "nothing");
    assert_eq!(closest("x", []), None);
}

#[test]
fn suggestions_and_lists_are_put_into_words() {
    assert_eq!(did_you_mean("prot", ["port"]).as_deref(), Some("did you mean `port`?"));
    assert_eq!(any_of(&[]), "");
    assert_eq!(any_of(&["a"]), "`a`");
    assert_eq!(any_of(&["a", "b", "c"]), "`a`, `b` or `c`");
}
