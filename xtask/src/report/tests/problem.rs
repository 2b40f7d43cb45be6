//! Diagnostics with the source line and markers below the marked part.

use super::{check, place};
use crate::diagnostic::{Diagnostic, Place};
use crate::expected::Expected;
use crate::report::paint::Paint;
use crate::report::problem::problem;
use expect_test::expect;

/// A terminal of 60 columns.
const NARROW: Paint = Paint::of(false, false, 60);

#[track_caller]
fn check_place(place: &Place, expected: impl Expected) {
    check(
        &problem(&Diagnostic::new("it is wrong").at(place), "devtasks", NARROW),
        expected,
    );
}

#[test]
fn a_problem_is_a_fact_a_place_and_hints() {
    let whole = Diagnostic::new("unknown key `prot`")
        .at(&place(14, 1, 4, "prot = 8000"))
        .hint("did you mean `port`?")
        .hint("or remove it");
    check(
        &problem(&whole, "devtasks", Paint::new(false)),
        expect![[r#"
            error: unknown key `prot`
              --> devtasks.toml:14:1  [services.backend]
                |
             14 | prot = 8000
                | ^^^^

            hint: did you mean `port`?
            hint: or remove it"#]],
    );
    check(
        &problem(&Diagnostic::new("it is wrong"), "devtasks", Paint::new(false)),
        expect!["error: it is wrong"],
    );
    let no_table = Place {
        table: String::new(),
        ..place(1, 1, 1, "")
    };
    check_place(
        &no_table,
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:1"#]],
    );
}

#[test]
fn the_mark_stands_below_what_is_meant() {
    check_place(
        &place(14, 8, 4, "port = 8000"),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:14:8  [services.backend]
                |
             14 | port = 8000
                |        ^^^^"#]],
    );
    check_place(
        &place(9, 2, 3, "\tabc = 1"),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:9:2  [services.backend]
               |
             9 |     abc = 1
               |     ^^^"#]],
    );
    check_place(
        &place(9, 10, 3, "\ta\t= \"日本\" # x"),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:9:10  [services.backend]
               |
             9 |     a    = "日本" # x
               |                  ^^^"#]],
    );
    check_place(
        &place(9, 6, 2, "x = \"日本語\""),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:9:6  [services.backend]
               |
             9 | x = "日本語"
               |      ^^^^"#]],
    );
    check_place(
        &place(100, 5, 1, "x = "),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:100:5  [services.backend]
                 |
             100 | x =
                 |     ^"#]],
    );
    check_place(
        &place(100, 9, 1, "abc"),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:100:9  [services.backend]
                 |
             100 | abc
                 |         ^"#]],
    );
}

#[test]
fn a_long_line_is_cut_so_that_what_is_meant_stays() {
    let long: String = ('a'..='z').cycle().take(200).collect();
    check_place(
        &place(1, 1, 3, &long),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:1  [services.backend]
               |
             1 | abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxy…
               | ^^^"#]],
    );
    check_place(
        &place(1, 100, 5, &long),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:100  [services.backend]
               |
             1 | …cdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz…
               |                                               ^^^^^"#]],
    );
    check_place(
        &place(1, 198, 3, &long),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:198  [services.backend]
               |
             1 | …uvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr
               |                                                 ^^^"#]],
    );
    check_place(
        &place(1, 30, 120, &long),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:30  [services.backend]
               |
             1 | …mnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij…
               |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
    check_place(
        &place(1, 53, 1, &long[..53]),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:53  [services.backend]
               |
             1 | …defghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyza
               |                                                   ^"#]],
    );
    check_place(
        &place(1, 52, 1, &long[..52]),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:52  [services.backend]
               |
             1 | abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz
               |                                                    ^"#]],
    );
    check_place(
        &place(1, 60, 4, &"日本".repeat(50)),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:1:60  [services.backend]
               |
             1 | …日本日本日本日本日本日本日本日本日本日本日本日本日…
               |                                            ^^^^^^^^"#]],
    );
}

#[test]
fn an_excerpt_is_as_wide_as_the_terminal() {
    let long: String = ('a'..='z').cycle().take(120).collect();
    let source = |width| {
        let paint = Paint::of(false, false, width);
        let text = problem(&Diagnostic::new("x").at(&place(1, 1, 1, &long)), "devtasks", paint);
        text.lines().nth(3).unwrap().to_owned()
    };
    assert_eq!(source(160), format!(" 1 | {long}"));
    assert_eq!(source(60), format!(" 1 | {}…", &long[..51]));
    assert_eq!(source(10), format!(" 1 | {}…", &long[..19]));
}

#[test]
fn every_mark_of_every_line_lies_within_60_columns_below_its_letters() {
    let line: String = "a\t日é".chars().cycle().take(92).collect();
    for column in 1..=95 {
        for width in [1, 2, 7, 80] {
            let text = problem(
                &Diagnostic::new("x").at(&place(7, column, width, &line)),
                "devtasks",
                NARROW,
            );
            let lines: Vec<&str> = text.lines().collect();
            let (source, mark) = (
                lines[3].split_once("| ").unwrap().1,
                lines[4].split_once("| ").unwrap().1,
            );
            assert!(
                lines.iter().all(|line| console::measure_text_width(line) <= 60),
                "{text}"
            );
            if column > 92 {
                continue;
            }
            let meant = line.chars().nth(column - 1).unwrap();
            let meant = if meant == '\t' { ' ' } else { meant };
            let before = mark.chars().take_while(|letter| *letter == ' ').count();
            let mut at = 0;
            let below = source.chars().find(|letter| {
                let found = at == before;
                at += console::measure_text_width(&letter.to_string());
                found
            });
            assert_eq!(below, Some(meant), "{text}");
        }
    }
}

#[test]
fn control_characters_of_a_file_are_written_out() {
    check_place(
        &place(3, 3, 2, "a\x1b[31mb"),
        expect![[r#"
            error: it is wrong
              --> devtasks.toml:3:3  [services.backend]
               |
             3 | a\x1b[31mb
               |      ^^"#]],
    );
    check(
        &problem(&Diagnostic::new("a\x1bb").hint("c\nd"), "devtasks", Paint::new(false)),
        expect![[r#"
            error: a\x1bb

            hint: c\nd"#]],
    );
}

#[test]
fn colour_changes_no_letter() {
    let whole = Diagnostic::new("it is wrong")
        .at(&place(14, 8, 4, "port = 8000"))
        .hint("do");
    let text = problem(&whole, "devtasks", Paint::new(true));
    assert!(text.contains('\x1b'));
    assert_eq!(
        console::strip_ansi_codes(&text),
        problem(&whole, "devtasks", Paint::new(false))
    );
}
