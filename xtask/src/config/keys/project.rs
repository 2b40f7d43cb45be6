//! The keys of the top level, `[project]` and `[venvs]`.

use super::key::{Key, key};
use super::{LOG_EXPORT, PROJECT, VENV};

pub(super) const KEYS: &[Key] = &[
    key("", "project", "table", "", "the project as a whole"),
    key(
        "",
        "venvs",
        "table of tables",
        "",
        "Python virtual environments, by name",
    ),
    key("", "services", "table of tables", "", "long-running processes, by name"),
    key(
        "",
        "tasks",
        "table of tables",
        "",
        "processes that run to completion, by name",
    ),
    key("", "export", "table", "", "what `export` cannot know from the services"),
    key(
        PROJECT,
        "name",
        "string",
        "the directory's name",
        "what the project is called",
    ),
    key(
        PROJECT,
        "env_file",
        "path or list of paths",
        "`.env` if it exists",
        "files with variables; later ones win, the real environment wins over all",
    )
    .also(&["dotenv", "env_files"]),
    key(
        PROJECT,
        "on_exit",
        "`\"stop\"` or `\"keep\"`",
        "`\"stop\"`",
        "what happens to the services if `up` itself is killed or loses its terminal",
    ),
    key(
        PROJECT,
        "metrics",
        "string",
        "",
        "the address at which metrics for Prometheus are served while the stack runs, such as `127.0.0.1:9464`",
    )
    .also(&["prometheus", "metrics_address"]),
    key(
        PROJECT,
        "log_export",
        "list of tables",
        "",
        "where the lines of services are sent, besides their log files",
    )
    .also(&["logging", "log_driver"]),
    key(
        LOG_EXPORT,
        "otlp",
        "URL",
        "",
        "an OpenTelemetry collector: `http://HOST:PORT`, sent to its path `/v1/logs` unless the URL has one",
    )
    .also(&["otel", "opentelemetry"]),
    key(
        LOG_EXPORT,
        "syslog",
        "URL",
        "",
        "a syslog server: `udp://HOST:PORT`, `tcp://HOST:PORT` or `unix:///PATH`",
    )
    .also(&["rsyslog"]),
    key(
        LOG_EXPORT,
        "journald",
        "`true`",
        "",
        "the journal of this machine; Linux only",
    )
    .also(&["journal"]),
    key(
        LOG_EXPORT,
        "file",
        "path",
        "",
        "a file of JSON lines for a program that follows it, from the project's directory",
    )
    .also(&["path", "json"]),
    key(
        VENV,
        "path",
        "path",
        "",
        "the venv's directory, from the project's directory",
    ),
    key(
        VENV,
        "python",
        "version specifier",
        "any version",
        "which Python versions it may hold, such as `>=3.11,<3.13`",
    )
    .also(&["version"]),
    key(
        VENV,
        "requirements",
        "path or list of paths",
        "",
        "requirement files of what must be installed in it",
    )
    .also(&["requirement", "packages", "dependencies"]),
    key(
        VENV,
        "project",
        "path",
        "",
        "instead of `requirements`: a directory with `pyproject.toml`, `uv.lock` or `poetry.lock`",
    ),
    key(
        VENV,
        "sync",
        "boolean",
        "`false`",
        "whether `up` creates and updates it",
    )
    .also(&["install", "auto_sync"]),
];
