//! Asks launchd, the service manager of macOS.

use std::process::Command;
use std::time::Duration;

use super::answer::ask;
use super::os::parse::macos::launchctl;

/// The label of the job whose main process this is, of our own user's jobs; root is told of the system's. `None` also if
/// launchd does not answer in time.
pub(crate) fn label(pid: u32) -> Option<String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let answer = ask(Command::new("/bin/launchctl").arg("list"), PATIENCE, &|| true).ok()?;
    let answer = Some(answer).filter(super::answer::Answer::is_success)?;
    launchctl::label(&answer.stdout, pid).map(str::to_owned)
}
