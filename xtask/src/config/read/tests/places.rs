//! Positions of problems: line, column, source line and width.

use expect_test::expect;
use std::path::Path;

use super::super::read;
use super::check;

/// The source line of the first problem, with brackets around the marked part.
#[track_caller]
fn check_mark(text: &str, expected: &str) {
    let problems = read(Path::new("devtasks.toml"), text).unwrap_err();
    let place = problems[0].place.as_ref().unwrap();
    let chars: Vec<char> = place.source.chars().collect();
    let (start, end) = (place.column - 1, (place.column - 1 + place.width).min(chars.len()));
    let part = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
    let found = format!(
        "{}: {}[{}]{}",
        place.line,
        part(0..start),
        part(start..end),
        part(end..chars.len())
    );
    assert_eq!(found, expected);
}

#[test]
fn columns_count_characters() {
    check_mark("[services.a]\ncommand = 'x'\n'é' = 1", "3: ['é'] = 1");
    check_mark("a = { 'ü' = 1 }\n", "1: [a] = { 'ü' = 1 }");
    check_mark(
        "[services.a]\ncommand = 'x'\nport = { 'ü' = 1, number = 1 }",
        "3: port = { ['ü'] = 1, number = 1 }",
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_count() {
    check_mark("\u{feff}[project]\r\nnam = 1\r\n", "2: [nam] = 1");
    check_mark("\u{feff}nam = 1\r\n", "1: [nam] = 1");
}

#[test]
fn a_service_without_a_command_is_shown_at_its_header() {
    check_mark("# x\n[services.api]\nport = 1", "2: [services.[api]]");
}

#[test]
fn a_bad_variable_is_shown_within_its_string() {
    check_mark("[services.a]\ncommand = 'é ${9} b'", "2: command = 'é [${9} b]'");
    check_mark("[services.a]\ncommand = \"é ${9}\"", "2: command = \"é [${9}]\"");
    check_mark("[services.a]\ncommand = \"\\t ${9}\"", "2: command = [\"\\t ${9}\"]");
    check_mark("[services.a]\ncommand = '''x ${9}'''", "2: command = '''x [${9}]'''");
    check_mark("[services.a]\ncommand = ['x', '${9}']", "2: command = ['x', '[${9}]']");
}

#[test]
fn first_of_several_lines_is_shown() {
    check_mark("[services.a]\ncommand = [\n'x', 1]\nport = [\n1,\n]", "3: 'x', [1]]");
    check_mark("[services.a]\ncommand = 'x'\nport = [\n1,\n]", "3: port = [[]");
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    check(
        "
        [services.b]
        command = ''
        x = 1
        [services.a]
        y = 1
        command = ''
        [project]
        z = 1
        ",
        expect![[r#"
            2:11 [services.b] `command` is empty
              hint: name the program to run
            3:1 [services.b] unknown key `x`
            5:1 [services.a] unknown key `y`
            6:11 [services.a] `command` is empty
              hint: name the program to run
            8:1 [project] unknown key `z`"#]],
    );
}
