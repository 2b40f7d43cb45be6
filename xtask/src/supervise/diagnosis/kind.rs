//! The causes that are known, and what each means: its words, the exit code, whether another start could help.

use serde::{Deserialize, Serialize};

use crate::error::Exit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
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

impl Kind {
    /// The cause in words, after "backend failed: ".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Kind::PortBusy => "its port is already in use",
            Kind::ContainerHasPort => "another container has the port that it publishes",
            Kind::HostHasPort => "a process of this machine has the port that it publishes",
            Kind::RunsAlready => "a lock or pid file says that it runs already",
            Kind::PythonModuleMissing => "a Python package is missing",
            Kind::NodeModuleMissing => "a Node module is missing",
            Kind::LibraryMissing => "a library is missing",
            Kind::CommandNotFound => "a command was not found",
            Kind::NotExecutable => "a command cannot be executed",
            Kind::Denied => "permission denied",
            Kind::VariableMissing => "a variable is not set",
            Kind::Refused => "a connection was refused",
            Kind::OutOfMemory => "it ran out of memory",
            Kind::KilledForMemory => "the kernel was out of memory and killed it",
            Kind::ProbablyKilledForMemory => "the kernel was out of memory and probably killed it",
            Kind::Killed => "another process or the kernel killed it",
            Kind::TooManyFiles => "it has too many open files",
            Kind::WatchLimit => "too many files are watched for changes",
            Kind::DiskFull => "no space is left on the disk",
            Kind::BadAddress => "it crashed at an address that is not its own",
            Kind::Aborted => "it aborted",
            Kind::BadInstruction => "it crashed at an instruction that this processor does not have",
            Kind::BadCalculation => "it crashed at a calculation, such as a division by zero",
            Kind::InBackground => "what it left in the background was ended",
        }
    }

    /// Another start would end in the same way.
    pub(crate) fn repeats(self) -> bool {
        match self {
            Kind::PortBusy | Kind::ContainerHasPort | Kind::HostHasPort => true,
            Kind::RunsAlready | Kind::Denied | Kind::VariableMissing => true,
            Kind::PythonModuleMissing | Kind::NodeModuleMissing | Kind::LibraryMissing => true,
            Kind::CommandNotFound | Kind::NotExecutable | Kind::WatchLimit => true,
            // What it needs may have come meanwhile.
            Kind::Refused | Kind::TooManyFiles | Kind::DiskFull | Kind::OutOfMemory => false,
            Kind::KilledForMemory | Kind::ProbablyKilledForMemory | Kind::Killed => false,
            Kind::BadAddress | Kind::Aborted | Kind::BadInstruction | Kind::BadCalculation => false,
            Kind::InBackground => false,
        }
    }

    /// What `up` ends with because of it.
    pub(super) fn exit(self) -> Exit {
        match self {
            Kind::PortBusy | Kind::ContainerHasPort | Kind::HostHasPort => Exit::PortBusy,
            Kind::CommandNotFound | Kind::NotExecutable => Exit::Missing,
            Kind::RunsAlready | Kind::Denied | Kind::VariableMissing | Kind::Refused => Exit::Failed,
            Kind::PythonModuleMissing | Kind::NodeModuleMissing | Kind::LibraryMissing => Exit::Failed,
            Kind::OutOfMemory | Kind::KilledForMemory | Kind::ProbablyKilledForMemory => Exit::Failed,
            Kind::Killed | Kind::TooManyFiles | Kind::WatchLimit | Kind::DiskFull => Exit::Failed,
            Kind::BadAddress | Kind::Aborted | Kind::BadInstruction | Kind::BadCalculation => Exit::Failed,
            Kind::InBackground => Exit::Failed,
        }
    }

    /// Servers report it and go on, so only what was said right before the end counts.
    pub(super) fn fades(self) -> bool {
        match self {
            Kind::Denied | Kind::Refused | Kind::TooManyFiles | Kind::DiskFull => true,
            Kind::PortBusy | Kind::ContainerHasPort | Kind::HostHasPort => false,
            Kind::RunsAlready | Kind::VariableMissing | Kind::WatchLimit => false,
            Kind::PythonModuleMissing | Kind::NodeModuleMissing | Kind::LibraryMissing => false,
            Kind::CommandNotFound | Kind::NotExecutable | Kind::OutOfMemory => false,
            Kind::KilledForMemory | Kind::ProbablyKilledForMemory | Kind::Killed => false,
            Kind::BadAddress | Kind::Aborted | Kind::BadInstruction | Kind::BadCalculation => false,
            Kind::InBackground => false,
        }
    }
}
