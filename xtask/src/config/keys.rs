//! Every key of `devtasks.toml`. The parser and the documentation both use this table.

mod key;
mod shared;

pub(crate) use key::Key;
use key::key;
use shared::{COMMAND, DEPENDS_ON, ENV_FILE, ENVIRONMENT, SHELL, STOP_GRACE_PERIOD, WATCH, WORKING_DIR};

pub(crate) const PROJECT: &str = "project";
pub(crate) const VENV: &str = "venvs.NAME";
pub(crate) const SERVICE: &str = "services.NAME";
/// The table form of `port` and of each entry of `ports`.
pub(crate) const PORT: &str = "services.NAME.port";
/// The table form of a dependency.
pub(crate) const DEPENDENCY: &str = "services.NAME.depends_on.NAME";
pub(crate) const HEALTHCHECK: &str = "services.NAME.healthcheck";
pub(crate) const TASK: &str = "tasks.NAME";
pub(crate) const EXPORT: &str = "export";

/// In the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
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
    COMMAND,
    key(
        SERVICE,
        "compose",
        "string",
        "",
        "instead of `command`: a service of the Compose file, which runs it",
    ),
    key(
        SERVICE,
        "compose_file",
        "path",
        "the Compose file of the project's directory",
        "the Compose file that has `compose`",
    ),
    key(
        SERVICE,
        "external",
        "boolean",
        "`false`",
        "instead of `command`: somebody else runs it; it is waited for and never stopped",
    ),
    SHELL,
    WORKING_DIR,
    key(
        SERVICE,
        "venv",
        "name of a venv, `\"auto\"` or `false`",
        "`false`",
        "the venv it runs in; `\"auto\"` is the nearest, from `working_dir` upwards",
    ),
    key(
        SERVICE,
        "port",
        "integer, string or table",
        "",
        "the port it listens on; a variable in it is set for every service",
    ),
    key(
        SERVICE,
        "ports",
        "table of integers, strings or tables",
        "",
        "several ports by name; the first is the main one",
    )
    .also(&["expose"]),
    key(
        SERVICE,
        "scheme",
        "string",
        "`\"http\"`, unless the port is known for another protocol",
        "the scheme of the main port's URL, such as `\"redis\"`",
    ),
    ENVIRONMENT,
    ENV_FILE,
    DEPENDS_ON,
    key(
        SERVICE,
        "healthcheck",
        "table",
        "",
        "how readiness and health are checked",
    )
    .also(&["health", "readiness_probe", "check"]),
    key(
        SERVICE,
        "stdin",
        "`\"null\"` or `\"open\"`",
        "`\"null\"`",
        "`\"null\"`: empty input; `\"open\"`: input that never ends",
    )
    .also(&["stdin_open", "input"]),
    key(
        SERVICE,
        "tty",
        "boolean",
        "`false`",
        "whether it runs in a terminal of its own, with colours and progress bars",
    )
    .also(&["pty", "terminal"]),
    key(
        SERVICE,
        "restart",
        "`\"no\"`, `\"on-failure\"` or `\"always\"`",
        "`\"no\"`",
        "whether it is started again when it ends by itself, or is unhealthy",
    ),
    key(
        SERVICE,
        "stop_signal",
        "`\"SIGTERM\"`, `\"SIGINT\"`, `\"SIGQUIT\"`, `\"SIGHUP\"`, `\"SIGUSR1\"`, `\"SIGUSR2\"` or `\"SIGKILL\"`",
        "`\"SIGTERM\"`",
        "the signal that stops it",
    ),
    STOP_GRACE_PERIOD,
    key(
        SERVICE,
        "on_conflict",
        "`\"ask\"`, `\"fail\"`, `\"kill\"` or `\"next\"`",
        "`\"ask\"`",
        "what `up` does if its port is taken",
    ),
    WATCH,
    key(
        SERVICE,
        "profiles",
        "list of strings",
        "",
        "started only with one of these profiles, or when named",
    ),
    key(
        SERVICE,
        "pidfile",
        "path",
        "",
        "a pid file of the server; a stale one is removed before the start",
    ),
    key(
        SERVICE,
        "listen",
        "boolean",
        "`false`",
        "whether its sockets are opened for it and handed over (LISTEN_FDS)",
    ),
    key(SERVICE, "on_exit", "string", "", "what its end means for the others").not_yet(),
    key(
        PORT,
        "number",
        "integer, string or `\"auto\"`",
        "",
        "the port, from 1 to 65535; `\"auto\"` is a stable one for each checkout",
    ),
    key(
        PORT,
        "base",
        "integer or string",
        "by the names of project, service and port",
        "where `\"auto\"` begins: the number in the main checkout",
    ),
    key(
        PORT,
        "host",
        "IP address",
        "any local address",
        "the address it listens on",
    ),
    key(PORT, "protocol", "`\"tcp\"` or `\"udp\"`", "`\"tcp\"`", "the transport"),
    key(
        PORT,
        "on_conflict",
        "`\"ask\"`, `\"fail\"`, `\"kill\"` or `\"next\"`",
        "that of the service",
        "what `up` does when this port is taken",
    ),
    key(
        DEPENDENCY,
        "condition",
        "`\"healthy\"`, `\"started\"` or `\"completed\"`",
        "`\"healthy\"`, of a task `\"completed\"`",
        "what this service waits for",
    ),
    key(
        DEPENDENCY,
        "restart",
        "boolean",
        "`false`",
        "whether this service is restarted when that one is",
    ),
    key(
        HEALTHCHECK,
        "http",
        "path or URL",
        "",
        "ready when a `GET` of it is answered with 200 to 399",
    )
    .also(&["url", "path"]),
    key(
        HEALTHCHECK,
        "tcp",
        "`true`",
        "",
        "ready when the main port accepts a connection",
    ),
    key(
        HEALTHCHECK,
        "command",
        "string or list of strings",
        "",
        "ready if it exits with 0",
    )
    .also(&["test", "cmd"]),
    key(
        HEALTHCHECK,
        "interval",
        "duration",
        "`\"10s\"`",
        "time between checks of a ready service",
    ),
    key(
        HEALTHCHECK,
        "timeout",
        "duration",
        "`\"2s\"`",
        "time limit of one check",
    ),
    key(
        HEALTHCHECK,
        "retries",
        "integer",
        "`3`",
        "consecutive failures that make a ready service unhealthy",
    ),
    key(
        HEALTHCHECK,
        "start_period",
        "duration",
        "`\"60s\"`",
        "time in which a starting service must become ready",
    ),
    COMMAND
        .of(TASK)
        .about("what is run, to its end; written as that of a service"),
    SHELL.of(TASK),
    WORKING_DIR.of(TASK),
    key(
        TASK,
        "venv",
        "name of a venv, `\"auto\"` or `false`",
        "`false`",
        "the venv it runs in",
    ),
    ENVIRONMENT.of(TASK).about("variables of this task"),
    ENV_FILE
        .of(TASK)
        .about("files with variables of this task; they must exist"),
    DEPENDS_ON.of(TASK).about("what is started before it"),
    key(
        TASK,
        "stop_signal",
        "as that of a service",
        "`\"SIGTERM\"`",
        "the signal that stops it",
    ),
    STOP_GRACE_PERIOD.of(TASK),
    key(
        EXPORT,
        "root",
        "absolute path",
        "this directory",
        "the project's directory on the machine where the stack will run",
    )
    .also(&["dir", "directory", "path"]),
    key(
        EXPORT,
        "user",
        "string",
        "whoever starts them",
        "the user whose processes the services are there; root for the systemd of the machine, if it is not set",
    ),
];

/// The keys of one table.
pub(crate) fn keys_of(table: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.table == table)
}

#[cfg(test)]
mod tests;
