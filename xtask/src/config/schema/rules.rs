//! What holds between the keys of one table.
//!
//! Taplo offers the keys of a table only if that is not composed (`allOf`, `anyOf`, `oneOf`), so the rules stand in
//! `dependencies` and `if`. There its messages are also shorter: it names the key that must not be there.

use serde_json::{Map, Value, json};

use crate::config::keys::{HEALTHCHECK, LOG_EXPORT, PORT, SERVICE, TASK, VENV};
use crate::config::read::{OF_PROCESS, OF_START};

/// Keywords for the table of this pattern.
pub(super) fn of(pattern: &str) -> Vec<(&'static str, Value)> {
    match pattern {
        "venvs" => vec![("not", json!({ "required": ["auto"] }))],
        VENV => vec![
            ("required", json!(["path"])),
            ("dependencies", json!({ "project": without(&["requirements"]) })),
        ],
        SERVICE => service(),
        TASK => vec![
            ("required", json!(["command"])),
            ("dependencies", json!({ "shell": text_for_a_shell() })),
        ],
        PORT => vec![("required", json!(["number"]))],
        HEALTHCHECK => vec![(
            "dependencies",
            json!({ "http": without(&["tcp", "command"]), "tcp": without(&["command"]) }),
        )],
        LOG_EXPORT => vec![("minProperties", json!(1)), ("maxProperties", json!(1))],
        _ => Vec::new(),
    }
}

fn service() -> Vec<(&'static str, Value)> {
    let of_others: Vec<&str> = OF_PROCESS.iter().chain(OF_START).copied().collect();
    let has = |key: &str| json!({ "required": [key] });
    vec![
        (
            "dependencies",
            json!({
                "ports": without(&["port"]),
                "compose_file": ["compose"],
                "compose": without(&[&["command"], OF_PROCESS].concat()),
                "external": {
                    "if": is_true("external"),
                    "then": without(&[&["command", "compose"], of_others.as_slice()].concat()),
                    "else": { "anyOf": [has("command"), has("compose")] },
                },
                "listen": { "if": is_true("listen"), "then": { "anyOf": [has("port"), has("ports")] } },
                "shell": text_for_a_shell(),
            }),
        ),
        ("if", json!({ "not": { "anyOf": [has("compose"), has("external")] } })),
        ("then", has("command")),
    ]
}

fn text_for_a_shell() -> Value {
    json!({ "if": is_true("shell"), "then": { "properties": { "command": { "type": "string" } } } })
}

fn is_true(key: &str) -> Value {
    json!({ "properties": { key: { "enum": [true] } } })
}

/// None of these keys.
fn without(keys: &[&str]) -> Value {
    let refused: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), json!(false))).collect();
    json!({ "properties": refused })
}
