//! Asks another program something that it should answer soon, and ends it if it does not.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::os::{self, Signal};

/// What a program printed, and its exit code, if it has one.
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

/// Runs the program until it exits, at most for `patience` and while its answer is wanted. Whatever it has started in
/// its process group is killed.
///
/// # Errors
/// It cannot be started, or has not answered; in words. If the answer is no longer wanted, the words must not be used.
pub(crate) fn ask(command: &mut Command, patience: Duration, is_wanted: &dyn Fn() -> bool) -> Result<Answer, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Many are wrappers that start another one, such as `docker` or pyenv's `python`; the group is killed as a whole.
    os::end_with_us(command);
    let mut child = os::spawn_group(command)
        .map_err(|error| super::problem("run", Path::new(command.get_program()), &error).message)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + patience;
    let has_ended = loop {
        let has_ended = os::ends_within(&mut child, POLL_INTERVAL);
        if has_ended || !is_wanted() || Instant::now() >= deadline {
            break has_ended;
        }
        read(&child, &mut stdout, &mut stderr);
    };
    // The child has not been reaped, so the number of its group cannot have been reused.
    os::signal_group(child.id(), Signal::Kill);
    read(&child, &mut stdout, &mut stderr);
    // A process that survives SIGKILL is stuck in the kernel.
    let status = match os::ends_within(&mut child, POLL_INTERVAL) {
        true => child.wait().ok(),
        false => None,
    };
    if !has_ended {
        return Err(format!("no answer in {} s", patience.as_secs()));
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer {
        stdout: text(stdout),
        stderr: text(stderr),
        code: status.and_then(|status| status.code()),
    })
}

/// Makes room in its pipes. A program that writes more than [`MAX_OUTPUT_BYTES`] waits, and so does not answer.
fn read(child: &Child, stdout: &mut Vec<u8>, stderr: &mut Vec<u8>) {
    if let Some(pipe) = child.stdout.as_ref().filter(|_| stdout.len() < MAX_OUTPUT_BYTES) {
        stdout.extend(os::read_at_once(pipe, PIPE_BYTES));
    }
    if let Some(pipe) = child.stderr.as_ref().filter(|_| stderr.len() < MAX_OUTPUT_BYTES) {
        stderr.extend(os::read_at_once(pipe, PIPE_BYTES));
    }
}

/// The last line of a complaint.
pub(crate) fn complaint(stderr: &str) -> &str {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next_back().unwrap_or("it says nothing")
}

/// The interval between checks whether the answer is still wanted.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What a pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

const MAX_OUTPUT_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests;
