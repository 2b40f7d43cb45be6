//! The stable codes of findings.

use serde::{Deserialize, Serialize};

/// The kind of a fact. Its text is a stable interface: codes can be added, but not renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Code {
    PortFree,
    PortBusy(ConflictKind),
    /// Several unrelated processes listen on the port.
    PortShared,
    /// IPv4 and IPv6 connections reach different owners.
    PortSplit,
    /// The system refuses the port although it has no owner.
    PortDenied,
    /// Two services declare the same port.
    PortDuplicate,
    /// The port is in the ephemeral range.
    PortEphemeral,
    /// The service listens on another port or address than declared.
    PortMismatch,
    /// The port has another number than the declared one.
    PortMoved,
    VenvMissing,
    VenvInterpreterMissing,
    VenvMoved,
    VenvPythonVersion,
    /// Packages are missing or of another version than asked for.
    VenvRequirements,
    CommandNotFound,
    CommandNotExecutable,
    /// A command without a shell contains an operator of the shell.
    CommandShellSyntax,
    /// Compose rejects its file, or the service is not in it.
    ComposeInvalid,
    WorkingDirMissing,
    EnvMissing,
    /// Programs that read env files interpret a line differently.
    EnvAmbiguous,
    EnvFileMissing,
    /// An env file sets a variable that nothing uses, one letter away from one that is not set.
    EnvMistyped,
    /// An env file lacks variables of its example.
    EnvExample,
    /// An env file has a secret that every user of the machine can read.
    EnvReadable,
    /// Git tracks an env file that holds more than ports.
    EnvTracked,
    /// The packages of a Node project are not installed, or are older than its lock file.
    NodeModulesMissing,
    /// The process that a pid file names is gone.
    PidfileStale,
    /// Processes of an earlier run are still alive.
    RunLeftovers,
    LimitOpenFiles,
    /// The system watches no more files for this user.
    LimitInotify,
    /// The hosts file does not lead `localhost` to this machine.
    HostsLocalhost,
    /// A service asks for an address of IPv6, which this machine has not.
    Ipv6Off,
    /// The container engine that a command asks for does not answer.
    EngineUnreachable,
    /// Another dev server of this directory has the lock that its framework gives to one.
    LockHeld,
    /// A service runs and does not become ready.
    ServiceNotReady,
    /// `watch` of a command that restarts itself.
    WatchReloader,
    /// `devtasks.toml` belongs to another user.
    FileUntrusted,
    /// Any other problem.
    Config,
}

/// Why a port is busy, by kind of owner or socket; the most restrictive first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ConflictKind {
    Protected,
    Container,
    SystemService,
    Hidden,
    OtherProject,
    OtherCheckout,
    OwnRunning,
    Tunnel,
    Foreign,
    OwnLeftover,
    Bound,
    Connection,
    NoOwner,
}

impl Code {
    /// The code as it appears in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Code::PortFree => "port.free",
            Code::PortBusy(kind) => kind.code(),
            Code::PortShared => "port.shared",
            Code::PortSplit => "port.split",
            Code::PortDenied => "port.denied",
            Code::PortDuplicate => "port.duplicate",
            Code::PortEphemeral => "port.ephemeral",
            Code::PortMismatch => "port.mismatch",
            Code::PortMoved => "port.moved",
            Code::VenvMissing => "venv.missing",
            Code::VenvInterpreterMissing => "venv.interpreter_missing",
            Code::VenvMoved => "venv.moved",
            Code::VenvPythonVersion => "venv.python_version",
            Code::VenvRequirements => "venv.requirements",
            Code::CommandNotFound => "command.not_found",
            Code::CommandNotExecutable => "command.not_executable",
            Code::CommandShellSyntax => "command.shell_syntax",
            Code::ComposeInvalid => "compose.invalid",
            Code::WorkingDirMissing => "working_dir.missing",
            Code::EnvMissing => "env.missing",
            Code::EnvAmbiguous => "env.ambiguous",
            Code::EnvFileMissing => "env.file_missing",
            Code::EnvMistyped => "env.mistyped",
            Code::EnvExample => "env.example",
            Code::EnvReadable => "env.readable",
            Code::EnvTracked => "env.tracked",
            Code::NodeModulesMissing => "node_modules.missing",
            Code::PidfileStale => "pidfile.stale",
            Code::RunLeftovers => "run.leftovers",
            Code::ServiceNotReady => "service.not_ready",
            Code::LimitOpenFiles => "limit.open_files",
            Code::LimitInotify => "limit.inotify",
            Code::HostsLocalhost => "hosts.localhost",
            Code::Ipv6Off => "ipv6.off",
            Code::EngineUnreachable => "engine.unreachable",
            Code::LockHeld => "lock.held",
            Code::WatchReloader => "watch.reloader",
            Code::FileUntrusted => "file.untrusted",
            Code::Config => "config",
        }
    }

    /// Whether the port has an owner or a socket.
    pub(crate) fn is_port_taken(self) -> bool {
        matches!(self, Code::PortBusy(_) | Code::PortShared | Code::PortSplit)
    }

    /// Whether the port is taken by something outside the running stack.
    pub(crate) fn is_taken_by_others(self) -> bool {
        self.is_port_taken() && self != Code::PortBusy(ConflictKind::OwnRunning)
    }
}

impl ConflictKind {
    fn code(self) -> &'static str {
        match self {
            ConflictKind::Protected => "port.busy.protected",
            ConflictKind::Container => "port.busy.container",
            ConflictKind::SystemService => "port.busy.system_service",
            ConflictKind::Tunnel => "port.busy.tunnel",
            ConflictKind::Hidden => "port.busy.hidden",
            ConflictKind::OtherProject => "port.busy.other_project",
            ConflictKind::OtherCheckout => "port.busy.other_checkout",
            ConflictKind::OwnRunning => "port.busy.own_running",
            ConflictKind::Foreign => "port.busy.foreign",
            ConflictKind::OwnLeftover => "port.busy.own_leftover",
            ConflictKind::Bound => "port.busy.bound",
            ConflictKind::Connection => "port.busy.connection",
            ConflictKind::NoOwner => "port.busy.no_owner",
        }
    }
}
