//! The keys of the top level, `[project]` and `[venvs]`.

use super::key::{Key, key};
use super::kind::Kind;
use super::{LOG_EXPORT, PROJECT, VENV};

pub(super) const KEYS: &[Key] = &[
    key("", "project", Kind::Table, "", "the project as a whole"),
    key("", "venvs", Kind::Tables, "", "Python virtual environments, by name"),
    key("", "services", Kind::Tables, "", "long-running processes, by name"),
    key(
        "",
        "tasks",
        Kind::Tables,
        "",
        "processes that run to completion, by name",
    ),
    key(
        "",
        "export",
        Kind::Table,
        "",
        "what `export` cannot know from the services",
    ),
    key(
        PROJECT,
        "name",
        Kind::String,
        "the directory's name",
        "what the project is called",
    ),
    key(
        PROJECT,
        "env_file",
        Kind::PlainPaths,
        "`.env` if it exists",
        "files with variables; later ones win, the real environment wins over all",
    )
    .also(&["dotenv", "env_files"]),
    key(
        PROJECT,
        "requires",
        Kind::Versions,
        "any version",
        "which versions of devtasks may read this file, such as `>=0.2`",
    )
    .also(&["required_version", "min_version", "minimum_version"]),
    key(
        PROJECT,
        "on_exit",
        Kind::Words(&["stop", "keep"]),
        "`\"stop\"`",
        "what happens to the services if `up` itself is killed or loses its terminal",
    ),
    key(
        PROJECT,
        "metrics",
        Kind::Address,
        "",
        "the address at which metrics for Prometheus are served while the stack runs, such as `127.0.0.1:9464`",
    )
    .also(&["prometheus", "metrics_address"]),
    key(
        PROJECT,
        "log_export",
        Kind::ListOfTables,
        "",
        "where the lines of services are sent, besides their log files",
    )
    .also(&["logging", "log_driver"]),
    key(
        LOG_EXPORT,
        "otlp",
        Kind::Url(&["http"]),
        "",
        "an OpenTelemetry collector: `http://HOST:PORT`, sent to its path `/v1/logs` unless the URL has one",
    )
    .also(&["otel", "opentelemetry"]),
    key(
        LOG_EXPORT,
        "syslog",
        Kind::Url(&["udp", "tcp", "unix"]),
        "",
        "a syslog server: `udp://HOST:PORT`, `tcp://HOST:PORT` or `unix:///PATH`",
    )
    .also(&["rsyslog"]),
    key(
        LOG_EXPORT,
        "journald",
        Kind::True,
        "",
        "the journal of this machine; Linux only",
    )
    .also(&["journal"]),
    key(
        LOG_EXPORT,
        "file",
        Kind::PlainPath,
        "",
        "a file of JSON lines for a program that follows it, from the project's directory",
    )
    .also(&["path", "json"]),
    key(
        VENV,
        "path",
        Kind::Path,
        "",
        "the venv's directory, from the project's directory",
    ),
    key(
        VENV,
        "python",
        Kind::Versions,
        "any version",
        "which Python versions it may hold, such as `>=3.11,<3.13`",
    )
    .also(&["version"]),
    key(
        VENV,
        "requirements",
        Kind::Paths,
        "",
        "requirement files of what must be installed in it",
    )
    .also(&["requirement", "packages", "dependencies"]),
    key(
        VENV,
        "project",
        Kind::Path,
        "",
        "instead of `requirements`: a directory with `pyproject.toml`, `uv.lock` or `poetry.lock`",
    ),
    key(
        VENV,
        "sync",
        Kind::Boolean,
        "`false`",
        "whether `up` creates and updates it",
    )
    .also(&["install", "auto_sync"]),
];
