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
    AlreadyRunning,
    /// Python found no such module.
    PythonModuleMissing,
    /// Node found no such module.
    NodeModuleMissing,
    /// Another runtime or the linker found no such gem, class or shared library.
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
    SegmentationFault,
    /// SIGABRT.
    Aborted,
    /// SIGILL.
    IllegalInstruction,
    /// SIGFPE.
    ArithmeticError,
    /// It ended with 0, and others that it had started did not.
    Daemonized,
}

/// What one kind means.
pub(super) struct KindInfo {
    /// The cause in words, after "backend failed: ".
    words: &'static str,
    /// The exit code of `up` because of it.
    pub(super) exit: Exit,
    /// Another start would end in the same way.
    is_permanent: bool,
    /// Servers report it and go on, so only what was said right before the end counts.
    pub(super) is_transient: bool,
}

impl FailureKind {
    pub(crate) fn words(self) -> &'static str {
        self.info().words
    }

    pub(crate) fn is_permanent(self) -> bool {
        self.info().is_permanent
    }

    #[rustfmt::skip] // One row for each kind.
    pub(super) fn info(self) -> KindInfo {
        use Exit::{Failed, Missing};
        use FailureKind::*;
        let (words, exit, is_permanent, is_transient) = match self {
            // The words, the exit code, and whether the kind is permanent and transient.
            PortBusy => ("its port is already in use", Exit::PortBusy, true, false),
            ContainerHasPort => ("another container has the port that it publishes", Exit::PortBusy, true, false),
            HostHasPort => ("a process of this machine has the port that it publishes", Exit::PortBusy, true, false),
            AlreadyRunning => ("already running, according to its lock or pid file", Failed, true, false),
            PythonModuleMissing => ("a Python package is missing", Failed, true, false),
            NodeModuleMissing => ("a Node module is missing", Failed, true, false),
            LibraryMissing => ("a library is missing", Failed, true, false),
            CommandNotFound => ("a command was not found", Missing, true, false),
            NotExecutable => ("a command cannot be executed", Missing, true, false),
            Denied => ("permission denied", Failed, true, true),
            VariableMissing => ("a variable is not set", Failed, true, false),
            Refused => ("a connection was refused", Failed, false, true),
            OutOfMemory => ("it ran out of memory", Failed, false, false),
            KilledForMemory => ("the kernel was out of memory and killed it", Failed, false, false),
            ProbablyKilledForMemory => ("the kernel was out of memory and probably killed it", Failed, false, false),
            Killed => ("sent by another process or the kernel", Failed, false, false),
            TooManyFiles => ("it has too many open files", Failed, false, true),
            WatchLimit => ("too many files are watched for changes", Failed, true, false),
            DiskFull => ("no space is left on the disk", Failed, false, true),
            SegmentationFault => ("segmentation fault or bus error", Failed, false, false),
            Aborted => ("it aborted", Failed, false, false),
            IllegalInstruction => ("illegal instruction", Failed, false, false),
            ArithmeticError => ("arithmetic error, such as a division by zero", Failed, false, false),
            Daemonized => ("it daemonized; its background processes were stopped", Failed, false, false),
        };
        KindInfo { words, exit, is_permanent, is_transient }
    }
}
