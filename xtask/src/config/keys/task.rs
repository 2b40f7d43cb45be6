//! The keys of `[tasks.NAME]`.

use super::TASK;
use super::key::{Key, key};
use super::kind::Kind;
use super::shared::{COMMAND, DEPENDS_ON, ENV_FILE, ENVIRONMENT, SHELL, STOP_GRACE_PERIOD, WORKING_DIR};

pub(super) const KEYS: &[Key] = &[
    COMMAND
        .of(TASK)
        .about("what is run, to its end; written as that of a service"),
    SHELL.of(TASK),
    WORKING_DIR.of(TASK),
    key(TASK, "venv", Kind::Venv, "`false`", "the venv it runs in"),
    ENVIRONMENT.of(TASK).about("variables of this task"),
    ENV_FILE
        .of(TASK)
        .about("files with variables of this task; they must exist"),
    DEPENDS_ON.of(TASK).about("what is started before it"),
    key(
        TASK,
        "stop_signal",
        Kind::Signal,
        "`\"SIGTERM\"`",
        "the signal that stops it",
    ),
    STOP_GRACE_PERIOD.of(TASK),
];
