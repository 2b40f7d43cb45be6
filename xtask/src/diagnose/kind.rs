//! The known causes with their code, their text, their exit code, and whether another start could help.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Exit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureKind {
    /// The service's own output reports EADDRINUSE.
    PortBusy,
    /// A container engine reports that it has published the port for another container.
    ContainerHasPort,
    /// A container engine reports that the port to publish is in use on this machine.
    HostHasPort,
    /// It is running already, according to a lock or pid file.
    AlreadyRunning,
    /// Python did not find a module.
    PythonModuleMissing,
    /// uvicorn or gunicorn did not find the application that its command names.
    ApplicationMissing,
    /// Node did not find a module.
    NodeModuleMissing,
    /// Another runtime or the linker did not find a gem, class or shared library.
    LibraryMissing,
    /// A shell, or a program that runs commands like one, did not find a command.
    CommandNotFound,
    /// A command exists but cannot be run.
    NotExecutable,
    /// It lacks a permission, for instance to bind a privileged port.
    Denied,
    /// An environment variable that it requires is not set.
    VariableMissing,
    /// It wanted to read from its input, which was at its end.
    InputEnded,
    /// No process listens where it wanted to connect.
    Refused,
    /// It reported this itself; the kernel was not involved.
    OutOfMemory,
    /// The kernel's OOM killer killed a process of our own control group.
    KilledForMemory,
    /// The kernel's OOM killer killed some process of this machine.
    ProbablyKilledForMemory,
    /// SIGKILL that we did not send.
    Killed,
    TooManyFiles,
    /// It watches too many files for changes.
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
    /// It exited with 0, but processes that it had started did not.
    Daemonized,
}

/// The properties of a kind.
pub(super) struct KindInfo {
    /// Its stable name, as `devtasks explain` takes it.
    code: &'static str,
    /// The cause as text, after "backend failed: ".
    words: &'static str,
    /// The exit code of `up`.
    pub(super) exit: Exit,
    /// Another start would fail the same way.
    is_permanent: bool,
    /// Servers report it and continue, so it counts only right before the exit.
    pub(super) is_transient: bool,
}

impl FailureKind {
    pub(crate) fn code(self) -> &'static str {
        self.info().code
    }

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
        let (code, words, exit, is_permanent, is_transient) = match self {
            // The code, the words, the exit code, and whether the kind is permanent and transient.
            PortBusy => ("cause.port_busy", "its port is already in use", Exit::PortBusy, true, false),
            ContainerHasPort => ("cause.container_has_port", "another container has the port that it publishes", Exit::PortBusy, true, false),
            HostHasPort => ("cause.host_has_port", "a process of this machine has the port that it publishes", Exit::PortBusy, true, false),
            AlreadyRunning => ("cause.already_running", "already running, according to its lock or pid file", Failed, true, false),
            PythonModuleMissing => ("cause.python_module_missing", "a Python package is missing", Failed, true, false),
            ApplicationMissing => ("cause.application_missing", "the application that its command names was not found", Failed, true, false),
            NodeModuleMissing => ("cause.node_module_missing", "a Node module is missing", Failed, true, false),
            LibraryMissing => ("cause.library_missing", "a library is missing", Failed, true, false),
            CommandNotFound => ("cause.command_not_found", "a command was not found", Missing, true, false),
            NotExecutable => ("cause.not_executable", "a command cannot be executed", Missing, true, false),
            Denied => ("cause.denied", "permission denied", Failed, true, true),
            VariableMissing => ("cause.variable_missing", "a variable is not set", Failed, true, false),
            InputEnded => ("cause.input_ended", "it wanted an answer, and its input was at its end", Failed, false, true),
            Refused => ("cause.refused", "a connection was refused", Failed, false, true),
            OutOfMemory => ("cause.out_of_memory", "it ran out of memory", Failed, false, false),
            KilledForMemory => ("cause.killed_for_memory", "the kernel was out of memory and killed it", Failed, false, false),
            ProbablyKilledForMemory => ("cause.probably_killed_for_memory", "the kernel was out of memory and probably killed it", Failed, false, false),
            Killed => ("cause.killed", "sent by another process or the kernel", Failed, false, false),
            TooManyFiles => ("cause.too_many_files", "it has too many open files", Failed, false, true),
            WatchLimit => ("cause.watch_limit", "too many files are watched for changes", Failed, true, false),
            DiskFull => ("cause.disk_full", "no space is left on the disk", Failed, false, true),
            SegmentationFault => ("cause.segmentation_fault", "segmentation fault or bus error", Failed, false, false),
            Aborted => ("cause.aborted", "it aborted", Failed, false, false),
            IllegalInstruction => ("cause.illegal_instruction", "illegal instruction", Failed, false, false),
            ArithmeticError => ("cause.arithmetic_error", "arithmetic error, such as a division by zero", Failed, false, false),
            Daemonized => ("cause.daemonized", "it daemonized; its background processes were stopped", Failed, false, false),
        };
        KindInfo { code, words, exit, is_permanent, is_transient }
    }
}
