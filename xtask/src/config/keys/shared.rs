//! Keys that services and tasks share.

use super::SERVICE;
use super::key::{Key, key};

pub(super) const COMMAND: Key = key(
    SERVICE,
    "command",
    "string or list of strings",
    "",
    "what is run; a string is split into words as by a POSIX shell",
)
.also(&["cmd", "run", "exec", "script", "start"]);
pub(super) const SHELL: Key = key(
    SERVICE,
    "shell",
    "boolean",
    "`false`",
    "whether `command` is run by a shell",
);
pub(super) const WORKING_DIR: Key = key(
    SERVICE,
    "working_dir",
    "path",
    "the project's directory",
    "where it runs, from the project's directory",
)
.also(&["cwd", "dir", "workdir", "directory"]);
pub(super) const ENV_FILE: Key = key(
    SERVICE,
    "env_file",
    "path or list of paths",
    "",
    "files with variables of this service; they must exist",
)
.also(&["dotenv", "env_files"]);
pub(super) const DEPENDS_ON: Key = key(
    SERVICE,
    "depends_on",
    "list of services and tasks, or table of such to a condition or a table",
    "",
    "what is started before it; a list waits until each is ready, or has completed",
)
.also(&["needs", "requires", "after", "links"]);
pub(super) const ENVIRONMENT: Key = key(
    SERVICE,
    "environment",
    "table of strings, numbers or booleans",
    "",
    "variables of this service",
)
.also(&["env", "vars"]);
pub(super) const STOP_GRACE_PERIOD: Key = key(
    SERVICE,
    "stop_grace_period",
    "duration",
    "`\"10s\"`",
    "time between `stop_signal` and SIGKILL",
)
.also(&["stop_timeout"]);
/// A service alone has it.
pub(super) const WATCH: Key = key(
    SERVICE,
    "watch",
    "glob or list of globs",
    "",
    "files whose change restarts it, from `working_dir`",
)
.also(&["reload", "watch_files", "watch_paths"]);
