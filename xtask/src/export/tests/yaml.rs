//! YAML.

use expect_test::expect;

use crate::export::yaml::{Yaml, map, texts};

#[test]
fn plain_text_is_plain_and_all_else_has_quotes() {
    let values = [
        "redis",
        "a-b/c.d",
        "/app/back",
        "",
        "yes",
        "No",
        "null",
        "1",
        "1.5",
        "~",
        "-x",
        "a b",
        "a:b",
        "#",
        "it's",
        "\"q\"",
        "\\",
        "$$",
        "two\nlines",
        "\t",
        "\r\u{1}\u{7f}\u{85}",
        "größer 日本 😀",
        "\u{2028}\u{feff}",
        "*a",
        "&a",
        "!a",
        "{}",
        "=",
    ];
    let yaml = map([
        ("list", texts(values)),
        ("no", Yaml::Bool(true)),
        (
            "nested",
            Yaml::List(vec![
                map([("a", Yaml::Number(1)), ("b", texts(["c"]))]),
                Yaml::Map(vec![]),
            ]),
        ),
        ("none", Yaml::List(vec![])),
        ("empty", map([("map", Yaml::Map(vec![]))])),
        ("lists", Yaml::List(vec![texts(["x"]), texts::<&str>([])])),
    ]);
    expect![[r##"
        list:
          - redis
          - a-b/c.d
          - /app/back
          - ""
          - "yes"
          - "No"
          - "null"
          - "1"
          - "1.5"
          - "~"
          - "-x"
          - "a b"
          - "a:b"
          - "#"
          - "it's"
          - "\"q\""
          - "\\"
          - "$$"
          - "two\nlines"
          - "\t"
          - "\x0d\x01\x7f\x85"
          - "größer 日本 😀"
          - "\u2028\ufeff"
          - "*a"
          - "&a"
          - "!a"
          - "{}"
          - "="
        "no": true
        nested:
          - a: 1
            b:
              - c
          - {}
        none: []
        empty:
          map: {}
        lists:
          -
            - x
          - []
    "##]]
    .assert_eq(&yaml.document());
}
