//! A fault: in which program which system call fails, with what, and at which of its calls.

use std::fmt;
use std::str::FromStr;

/// System calls, each with the errors that a short machine, a full disk or a policy gives.
///
/// Source: the ERRORS sections of man 2. Older and newer names of one call stand side by side: which of them a build uses
/// is libc's choice, and one that is never called costs one run.
pub(crate) const SYSCALLS: &[(&str, &[&str])] = &[
    ("openat", &["EMFILE", "EACCES", "EIO"]),
    ("read", &["EIO"]),
    ("getdents64", &["EIO", "ENOMEM"]),
    ("clone3", &["EAGAIN"]),
    ("clone", &["EAGAIN"]),
    ("vfork", &["EAGAIN"]),
    ("pidfd_open", &["EMFILE", "ENOMEM"]),
    ("socket", &["EMFILE", "ENFILE"]),
    ("bind", &["ENOMEM", "EACCES"]),
    ("accept4", &["EMFILE"]),
    ("write", &["ENOSPC", "EIO"]),
    ("fsync", &["EIO"]),
    ("fdatasync", &["EIO"]),
    ("mkdir", &["ENOSPC", "EACCES"]),
    ("rename", &["ENOSPC", "EACCES"]),
    ("renameat", &["ENOSPC"]),
    ("renameat2", &["ENOSPC"]),
    ("execve", &["EACCES", "ENOMEM"]),
    ("pipe2", &["EMFILE", "ENFILE"]),
    ("mmap", &["ENOMEM"]),
];

/// What is run, in which state, and whose calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    /// `up --detach`: only what was typed, not the supervisor that it starts.
    Up,
    Status,
    Restart,
    PortKill,
    Down,
    /// `up --detach` and `down` when supervisor and watchdog were killed before.
    UpAfterCrash,
    DownAfterCrash,
    /// `up` on the foreground, a supervisor from its first moment to Ctrl-C.
    UpForeground,
    /// `up --detach` with all that comes of it: supervisor, watchdog and services.
    UpBackground,
    /// The running supervisor's calls, while another `restart` or `down` asks it.
    SupervisorRestart,
    SupervisorDown,
    /// The watchdog's calls, when its supervisor is killed.
    WatchdogAfterKill,
}

pub(crate) const COMMANDS: [(&str, Command); 12] = [
    ("up", Command::Up),
    ("status", Command::Status),
    ("restart", Command::Restart),
    ("port-kill", Command::PortKill),
    ("down", Command::Down),
    ("up-after-crash", Command::UpAfterCrash),
    ("down-after-crash", Command::DownAfterCrash),
    ("up-foreground", Command::UpForeground),
    ("up-background", Command::UpBackground),
    ("supervisor-restart", Command::SupervisorRestart),
    ("supervisor-down", Command::SupervisorDown),
    ("watchdog-after-kill", Command::WatchdogAfterKill),
];

impl Command {
    pub(crate) fn name(self) -> &'static str {
        let entry = COMMANDS.iter().find(|(_, command)| *command == self);
        entry.expect("every command has its name").0
    }

    /// Traced from its start, so that the loader's calls come first.
    pub(crate) fn is_traced_from_its_start(self) -> bool {
        use Command::{SupervisorDown, SupervisorRestart, WatchdogAfterKill};
        !matches!(self, SupervisorRestart | SupervisorDown | WatchdogAfterKill)
    }

    /// Begins with a stack that runs.
    pub(crate) fn needs_a_stack(self) -> bool {
        !matches!(self, Command::Up | Command::UpForeground | Command::UpBackground)
    }
}

/// Which of a thread's calls fail; the first one is 1, as strace(1) counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Nth {
    pub(crate) first: u64,
    /// It, and all after it.
    pub(crate) lasts: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) command: Command,
    pub(crate) syscall: String,
    pub(crate) errno: String,
    pub(crate) nth: Nth,
}

impl Fault {
    /// For strace(1).
    pub(crate) fn injection(&self) -> String {
        format!("inject={}:error={}:when={}", self.syscall, self.errno, self.nth)
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "{}{}", self.first, if self.lasts { "+" } else { "" })
    }
}

impl fmt::Display for Fault {
    /// The options that replay it.
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let Fault {
            command,
            syscall,
            errno,
            nth,
        } = self;
        write!(
            to,
            "--command {} --syscall {syscall} --errno {errno} --nth {nth}",
            command.name()
        )
    }
}

impl FromStr for Nth {
    type Err = String;

    fn from_str(text: &str) -> Result<Nth, String> {
        let (number, lasts) = text.strip_suffix('+').map_or((text, false), |number| (number, true));
        let first = number.parse().map_err(|_| format!("`{text}` is no `12` or `12+`"))?;
        Ok(Nth { first, lasts })
    }
}

impl FromStr for Command {
    type Err = String;

    fn from_str(text: &str) -> Result<Command, String> {
        let found = COMMANDS.iter().find(|(name, _)| *name == text);
        let names = COMMANDS.map(|(name, _)| name).join(", ");
        found
            .map(|(_, command)| *command)
            .ok_or_else(|| format!("`{text}` is none of {names}"))
    }
}
