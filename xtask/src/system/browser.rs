//! Opens a URL in the user's browser.

use std::process::{Command, Stdio};

use super::os;

/// Whether a program for it was started. It is not waited for.
pub(crate) fn open(url: &str) -> bool {
    os::BROWSER_OPENERS.iter().any(|[program, arguments @ ..]| {
        let mut command = Command::new(program);
        command
            .args(arguments.iter().filter(|argument| !argument.is_empty()))
            .arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        os::spawn_session(&mut command).is_ok()
    })
}
