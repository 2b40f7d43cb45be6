//! What a message names besides its cause: a port, a module, a command, a variable.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{FailureKind, NAME, regex};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// A port of this machine, and whether the message names `::1`.
    Port { number: u16, is_ipv6: bool },
    /// The top-level module that Python did not find.
    Module(String),
    /// The module in the command of uvicorn.
    Application(String),
    /// The file that Node did not find.
    File(String),
    /// The command that installs the missing library, or the setting that raises a runtime's own limit.
    Remedy(String),
    /// The command that a shell did not find.
    Command(String),
    /// The path of the program that cannot be executed.
    Program(String),
    /// The environment variable that is not set.
    Variable(String),
}

impl Subject {
    /// The text of the rule's named group. Without one, the variable or port in the evidence.
    pub(super) fn new(kind: FailureKind, found: &Captures<'_>, evidence: &str) -> Option<Subject> {
        let text = |group| {
            let text = found.name(group)?.as_str().trim_matches(['\'', '"', '`', '‘', '’']);
            (!text.is_empty()).then(|| text.to_owned())
        };
        let named = [
            text("module").map(Subject::Module),
            text("application").map(Subject::Application),
            text("file").map(Subject::File),
            text("command").map(Subject::Command),
            text("program").map(Subject::Program),
            text("variable").map(Subject::Variable),
        ];
        named.into_iter().flatten().next().or_else(|| match kind {
            FailureKind::VariableMissing => variable(evidence),
            _ => port(evidence),
        })
    }
}

/// The last name in capitals, unless it is the level of the line.
fn variable(evidence: &str) -> Option<Subject> {
    static LAST_NAME: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"(?s).*\b({NAME})\b")));
    let name = LAST_NAME.captures(evidence)?[1].to_owned();
    let levels = ["ERROR", "FATAL", "CRITICAL", "ENV"];
    (!levels.contains(&name.as_str())).then_some(Subject::Variable(name))
}

/// The port in `connect ECONNREFUSED 127.0.0.1:6379`, `at "localhost" (::1), port 5432 failed`, `('127.0.0.1', 5432)`.
///
/// Ports of other machines are ignored, because this stack cannot affect them.
pub(super) fn port(evidence: &str) -> Option<Subject> {
    static PORTS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        let host = r"(::ffff:)?(localhost|127\.[\d.]*|::1?|0\.0\.0\.0)\]?";
        let (gap, word) = (r#"[\s"'`(),;=>]"#, r#"[^\s"'`(),;=>]"#);
        let before = format!(r"({gap}|[/@\[])");
        [
            // The last address of the line.
            format!(r"^(.*{before})?{host}:(?<port>\d+)(/|[:.]*({gap}|$))"),
            // A number after the host. The word `port`, or an address after a name, may come between them.
            format!(r"(^|{before}){host}[:.]*{gap}+({word}+{gap}+){{0,2}}?(?<port>\d+)[:.]*({gap}|$)"),
        ]
        .map(|pattern| regex(&pattern))
    });
    let found = PORTS.iter().find_map(|pattern| pattern.captures(evidence))?;
    let number = found["port"].parse().ok().filter(|port| *port > 0)?;
    let is_ipv6 = evidence.contains("::1");
    Some(Subject::Port { number, is_ipv6 })
}
