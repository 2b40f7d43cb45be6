//! The keys of `[services.NAME]`.

use super::SERVICE;
use super::key::{Key, key};
use super::kind::Kind;
use super::shared::{COMMAND, DEPENDS_ON, ENV_FILE, ENVIRONMENT, SHELL, STOP_GRACE_PERIOD, WATCH, WORKING_DIR};

pub(super) const KEYS: &[Key] = &[
    COMMAND,
    key(
        SERVICE,
        "compose",
        Kind::String,
        "",
        "instead of `command`: a service of the Compose file, which runs it",
    ),
    key(
        SERVICE,
        "compose_file",
        Kind::Path,
        "the Compose file of the project's directory",
        "the Compose file that has `compose`",
    ),
    key(
        SERVICE,
        "external",
        Kind::Boolean,
        "`false`",
        "instead of `command`: somebody else runs it; it is waited for and never stopped",
    ),
    SHELL,
    WORKING_DIR,
    key(
        SERVICE,
        "venv",
        Kind::Venv,
        "`false`",
        "the venv it runs in; `\"auto\"` is the nearest, from `working_dir` upwards",
    ),
    key(
        SERVICE,
        "port",
        Kind::Port,
        "",
        "the port it listens on; a variable in it is set for every service",
    ),
    key(
        SERVICE,
        "ports",
        Kind::Ports,
        "",
        "several ports by name; the first is the main one",
    )
    .also(&["expose"]),
    key(
        SERVICE,
        "scheme",
        Kind::Scheme,
        "`\"http\"`, unless the port is known for another protocol",
        "the scheme of the main port's URL, such as `\"redis\"`",
    ),
    ENVIRONMENT,
    ENV_FILE,
    DEPENDS_ON,
    key(
        SERVICE,
        "healthcheck",
        Kind::Table,
        "",
        "how readiness and health are checked",
    )
    .also(&["health", "readiness_probe", "check"]),
    key(
        SERVICE,
        "stdin",
        Kind::Words(&["null", "open"]),
        "`\"null\"`",
        "`\"null\"`: empty input; `\"open\"`: input that never ends, for `attach`",
    )
    .also(&["stdin_open", "input"]),
    key(
        SERVICE,
        "tty",
        Kind::Boolean,
        "`false`",
        "whether it runs in a terminal of its own, with colours and progress bars",
    )
    .also(&["pty", "terminal"]),
    key(
        SERVICE,
        "restart",
        Kind::Words(&["no", "on-failure", "always"]),
        "`\"no\"`",
        "whether it is started again when it ends by itself, or is unhealthy",
    ),
    key(
        SERVICE,
        "stop_signal",
        Kind::Signal,
        "`\"SIGTERM\"`",
        "the signal that stops it",
    ),
    STOP_GRACE_PERIOD,
    key(
        SERVICE,
        "on_conflict",
        Kind::Words(&["ask", "fail", "kill", "next"]),
        "`\"ask\"`",
        "what `up` does if its port is taken",
    ),
    WATCH,
    key(
        SERVICE,
        "profiles",
        Kind::Names,
        "",
        "started only with one of these profiles, or when named",
    ),
    key(
        SERVICE,
        "pidfile",
        Kind::Path,
        "",
        "a pid file of the server; a stale one is removed before the start",
    ),
    key(
        SERVICE,
        "listen",
        Kind::Boolean,
        "`false`",
        "whether its sockets are opened for it and handed over (LISTEN_FDS)",
    ),
    key(
        SERVICE,
        "on_exit",
        Kind::String,
        "",
        "what its end means for the others",
    )
    .not_yet(),
];
