//! `compose metadata`: the options that Compose hands on from `provider.options`.

use serde::Serialize;

/// The values of `on-conflict`.
pub(super) const ON_CONFLICT: [&str; 3] = ["fail", "kill", "next"];

#[derive(Serialize)]
pub(super) struct Metadata {
    description: &'static str,
    up: CommandOptions,
    down: CommandOptions,
    /// Without it, Compose does not call `stop`.
    stop: CommandOptions,
}

#[derive(Serialize)]
struct CommandOptions {
    parameters: Vec<Parameter>,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    description: &'static str,
    required: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    values: Option<String>,
}

pub(super) fn metadata() -> Metadata {
    let parameter = |name, description| Parameter {
        name,
        description,
        required: false,
        kind: "string",
        values: None,
    };
    let file = || {
        parameter(
            "file",
            "The devtasks.toml; without it, the nearest from the current directory upwards",
        )
    };
    let only_file = || CommandOptions {
        parameters: vec![file()],
    };
    Metadata {
        description: "Services of devtasks.toml, as processes of this machine",
        up: CommandOptions {
            parameters: vec![
                file(),
                parameter(
                    "host",
                    "The name by which containers reach this machine, such as host.docker.internal",
                ),
                Parameter {
                    values: Some(ON_CONFLICT.join(",")),
                    ..parameter("on-conflict", "What to do about a busy port")
                },
                parameter("timeout", "How long the service may take to become ready, such as 90s"),
            ],
        },
        down: only_file(),
        stop: only_file(),
    }
}
