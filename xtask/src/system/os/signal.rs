//! Signals that we send and receive, with their usual names.

use crate::plan::StopSignal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Term,
    Int,
    Quit,
    Hup,
    Usr1,
    Usr2,
    /// Resumes a suspended process.
    Cont,
    Kill,
}

impl Signal {
    /// `SIGTERM` and so on.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Signal::Term => "SIGTERM",
            Signal::Int => "SIGINT",
            Signal::Quit => "SIGQUIT",
            Signal::Hup => "SIGHUP",
            Signal::Usr1 => "SIGUSR1",
            Signal::Usr2 => "SIGUSR2",
            Signal::Cont => "SIGCONT",
            Signal::Kill => "SIGKILL",
        }
    }
}

impl From<StopSignal> for Signal {
    fn from(signal: StopSignal) -> Self {
        match signal {
            StopSignal::Term => Signal::Term,
            StopSignal::Int => Signal::Int,
            StopSignal::Quit => Signal::Quit,
            StopSignal::Hup => Signal::Hup,
            StopSignal::Usr1 => Signal::Usr1,
            StopSignal::Usr2 => Signal::Usr2,
            StopSignal::Kill => Signal::Kill,
        }
    }
}

/// A signal that we received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalEvent {
    /// SIGINT, usually by Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// SIGCHLD.
    ChildEnded,
    /// SIGWINCH: the terminal has another size.
    Resized,
}

impl SignalEvent {
    /// Whether it asks the program to end.
    pub(crate) fn is_interrupt(self) -> bool {
        match self {
            SignalEvent::Interrupt | SignalEvent::Terminate | SignalEvent::HangUp => true,
            SignalEvent::ChildEnded | SignalEvent::Resized => false,
        }
    }
}

/// Why a signal was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalError {
    /// ESRCH: the process has exited.
    Gone,
    /// EPERM: it belongs to another user.
    Denied,
    /// Another error, with its number.
    Failed(i32),
    /// Windows has no polite signal for a process that we have not started as a group.
    Impossible,
    /// It could not be verified that the pid still belongs to the process, so nothing was sent.
    Unknown,
}
