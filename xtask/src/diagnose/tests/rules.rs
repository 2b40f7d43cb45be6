//! The table: the literals of its patterns, the captured subjects, and the part of a line that is checked.

use super::super::rules::{RULES, literals};
use super::super::{ExitStatus, OomEvidence, Subject, diagnosis};
use super::check;

#[test]
fn literal_is_the_longest_plain_text_of_each_alternative() {
    for (pattern, expected) in [
        ("emfile", vec!["emfile"]),
        (r"\(os error 24\)|enospc", vec!["os error 24", "enospc"]),
        (r"port \d+ was already in use", vec![" was already in use"]),
        (r"(a|bc(d)?)+ed [xyz]* tail", vec![" tail"]),
        (r"colou?r$", vec!["colo"]),
        (r"^x.*yz\.$", vec!["yz"]),
    ] {
        assert_eq!(literals(pattern), expected, "{pattern}");
    }
}

#[test]
fn every_rule_is_found_by_plain_lower_case_text() {
    for literal in RULES.iter().flat_map(|rule| &rule.literals) {
        assert!(literal.len() >= 4, "too short to tell lines apart: `{literal}`");
        assert_eq!(*literal, literal.to_lowercase());
        assert!(
            !literal.contains(['|', '(', ')', '[', '\\', '?', '*', '+']),
            "`{literal}`"
        );
    }
}

#[test]
fn message_names_its_subject() {
    for (code, line, expected) in [
        (1, "No module named x", None),
        (
            1,
            "ImportError: No module named x.y",
            Some(Subject::Module("x".to_owned())),
        ),
        (
            1,
            "Error: Cannot find module './a.js'",
            Some(Subject::File("./a.js".to_owned())),
        ),
        (1, "Error: Cannot find module 'a/b.js'", None),
        (
            1,
            "env: ‘node’: No such file or directory",
            Some(Subject::Command("node".to_owned())),
        ),
        (
            126,
            "./run.sh: Permission denied",
            Some(Subject::Program("./run.sh".to_owned())),
        ),
        (
            1,
            "environment variable DATABASE_URL is not set, see README",
            Some(Subject::Variable("DATABASE_URL".to_owned())),
        ),
        (1, "[ERROR] Missing environment variable", None),
        (
            1,
            "dial tcp [::1]:5432: connect: connection refused",
            Some(Subject::Port {
                number: 5432,
                is_ipv6: true,
            }),
        ),
    ] {
        let status = ExitStatus {
            code: Some(code),
            signal: None,
        };
        let found = diagnosis(status, &[line.to_owned()], OomEvidence::None);
        assert_eq!(found.and_then(|it| it.subject), expected, "{line}");
    }
}

#[test]
fn only_the_first_4096_bytes_of_a_line_are_looked_at() {
    let message = "too many open files";
    let padding = |n_bytes: usize| "é".repeat((n_bytes - message.len()) / 2);
    let line = format!("{} {message}", padding(4090));
    check(&line, &format!("TooManyFiles 1: {line}"));
    check(&format!("{} {message}", padding(4200)), "nothing");
}
