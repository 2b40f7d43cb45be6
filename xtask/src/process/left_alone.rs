//! Programs that a service may start but that are not stopped with it, because a user works in them.

use serde::{Deserialize, Serialize};

use super::Process;
use super::protected::{ProtectedKind, class, is_named, names};
use crate::foreign::Foreign;
use crate::process::Details;

/// A program that a service started and that left the session of the service. It is reported, but not stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftAlone {
    pub(crate) pid: u32,
    pub(crate) name: Foreign,
    /// The service that started it, if known.
    pub(crate) service: Option<Foreign>,
    /// Completes the sentence "it is left alone: …".
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

/// Why a process that left the session of its service is not stopped: a user works in it, and stopping it would close
/// more than the service opened. `None` for all other programs.
///
/// `vite --open` and `launch-editor` may start a browser or an editor; `tmux new -d` a server for all windows.
pub(crate) fn works_for_a_person(process: &Process, details: &Details) -> Option<&'static str> {
    match class(process, details) {
        Some(
            class @ (ProtectedKind::Desktop
            | ProtectedKind::Editor
            | ProtectedKind::EditorServer
            | ProtectedKind::Multiplexer),
        ) => Some(class.reason()),
        Some(
            ProtectedKind::Proxy
            | ProtectedKind::Engine
            | ProtectedKind::Sshd
            | ProtectedKind::Systemd
            | ProtectedKind::Launchd
            | ProtectedKind::System
            | ProtectedKind::MacOs
            | ProtectedKind::Windows
            | ProtectedKind::Manager
            | ProtectedKind::AirPlay
            | ProtectedKind::WindowsHttp
            | ProtectedKind::WslRelay,
        )
        | None => is_browser(process, details).then_some("it is a browser"),
    }
}

fn is_browser(process: &Process, details: &Details) -> bool {
    names(process, details).any(|name| BROWSERS.iter().any(|browser| is_named(name, browser))) && !is_driven(details)
}

/// Whether a browser is controlled by a program and not by a user, or is a child process of a browser.
///
/// Source: Puppeteer and Playwright start browsers in a new session (`detached` of Node's `spawn`), with these options.
/// A child process of Chromium has `--type=`, with its whole command line in one argument.
fn is_driven(details: &Details) -> bool {
    const OPTIONS: &[&str] = &[
        "--headless",
        "-headless",
        "--remote-debugging-",
        "--enable-automation",
        "--marionette",
        "-juggler",
        "--type=",
    ];
    let mut words = details.command.raw().iter().flat_map(|word| word.split(' '));
    words.any(|word| OPTIONS.iter().any(|option| word.starts_with(option)))
}

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

#[cfg(test)]
mod tests {
    use super::super::{Identity, ProcessState};
    use super::*;

    #[track_caller]
    fn check(name: &str, words: &[&str], expected: Option<&str>) {
        let process = Process {
            identity: Identity {
                boot: String::new(),
                pid: 4242,
                start: 1,
            },
            name: name.into(),
            parent: 1,
            group: 4242,
            session: 4242,
            terminal: None,
            state: ProcessState::Running,
            kernel: false,
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let details = Details {
            command: words.into(),
            ..Details::default()
        };
        assert_eq!(works_for_a_person(&process, &details), expected);
    }

    #[test]
    fn a_browser_that_a_program_drives_is_nobodys_to_work_in() {
        let chrome = "/opt/google/chrome/chrome";
        check("chrome", &[chrome, "http://localhost:5173"], Some("it is a browser"));
        check("chrome", &[chrome, "--headless=new", "--user-data-dir=/tmp/p"], None);
        check("chrome", &[chrome, "--remote-debugging-pipe"], None);
        check("chrome", &["/opt/google/chrome/chrome --type=renderer --lang=en"], None);
        check("firefox", &["firefox", "-headless"], None);
    }

    #[test]
    fn what_a_person_works_in_is_known_by_its_name() {
        check("firefox-esr", &["firefox-esr"], Some("it is a browser"));
        check(
            "tmux: server",
            &["tmux", "new", "-d"],
            Some("it is a terminal multiplexer's server"),
        );
        check("node", &["node", "server.js"], None);
        check("Chrome.EXE", &[r"C:\Chrome\chrome.exe"], Some("it is a browser"));
        check("explorer.exe", &[], Some("it belongs to the desktop"));
        check("node.exe", &["node", "server.js"], None);
    }
}
