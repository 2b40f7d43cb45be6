//! YAML as Compose files have it.

use expect_test::{Expect, expect};

use super::value;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let seen = value(text).map_or_else(|| "invalid".to_owned(), |value| value.to_string());
    expected.assert_eq(&seen);
}

#[test]
fn values_are_read_as_compose_reads_them() {
    check(
        "# a\nservices:\n  db: {image: 'postgres:17', ports: [\"5432:5432\", 80], on: true, n: ~}\n  empty:\n",
        expect![[
            r#"{"services":{"db":{"image":"postgres:17","n":null,"on":true,"ports":["5432:5432",80]},"empty":null}}"#
        ]],
    );
    check(
        "text: |\n  a\n  b\nfolded: >-\n  a\n  b\n",
        expect![[r#"{"folded":"a b","text":"a\nb\n"}"#]],
    );
    check(
        "version: \"3.8\"\nn: 1.5\nyes: no\n",
        expect![[r#"{"n":"1.5","version":"3.8","yes":"no"}"#]],
    );
}

#[test]
fn anchors_and_merge_keys_are_filled_in() {
    check(
        "x: &x {a: 1, b: 2}\ny: &y [1, 2]\ns:\n  <<: *x\n  b: 3\n  c: *y\nt:\n  <<: [*x, {d: 4}]\n",
        expect![[r#"{"s":{"a":1,"b":3,"c":[1,2]},"t":{"a":1,"b":2,"d":4},"x":{"a":1,"b":2},"y":[1,2]}"#]],
    );
}

#[test]
fn what_is_invalid_or_unfolds_without_end_is_refused() {
    check("a: [1\n", expect!["invalid"]);
    check("", expect!["invalid"]);
    check("a: *nowhere\n", expect!["invalid"]);
    let lines = (1..10).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    check(&format!("a0: &a0 x\n{}", lines.collect::<String>()), expect!["invalid"]);
    check(&"[".repeat(10_000), expect!["invalid"]);
}
