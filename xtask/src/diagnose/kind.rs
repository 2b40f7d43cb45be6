//! The causes that are known, and what each means: its words, the exit code, whether another start could help.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Exit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureKind {
    /// EADDRINUSE in the service's own words.
    PortBusy,
    /// A container engine says that it has published the port for another container.
    ContainerHasPort,
    /// A container engine says that the port which it is to publish is in use on this machine.
    HostHasPort,
    /// A lock or pid file says that it runs already.
    RunsAlready,
    /// Python found no such module.
    PythonModuleMissing,
    /// Node found no such module.
    NodeModuleMissing,
    /// What another runtime or the linker loads: a gem, a class, a shared library.
    LibraryMissing,
    /// A shell, or what runs commands like one, did not find a command.
    CommandNotFound,
    /// A command is there and cannot be run.
    NotExecutable,
    /// It may not do what it tried, such as to bind a privileged port.
    Denied,
    /// An environment variable that it wants is not set.
    VariableMissing,
    /// Nobody listens where it wanted to connect to.
    Refused,
    /// It said so itself; the kernel had no part in it.
    OutOfMemory,
    /// The kernel ended a process of our own control group for want of memory.
    KilledForMemory,
    /// The kernel ended some process of this machine for want of memory.
    ProbablyKilledForMemory,
    /// SIGKILL that is not ours.
    Killed,
    TooManyFiles,
    /// Too many files are watched for changes.
    WatchLimit,
    DiskFull,
    /// SIGSEGV, SIGBUS.
    BadAddress,
    /// SIGABRT.
    Aborted,
    /// SIGILL.
    BadInstruction,
    /// SIGFPE.
    BadCalculation,
    /// It ended with 0, and others that it had started did not.
    InBackground,
}

impl FailureKind {
    /// The cause in words, after "backend failed: ".
    pub(crate) fn words(self) -> &'static str {
        match self {
            FailureKind::PortBusy => "its port is already in use",
            FailureKind::ContainerHasPort => "another container has the port that it publishes",
            FailureKind::HostHasPort => "a process of this machine has the port that it publishes",
            FailureKind::RunsAlready => "already running, according to its lock or pid file",
            FailureKind::PythonModuleMissing => "a Python package is missing",
            FailureKind::NodeModuleMissing => "a Node module is missing",
            FailureKind::LibraryMissing => "a library is missing",
            FailureKind::CommandNotFound => "a command was not found",
            FailureKind::NotExecutable => "a command cannot be executed",
            FailureKind::Denied => "permission denied",
            FailureKind::VariableMissing => "a variable is not set",
            FailureKind::Refused => "a connection was refused",
            FailureKind::OutOfMemory => "it ran out of memory",
            FailureKind::KilledForMemory => "the kernel was out of memory and killed it",
            FailureKind::ProbablyKilledForMemory => "the kernel was out of memory and probably killed it",
            FailureKind::Killed => "sent by another process or the kernel",
            FailureKind::TooManyFiles => "it has too many open files",
            FailureKind::WatchLimit => "too many files are watched for changes",
            FailureKind::DiskFull => "no space is left on the disk",
            FailureKind::BadAddress => "segmentation fault or bus error",
            FailureKind::Aborted => "it aborted",
            FailureKind::BadInstruction => "illegal instruction",
            FailureKind::BadCalculation => "arithmetic error, such as a division by zero",
            FailureKind::InBackground => "it daemonized; its background processes were stopped",
        }
    }

    /// Another start would end in the same way.
    pub(crate) fn is_permanent(self) -> bool {
        match self {
            FailureKind::PortBusy | FailureKind::ContainerHasPort | FailureKind::HostHasPort => true,
            FailureKind::RunsAlready | FailureKind::Denied | FailureKind::VariableMissing => true,
            FailureKind::PythonModuleMissing | FailureKind::NodeModuleMissing | FailureKind::LibraryMissing => true,
            FailureKind::CommandNotFound | FailureKind::NotExecutable | FailureKind::WatchLimit => true,
            // What it needs may have come meanwhile.
            FailureKind::Refused | FailureKind::TooManyFiles | FailureKind::DiskFull | FailureKind::OutOfMemory => {
                false
            }
            FailureKind::KilledForMemory | FailureKind::ProbablyKilledForMemory | FailureKind::Killed => false,
            FailureKind::BadAddress
            | FailureKind::Aborted
            | FailureKind::BadInstruction
            | FailureKind::BadCalculation => false,
            FailureKind::InBackground => false,
        }
    }

    /// What `up` ends with because of it.
    pub(super) fn exit(self) -> Exit {
        match self {
            FailureKind::PortBusy | FailureKind::ContainerHasPort | FailureKind::HostHasPort => Exit::PortBusy,
            FailureKind::CommandNotFound | FailureKind::NotExecutable => Exit::Missing,
            FailureKind::RunsAlready | FailureKind::Denied | FailureKind::VariableMissing | FailureKind::Refused => {
                Exit::Failed
            }
            FailureKind::PythonModuleMissing | FailureKind::NodeModuleMissing | FailureKind::LibraryMissing => {
                Exit::Failed
            }
            FailureKind::OutOfMemory | FailureKind::KilledForMemory | FailureKind::ProbablyKilledForMemory => {
                Exit::Failed
            }
            FailureKind::Killed | FailureKind::TooManyFiles | FailureKind::WatchLimit | FailureKind::DiskFull => {
                Exit::Failed
            }
            FailureKind::BadAddress
            | FailureKind::Aborted
            | FailureKind::BadInstruction
            | FailureKind::BadCalculation => Exit::Failed,
            FailureKind::InBackground => Exit::Failed,
        }
    }

    /// Servers report it and go on, so only what was said right before the end counts.
    pub(super) fn is_transient(self) -> bool {
        match self {
            FailureKind::Denied | FailureKind::Refused | FailureKind::TooManyFiles | FailureKind::DiskFull => true,
            FailureKind::PortBusy | FailureKind::ContainerHasPort | FailureKind::HostHasPort => false,
            FailureKind::RunsAlready | FailureKind::VariableMissing | FailureKind::WatchLimit => false,
            FailureKind::PythonModuleMissing | FailureKind::NodeModuleMissing | FailureKind::LibraryMissing => false,
            FailureKind::CommandNotFound | FailureKind::NotExecutable | FailureKind::OutOfMemory => false,
            FailureKind::KilledForMemory | FailureKind::ProbablyKilledForMemory | FailureKind::Killed => false,
            FailureKind::BadAddress
            | FailureKind::Aborted
            | FailureKind::BadInstruction
            | FailureKind::BadCalculation => false,
            FailureKind::InBackground => false,
        }
    }
}
