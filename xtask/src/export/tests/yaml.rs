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

#[test]
fn a_parser_reads_the_same_text() {
    let letters = (0..=0x2030u32).chain(0xd7f0..0xe010).chain(0xfe00..=0x10010);
    let all: String = letters
        .filter_map(char::from_u32)
        .filter(|letter| *letter != '\0')
        .collect();
    let mut texts: Vec<String> = vec![all];
    // Every pair of signs that mean something.
    let signs = "-?:,[]{}#&*!|>'\"%@` \n\t\\~$=0ex.+_é";
    for first in signs.chars() {
        texts.extend(
            signs
                .chars()
                .flat_map(|next| [format!("{first}{next}"), format!("a{first}{next}b")]),
        );
    }
    let short = texts.iter().skip(1).map(|text| (text.clone(), Yaml::Bool(true)));
    let document = map([
        ("keys", Yaml::Map(short.collect())),
        ("values", crate::export::yaml::texts(texts.clone())),
    ]);
    let read = crate::detect::yaml::value(&document.document()).expect("it is YAML");
    assert_eq!(read["values"], serde_json::json!(texts));
    for text in texts.iter().skip(1) {
        assert_eq!(read["keys"][text], serde_json::json!(true), "{text:?}");
    }
}
