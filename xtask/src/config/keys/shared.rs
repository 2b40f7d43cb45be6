//! Keys that services and tasks share.

use super::SERVICE;
use super::key::{Key, key};
use super::kind::Kind;

pub(super) const COMMAND: Key = key(
    SERVICE,
    "command",
    Kind::Command,
    "",
    "what is run; a string is split into words as by a POSIX shell",
)
.also(&["cmd", "run", "exec", "script", "start"]);
pub(super) const SHELL: Key = key(
    SERVICE,
    "shell",
    Kind::Boolean,
    "`false`",
    "whether `command` is run by a shell",
);
pub(super) const WORKING_DIR: Key = key(
    SERVICE,
    "working_dir",
    Kind::Path,
    "the project's directory",
    "where it runs, from the project's directory",
)
.also(&["cwd", "dir", "workdir", "directory"]);
pub(super) const ENV_FILE: Key = key(
    SERVICE,
    "env_file",
    Kind::Paths,
    "",
    "files with variables of this service; they must exist",
)
.also(&["dotenv", "env_files"]);
pub(super) const DEPENDS_ON: Key = key(
    SERVICE,
    "depends_on",
    Kind::DependsOn,
    "",
    "what is started before it; a list waits until each is ready, or has completed",
)
.also(&["needs", "requires", "after", "links"]);
pub(super) const ENVIRONMENT: Key = key(
    SERVICE,
    "environment",
    Kind::Environment,
    "",
    "variables of this service",
)
.also(&["env", "vars"]);
pub(super) const STOP_GRACE_PERIOD: Key = key(
    SERVICE,
    "stop_grace_period",
    Kind::Duration,
    "`\"10s\"`",
    "time between `stop_signal` and SIGKILL",
)
.also(&["stop_timeout"]);
/// A service alone has it.
pub(super) const WATCH: Key = key(
    SERVICE,
    "watch",
    Kind::Globs,
    "",
    "files whose change restarts it, from `working_dir`",
)
.also(&["reload", "watch_files", "watch_paths"]);
