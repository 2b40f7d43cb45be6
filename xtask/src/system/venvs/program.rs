//! Runs a program that should answer soon, and ends it if it does not.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::system::interrupt::Interrupt;
use crate::system::os::{self, Signal};

/// What a program printed, and its exit code, if it has one.
pub(super) struct Answer {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) code: Option<i32>,
}

impl Answer {
    /// The last line of its complaint.
    pub(super) fn complaint(&self) -> String {
        let last = self.stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.unwrap_or("it says nothing").to_owned()
    }
}

/// Runs the program until it exits, at most [`TIMEOUT`]. Whatever it has started in its process group is killed.
///
/// # Errors
/// It cannot be started, or has not answered; in words. After an interrupt the words must not be used.
pub(super) fn ask(command: &mut Command, interrupt: &Interrupt) -> Result<Answer, String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A wrapper such as pyenv's starts more processes; all of them are killed with the group.
    os::new_process_group(command);
    os::end_with_us(command);
    let mut child = command.spawn().map_err(|error| {
        let program = std::path::Path::new(command.get_program());
        crate::system::problem("run", program, &error).message
    })?;
    let has_answered = ends_in_time(&mut child, interrupt);
    // The child has not been reaped, so the number of its group cannot have been reused.
    os::signal_group(child.id(), Signal::Kill);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let stdout = child
        .stdout
        .take()
        .map(|pipe| os::read_at_once(&pipe, MAX_OUTPUT_BYTES));
    let stderr = child
        .stderr
        .take()
        .map(|pipe| os::read_at_once(&pipe, MAX_OUTPUT_BYTES));
    // A process that survives SIGKILL is stuck in the kernel.
    let status = match os::ends_within(&mut child, POLL_INTERVAL) {
        true => child.wait().ok(),
        false => None,
    };
    if !has_answered {
        return Err(format!("no answer in {} s", TIMEOUT.as_secs()));
    }
    Ok(Answer {
        stdout: text(stdout.unwrap_or_default()),
        stderr: text(stderr.unwrap_or_default()),
        code: status.and_then(|status| status.code()),
    })
}

fn ends_in_time(child: &mut Child, interrupt: &Interrupt) -> bool {
    let deadline = Instant::now() + TIMEOUT;
    while !os::ends_within(child, POLL_INTERVAL) {
        if interrupt.was_heard() || Instant::now() >= deadline {
            return false;
        }
    }
    true
}

/// A cold disk is slow, a broken interpreter never answers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The interval between checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A pipe that is read only at the end holds no more than this.
const MAX_OUTPUT_BYTES: usize = 64 * 1024;
