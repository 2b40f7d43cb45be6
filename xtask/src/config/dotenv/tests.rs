//! Env file → variables, problems or ambiguities. Expected results follow the tests of compose-go.

use std::path::Path;

fn environment(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/home/kim".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

/// Expected: one variable per line with its value escaped, or ``2:5 A=… message`` and its hints. `HOME` and `EMPTY` are
/// set in the calling environment.
#[track_caller]
fn check(text: &str, expected: &str) {
    check_bytes(text.as_bytes(), expected);
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: &str) {
    check_after(&[], bytes, expected);
}

#[track_caller]
fn check_after(earlier: &[(String, String)], bytes: &[u8], expected: &str) {
    let lines: Vec<String> = match super::parse(earlier, Path::new(".env"), bytes, &environment) {
        Ok(variables) => {
            let shown = |(name, value): &(String, String)| format!("{name}={}", value.escape_debug());
            variables.iter().map(shown).collect()
        }
        Err(problems) => {
            let shown = |problem: &crate::diagnostic::Diagnostic| {
                let place = problem.place.as_ref().unwrap();
                let hints = problem
                    .hints
                    .iter()
                    .map(|hint| format!("\n  hint: {}", hint.render("")));
                let hints: String = hints.collect();
                format!(
                    "{}:{} {} {}{hints}",
                    place.line, place.column, place.source, problem.message
                )
            };
            problems.iter().map(shown).collect()
        }
    };
    assert_eq!(lines.join("\n"), expected, "\n{}\n", String::from_utf8_lossy(bytes));
}

#[track_caller]
fn check_readings(text: &str, expected: &str) {
    let found = super::ambiguities(Path::new(".env"), text.as_bytes());
    let lines: Vec<String> = found
        .iter()
        .map(|(place, reading)| format!("{} {} {reading}", place.line, place.source))
        .collect();
    assert_eq!(lines.join("\n"), expected, "{text}");
}

#[test]
fn an_empty_file_sets_nothing() {
    for text in ["", "\n", "\r\n", "\t\t ", "# comment", "\t # comment\n\n#"] {
        check(text, "");
    }
}

#[test]
fn plain_values_are_trimmed() {
    check(
        "A=1\nB= 2\nC =3\nD = 4 \nE=\nF = \n  G=7\n\tH=8",
        "A=1\nB=2\nC=3\nD=4\nE=\nF=\nG=7\nH=8",
    );
    check("A=first one  with spaces", "A=first one  with spaces");
    check(
        "A=foobar=\nB=postgres://localhost:5432/db?sslmode=disable",
        "A=foobar=\nB=postgres://localhost:5432/db?sslmode=disable",
    );
    check(r#"A=a\tb"c'"#, r#"A=a\\tb\"c\'"#);
}

#[test]
fn names_are_wider_than_those_of_a_shell() {
    check(
        "FOO.BAR=1\nA-B=2\na[1]=3\nárvíz=4\n9=5",
        "FOO.BAR=1\nA-B=2\na[1]=3\nárvíz=4\n9=5",
    );
}

#[test]
fn a_colon_may_stand_for_the_equals_sign() {
    check("A: 1\nB: C=d\nE=1:2", "A=1\nB=C=d\nE=1:2");
}

#[test]
fn export_is_left_out() {
    check(
        "export A=2\n  export\tB='x'\nexportC=3\nexport_D =4\nexport.E= 5",
        "A=2\nB=x\nexportC=3\nexport_D=4\nexport.E=5",
    );
    check(
        "export A=\"export B\"\nexport=1\nexport HOME",
        "A=export B\nexport=1\nHOME=/home/kim",
    );
}

#[test]
fn a_comment_needs_a_space_before_it() {
    check(
        "A=bar # x\nB=bar #x\nC=bar #\nD=123#no\nE=#no\nF= # no",
        "A=bar\nB=bar\nC=bar\nD=123#no\nE=#no\nF=# no",
    );
    check("A=\"b#c\" # x\nB='b#c'#x\nC=\"b#c#d\"", "A=b#c\nB=b#c\nC=b#c#d");
}

#[test]
fn single_quotes_keep_everything() {
    check(r"A='\n $HOME ${' # x", r"A=\\n $HOME ${");
    check(r"A='Let\'s go'", r"A=Let\'s go");
    check("A=''", "A=");
}

#[test]
fn double_quotes_know_escapes() {
    check(r#"A="a\"b'c'""#, r#"A=a\"b\'c\'"#);
    check(
        r#"A="Z\aZ\bZ\fZ\nZ\rZ\tZ\vZ\\Z\0123Z""#,
        r"A=Z\u{7}Z\u{8}Z\u{c}Z\nZ\rZ\tZ\u{b}Z\\ZSZ",
    );
    check(
        r#"A="\x07\u12e4\ \q\012\0999\0+12\01é""#,
        r"A=\\x07\\u12e4\\ \\q\\012\\0999\\0+12\\01é",
    );
    check(r#"A="bar\\r\ b\az""#, r"A=bar\\r\\ b\u{7}z");
    check(r#"A="baz\\""#, r"A=baz\\");
}

#[test]
fn quoted_values_span_lines() {
    check(
        "A='first\nsecond # no\nthird'\nB=\"x\ny\"",
        "A=first\\nsecond # no\\nthird\nB=x\\ny",
    );
}

#[test]
fn variables_are_filled_in() {
    check(
        "A=1\nB=$A\nC=${A}_${B}\nD=\"q $A\"\nE='q $A'\nF=$X",
        "A=1\nB=1\nC=1_1\nD=q 1\nE=q $A\nF=",
    );
    check(
        "A=${X:-${Y:-z}}\nB=${EMPTY:-z}\nC=${EMPTY-z}\nD=${HOME:+set}",
        "A=z\nB=z\nC=\nD=set",
    );
    check(
        "A=$$x\nB=\"\\$HOME \\${HOME} $HOME\"\nC=$5",
        "A=$x\nB=$HOME ${HOME} /home/kim\nC=$5",
    );
}

#[test]
fn the_calling_environment_wins_while_values_are_filled_in() {
    check("HOME=/elsewhere\nA=$HOME", "HOME=/elsewhere\nA=/home/kim");
}

#[test]
fn a_name_alone_is_taken_from_the_calling_environment() {
    check("HOME\nMISSING\nEMPTY \nA=1\nHOME", "EMPTY=\nA=1\nHOME=/home/kim");
}

#[test]
fn the_last_of_several_values_counts() {
    check("A=1\nB=$A\nA=2", "B=1\nA=2");
}

#[test]
fn a_later_file_uses_what_earlier_ones_set() {
    let earlier = [
        ("HOST".to_owned(), "local".to_owned()),
        ("PORT".to_owned(), "1".to_owned()),
    ];
    check_after(
        &earlier,
        b"URL=$HOST:$PORT\nHOST=dev\nURL2=$HOST",
        "URL=local:1\nHOST=dev\nURL2=dev",
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_tolerated() {
    check(
        "\u{feff}A=1\r\nB=\"2\"\r\n\r\nHOME\r\nC='3' # x\r\n",
        "A=1\nB=2\nHOME=/home/kim\nC=3",
    );
}

#[test]
fn two_quoted_entries_may_share_a_line() {
    check("A=\"1\" B='2' C=3", "A=1\nB=2\nC=3");
}

#[test]
fn a_line_without_a_name_is_a_problem_and_shows_nothing() {
    let message = "… the line does not begin with a variable's name and `=`";
    check(
        "A=1\nlol$wut\n=secret\nB C=secret\n  %=secret\nD=\"x\" secret!=",
        &[2, 3, 4]
            .map(|line| format!("{line}:1 {message}"))
            .into_iter()
            .chain([format!("5:3   {message}"), format!("6:2 …{message}")])
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

#[test]
fn an_open_quote_is_a_problem() {
    for (text, quote) in [
        ("\"secret", '"'),
        ("\"secret\\\"", '"'),
        ("\"secret'", '"'),
        ("'", '\''),
        ("'secret\\'", '\''),
    ] {
        check(
            &format!("export KEY = {text}\n!"),
            &format!(
                "1:14 export KEY = … the value of `KEY` has a quote that is not closed\n  hint: end it with `{quote}`\n\
                 2:1 … the line does not begin with a variable's name and `=`"
            ),
        );
    }
}

#[test]
fn a_quote_that_swallowed_a_line_is_named() {
    check(
        "X=1\nA=\"secret\nB=\"other\"",
        "3:2 …… the line does not begin with a variable's name and `=`\n  \
         hint: close the quote that opens at `A` in line 2",
    );
}

#[test]
fn a_broken_variable_is_a_problem_that_hides_the_value() {
    let expected = "1:3 A=… the value of `A` has a `${` that is not a variable\n  \
                    hint: write `$$` for a plain `$`, or put the value in single quotes";
    for text in ["A=se${cret", "A=\"se${9cret}\"", "A=${}", "A=${a.b}"] {
        check(text, expected);
    }
    check(
        "A=\"1\" B=${",
        "1:4 …B=… the value of `B` has a `${` that is not a variable\n  \
                    hint: write `$$` for a plain `$`, or put the value in single quotes",
    );
}

#[test]
fn a_required_variable_that_is_missing_is_a_problem() {
    check(
        "A=${B:?the key of the shop}",
        "1:3 A=… `A` needs the variable `B`\n  hint: set `B`: the key of the shop",
    );
    check("B=1\nA=${B:?no}", "B=1\nA=1");
}

#[test]
fn a_nul_is_a_problem() {
    check("A=x\0y", "1:3 A=… the value of `A` holds a NUL character");
    check(r#"A="\0000""#, "1:3 A=… the value of `A` holds a NUL character");
}

#[test]
fn what_is_not_utf_8_is_named_by_line() {
    check_bytes(
        b"A=1\nB=\xff\xfe\nC=1\n\xe9=2",
        "2:1 … the line is not UTF-8\n  hint: save the file as UTF-8\n4:1 … the line is not UTF-8\n  \
         hint: save the file as UTF-8",
    );
}

#[test]
fn every_problem_is_reported() {
    check(
        "A=${\n!\nB=2\nC=\"",
        "1:3 A=… the value of `A` has a `${` that is not a variable\n  \
         hint: write `$$` for a plain `$`, or put the value in single quotes\n\
         2:1 … the line does not begin with a variable's name and `=`\n\
         4:3 C=… the value of `C` has a quote that is not closed\n  hint: end it with `\"`",
    );
}

#[test]
fn what_all_readers_agree_on_is_not_ambiguous() {
    check_readings("A=1\n# x\nB=\"two words\"\nC='$x # y'\nD=\nE=http://h/#x", "");
}

#[test]
fn what_readers_differ_on_is_named_without_the_value() {
    for (line, expected) in [
        (
            "A=secret # c",
            "A=… systemd, foreman and podman take ` #` and what follows as part of the value",
        ),
        (
            "export A=1",
            "export A=… systemd, foreman and podman skip a line that begins with `export`",
        ),
        ("A = 1", "A = … a shell accepts no spaces around `=`"),
        ("A: 1", "A: … a shell does not take `:` for `=`"),
        (
            "A.b=1",
            "A.b=… a shell accepts only letters, digits and `_` in a name, no digit first",
        ),
        (
            "A=a\"b",
            "A=… a shell removes quotes within the value, and honcho fails at them",
        ),
        (
            "A=a b",
            "A=… honcho drops spaces without quotes, and a shell ends the value there",
        ),
        (
            "A=$B",
            "A=… systemd and podman keep `$` as it is; Compose fills in the variable",
        ),
        (
            "A=\"$B\"",
            "A=… systemd and podman keep `$` as it is; Compose fills in the variable",
        ),
        ("A=a\\b", "A=… a shell removes `\\` from a value without quotes"),
        (
            "A=\"a\\nb\"",
            "A=… readers differ in which escapes they know: systemd keeps `\\n`, foreman breaks the line",
        ),
        (
            "A='a\nb'",
            "A=… readers that go line by line end the value with its first line",
        ),
        (
            "A",
            "A… a shell takes a name without `=` for a command; Compose takes its value from the calling environment",
        ),
        (
            "A=#b",
            "A=… Compose takes `#` right after `=` as the value, a shell as a comment",
        ),
        (
            "A='b'c",
            "A=… a shell does not end the value at its closing quote; Compose takes what follows for another variable\n\
          1 …c… a shell takes a name without `=` for a command; Compose takes its value from the calling environment",
        ),
    ] {
        check_readings(line, &format!("1 {expected}"));
    }
}

#[test]
fn ambiguities_are_found_beside_problems() {
    check_readings(
        "!\nA=1 # x\n\nB=\"",
        "2 A=… systemd, foreman and podman take ` #` and what follows as part of the value",
    );
}

#[test]
fn no_part_of_a_file_breaks_the_reader() {
    let whole = "export A = \"x ${B:-é} \\0123\" # é\r\nB='\\''\nC: $A\nD\n";
    for (at, _) in whole.char_indices() {
        for text in [&whole[..at], &whole[at..]] {
            let _ = super::parse(&[], Path::new(".env"), text.as_bytes(), &environment);
            let _ = super::ambiguities(Path::new(".env"), text.as_bytes());
        }
    }
}
