//! Exit codes of the program.

use serde::{Deserialize, Serialize};

/// An exit code; the numbers are a stable interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Exit {
    Done,
    /// A service or a check failed.
    Failed,
    /// Wrong usage, or `devtasks.toml` is wrong.
    Usage,
    /// A port is busy, or was taken during startup.
    PortBusy,
    /// Not ready in time.
    NotReady,
    /// A command, venv, interpreter, env file or directory is missing.
    Missing,
    /// The owner is protected or belongs to another checkout, or the kill was not confirmed.
    Refused,
    /// A process survived SIGKILL, or a port did not become free.
    Survived,
    /// Ctrl-C.
    Interrupted,
    /// The own code of the command that `run` or `exec` ran.
    Command(u8),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::PortBusy => 3,
            Exit::NotReady => 4,
            Exit::Missing => 5,
            Exit::Refused => 6,
            Exit::Survived => 7,
            Exit::Interrupted => 130,
            Exit::Command(code) => code,
        }
    }

    /// The end of a command, as a shell reports it: 128 plus the number of the signal that killed it.
    pub(crate) fn of_command(code: Option<i32>, signal: Option<i32>) -> Exit {
        let code = code.or(signal.map(|signal| 128 + signal));
        Exit::Command(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }

    /// The exit code of another process of this program; `None` if it is none of ours.
    pub(crate) fn of(code: i32) -> Option<Exit> {
        Some(match code {
            0 => Exit::Done,
            1 => Exit::Failed,
            2 => Exit::Usage,
            3 => Exit::PortBusy,
            4 => Exit::NotReady,
            5 => Exit::Missing,
            6 => Exit::Refused,
            7 => Exit::Survived,
            130 => Exit::Interrupted,
            _ => return None,
        })
    }

    /// The most important of several exit codes: the first of 130, 2, 7, 6, 3, 5, 4, 1.
    pub(crate) fn worst(exits: impl IntoIterator<Item = Exit>) -> Exit {
        exits
            .into_iter()
            .max_by_key(|exit| exit.severity())
            .unwrap_or(Exit::Done)
    }

    fn severity(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::NotReady => 2,
            Exit::Missing => 3,
            Exit::PortBusy => 4,
            Exit::Refused => 5,
            Exit::Survived => 6,
            Exit::Usage => 7,
            Exit::Interrupted => 8,
            Exit::Command(0) => 0,
            Exit::Command(_) => 9,
        }
    }
}
