//! Text → parsed template or filled-in text.

use super::{Missing, MissingWhen, Otherwise, Piece, Template, TemplateError, TemplatePart};

/// Parses `text`, writes each piece in brackets, then fills it with `A=1`, `EMPTY=` and port 6390 of `services.db`.
#[track_caller]
fn check(text: &str, read: &str, filled: &str) {
    check_parsed(Template::parse(text), text, read, filled);
}

#[track_caller]
fn check_env(text: &str, read: &str, filled: &str) {
    check_parsed(Template::parse_env(text), text, read, filled);
}

#[track_caller]
fn check_parsed(parsed: Result<Template, TemplateError>, text: &str, read: &str, filled: &str) {
    let template = match parsed {
        Ok(template) => template,
        Err(error) => {
            let found = format!("{}: {}", error.offset, error.problem.message);
            assert_eq!(
                (found.as_str(), error.problem.hints[0].render("").as_str()),
                (read, filled),
                "{text}"
            );
            return;
        }
    };
    let lookup = |name: &str| match name {
        "A" => Some("1".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let refer = |service: &str, part: &TemplatePart| match (service, part) {
        ("db", TemplatePart::Port) => Ok("6390".to_owned()),
        ("db", TemplatePart::PortKey(key)) => Ok(format!("6390/{key}")),
        ("db", TemplatePart::Url) => Ok("http://127.0.0.1:6390".to_owned()),
        _ => Err(format!("no service `{service}`")),
    };
    let found = match template.fill(&lookup, &refer) {
        Ok(text) => text,
        Err(missing) => missing.iter().map(shown_missing).collect::<Vec<_>>().join(", "),
    };
    assert_eq!((shown(&template).as_str(), found.as_str()), (read, filled), "{text}");
}

/// `a[VAR:-b][db.port]`
pub(in crate::config) fn shown(template: &Template) -> String {
    template.pieces.iter().map(shown_piece).collect()
}

fn shown_piece(piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Reference { service, part } => match part {
            TemplatePart::Port => format!("[{service}.port]"),
            TemplatePart::PortKey(key) => format!("[{service}.ports.{key}]"),
            TemplatePart::Url => format!("[{service}.url]"),
            TemplatePart::Address => format!("[{service}.address]"),
        },
        Piece::Variable {
            name,
            missing_when,
            otherwise,
        } => {
            let colon = match missing_when {
                MissingWhen::Unset => "",
                MissingWhen::UnsetOrEmpty => ":",
            };
            match otherwise {
                Otherwise::Nothing => format!("[{name}{colon}]"),
                Otherwise::Default(default) => format!("[{name}{colon}-{}]", shown(default)),
                Otherwise::Instead(text) => format!("[{name}{colon}+{}]", shown(text)),
                Otherwise::Message(message) => format!("[{name}{colon}?{message}]"),
            }
        }
    }
}

fn shown_missing(missing: &Missing) -> String {
    match missing {
        Missing::Variable(name) => format!("missing {name}"),
        Missing::Required { name, message } => format!("missing {name} ({message})"),
        Missing::Reference { service, part, why } => format!("missing {service} {part:?} ({why})"),
    }
}

#[test]
fn text_without_variables_stays_as_it_is() {
    check("", "", "");
    check("plain {text} é", "plain {text} é", "plain {text} é");
    assert_eq!(Template::parse("a $$b").unwrap().as_literal(), Some("a $b"));
    assert_eq!(Template::parse("a ${b}").unwrap().as_literal(), None);
    assert_eq!(Template::literal("${A}").as_literal(), Some("${A}"));
}

#[test]
fn a_dollar_that_opens_nothing_is_itself() {
    check("$", "$", "$");
    check("cost $5 $A $(pwd)", "cost $5 $A $(pwd)", "cost $5 $A $(pwd)");
}

#[test]
fn two_dollars_are_one() {
    check("$$", "$", "$");
    check("$${A}", "${A}", "${A}");
    check("$$${A}", "$[A]", "$1");
}

#[test]
fn a_variable_is_filled_in() {
    check("${A}", "[A]", "1");
    check("x${A}y${_b9:-2}", "x[A]y[_b9:-2]", "x1y2");
    check("${EMPTY}", "[EMPTY]", "");
}

#[test]
fn every_missing_variable_is_named() {
    check("${X} ${A} ${Y}", "[X] [A] [Y]", "missing X, missing Y");
}

#[test]
fn a_default_stands_for_a_missing_or_empty_variable() {
    check("${X:-8000}", "[X:-8000]", "8000");
    check("${EMPTY:-8000}", "[EMPTY:-8000]", "8000");
    check("${A:-8000}", "[A:-8000]", "1");
    check("${X:-}", "[X:-]", "");
    check("${X:-a b:-c}", "[X:-a b:-c]", "a b:-c");
}

#[test]
fn without_the_colon_an_empty_variable_counts() {
    check("${EMPTY-8000}", "[EMPTY-8000]", "");
    check("${X-8000}", "[X-8000]", "8000");
    check("${EMPTY?no}", "[EMPTY?no]", "");
    check("${EMPTY+x}", "[EMPTY+x]", "x");
}

#[test]
fn defaults_nest() {
    check("${X:-${Y:-${A}}}!", "[X:-[Y:-[A]]]!", "1!");
    check("${X:-a${Y}}", "[X:-a[Y]]", "missing Y");
    check("${A:-${Y}}", "[A:-[Y]]", "1");
    check(
        "${X:-http://h:${services.db.port}/}",
        "[X:-http://h:[db.port]/]",
        "http://h:6390/",
    );
}

#[test]
fn braces_pair_up_in_a_default() {
    check(r#"${X:-{"a":{}}}}"#, r#"[X:-{"a":{}}]}"#, r#"{"a":{}}}"#);
}

#[test]
fn a_message_says_what_is_missing() {
    check(
        "${X:?set it in .env}",
        "[X:?set it in .env]",
        "missing X (set it in .env)",
    );
    check("${EMPTY:?no}", "[EMPTY:?no]", "missing EMPTY (no)");
    check("${A:?no}", "[A:?no]", "1");
    check("${X?}", "[X?]", "missing X ()");
}

#[test]
fn a_plus_replaces_a_variable_that_is_there() {
    check("${A:+--debug}", "[A:+--debug]", "--debug");
    check("${EMPTY:+--debug}", "[EMPTY:+--debug]", "");
    check("${X+--debug}", "[X+--debug]", "");
}

#[test]
fn other_services_can_be_referred_to() {
    check("${services.db.port}", "[db.port]", "6390");
    check("${services.db.ports.my-key}", "[db.ports.my-key]", "6390/my-key");
    check("${services.db.url}/x", "[db.url]/x", "http://127.0.0.1:6390/x");
    check(
        "${services.a-b.port}",
        "[a-b.port]",
        "missing a-b Port (no service `a-b`)",
    );
}

#[test]
fn an_unclosed_form_is_found() {
    let hint = "close it, or write `$$` for a plain `$`";
    check("é ${A", "2: `${` has no closing `}`", hint);
    check("${A:-b", "0: `${` has no closing `}`", hint);
    check("${A:-${B}", "0: `${` has no closing `}`", hint);
    check("${services.a.port", "0: `${` has no closing `}`", hint);
}

#[test]
fn a_form_that_is_no_variable_is_found() {
    let hint = "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`, or `$$` for a plain `$`";
    check("a ${", "2: `${` is not a variable", hint);
    check("${9x}", "0: `${9x}` is not a variable", hint);
    check("${a.b}", "0: `${a.b}` is not a variable", hint);
    check("${A%.txt}", "0: `${A%.txt}` is not a variable", hint);
    check("${ A }", "0: `${ A }` is not a variable", hint);
    check("${:-x}", "0: `${:-x}` is not a variable", hint);
    check("${A:-${é}}", "5: `${é}` is not a variable", hint);
    check("${}", "0: `${}` names no variable", "write `$$` for a plain `$`");
}

#[test]
fn a_reference_to_nothing_is_found() {
    let hint = "write `${services.NAME.port}`, `.ports.KEY`, `.address` or `.url`";
    for form in [
        "${services.a.b}",
        "${services.a}",
        "${services..port}",
        "${services.a.ports}",
        "${services.a.ports.}",
        "${services.a.port.x}",
        "${services.a.port:-80}",
    ] {
        check(form, &format!("0: `{form}` refers to nothing"), hint);
    }
}

#[test]
fn deep_nesting_ends_in_a_problem() {
    let text = "${A:-".repeat(10_000);
    check(&text, "250: defaults are nested too deep", "use fewer `${…:-${…`");
}

#[test]
fn in_an_env_file_a_missing_variable_is_empty_and_needs_no_braces() {
    check_env("$A-$X-${X}.", "[A-]-[X-]-[X-].", "1--.");
    check_env("${X:-$A}", "[X:-[A-]]", "1");
    check_env("$$A $5 $", "$A $5 $", "$A $5 $");
    check_env("${X:?no}", "[X:?no]", "missing X (no)");
}

#[test]
fn references_of_defaults_are_listed_and_the_first_variable_controls() {
    let template = Template::parse("a${X:-${Y}${services.db.url}}${Z:+$A}${X}").unwrap();
    assert_eq!(template.references(), [("db", &TemplatePart::Url)]);
    assert_eq!(template.first_variable(), Some("X"));
    assert_eq!(Template::parse("8000").unwrap().first_variable(), None);
}
