//! The words of `devtasks.toml` for values that are one of several.

use super::{Condition, OnConflict, OnExit, Protocol, Restart, Stdin, StopSignal};

impl OnExit {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            OnExit::Stop => "stop",
            OnExit::Keep => "keep",
        }
    }
}

impl Protocol {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

impl Condition {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Condition::Healthy => "healthy",
            Condition::Started => "started",
            Condition::Completed => "completed",
        }
    }
}

impl Stdin {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stdin::Null => "null",
            Stdin::Open => "open",
        }
    }
}

impl OnConflict {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            OnConflict::Ask => "ask",
            OnConflict::Fail => "fail",
            OnConflict::Kill => "kill",
            OnConflict::Next => "next",
        }
    }
}

impl Restart {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Restart::No => "no",
            Restart::OnFailure => "on-failure",
            Restart::Always => "always",
        }
    }
}

impl StopSignal {
    /// The value as written in `devtasks.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            StopSignal::Term => "SIGTERM",
            StopSignal::Int => "SIGINT",
            StopSignal::Quit => "SIGQUIT",
            StopSignal::Hup => "SIGHUP",
            StopSignal::Usr1 => "SIGUSR1",
            StopSignal::Usr2 => "SIGUSR2",
            StopSignal::Kill => "SIGKILL",
        }
    }
}
