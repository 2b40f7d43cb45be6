//! Programs that a service may start and that nobody ends with it: a person works in them.

use serde::{Deserialize, Serialize};

use super::Process;
use super::protected::{Class, Details, class, is_named, names};
use crate::foreign::Foreign;

/// A program that a service started, that left its session, and that is named and left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftAlone {
    pub(crate) pid: u32,
    pub(crate) name: Foreign,
    /// Which service started it, where that is known.
    pub(crate) service: Option<Foreign>,
    /// Completes "it is left alone: …".
    pub(crate) reason: Foreign,
}

impl LeftAlone {
    pub(crate) fn new(process: &Process, service: Option<Foreign>, reason: &str) -> LeftAlone {
        LeftAlone {
            pid: process.identity.pid,
            name: process.name.clone(),
            service,
            reason: reason.into(),
        }
    }
}

/// Why a process that left its service's session is named and left alone although a service started it: a person works in
/// it, and to end it would close more than the service opened. `None` for all other programs.
///
/// `vite --open` and `launch-editor` start a browser or an editor where none runs yet; `tmux new -d` a server for all windows.
pub(crate) fn works_for_a_person(process: &Process, details: &Details) -> Option<&'static str> {
    match class(process, details) {
        Some(class @ (Class::Desktop | Class::Editor | Class::EditorServer | Class::Multiplexer)) => {
            Some(class.reason())
        }
        Some(
            Class::Proxy
            | Class::Engine
            | Class::Sshd
            | Class::Systemd
            | Class::System
            | Class::Manager
            | Class::AirPlay
            | Class::WindowsHttp
            | Class::WslRelay,
        )
        | None => is_browser(process, details).then_some("it is a browser"),
    }
}

fn is_browser(process: &Process, details: &Details) -> bool {
    names(process, details).any(|name| BROWSERS.iter().any(|browser| is_named(name, browser)))
}

/// Who uses one to test has it in the service's own session.
const BROWSERS: &[&str] = &[
    "firefox*",
    "chrome",
    "google-chrome*",
    "chromium*",
    "Google Chrome*",
    "brave*",
    "Brave Browser*",
    "msedge*",
    "microsoft-edge*",
    "Microsoft Edge*",
    "opera",
    "vivaldi*",
    "epiphany*",
    "Safari",
];
