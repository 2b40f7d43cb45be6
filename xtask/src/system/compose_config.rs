//! Asks a container engine what a Compose file means. It starts nothing, and needs no running engine.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::os::Signal;
use super::{os, threads};
use crate::detect::is_found_by_compose;

/// The programs that can be asked, in this order.
const PROGRAMS: [&[&str]; 3] = [&["docker", "compose"], &["docker-compose"], &["podman", "compose"]];

/// For all of them together.
const PATIENCE: Duration = Duration::from_secs(3);

/// In bytes.
const MAX_OUTPUT: u64 = 4 << 20;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The file as JSON, variables as they are written and paths as seen from `directory`; `None` if no program answers.
pub(crate) fn resolved(directory: &Path, file: &str) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    let there = PROGRAMS.into_iter().filter(|program| which::which(program[0]).is_ok());
    let answer = there
        .into_iter()
        .find_map(|program| ask(program, directory, file, deadline))?;
    let top = directory.to_str()?;
    Some(
        answer
            .replace(&format!("\"{top}/"), "\"./")
            .replace(&format!("\"{top}\""), "\".\""),
    )
}

fn ask(program: &[&str], directory: &Path, file: &str, deadline: Instant) -> Option<String> {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]);
    // A file that Compose finds by itself is read together with its override.
    if !is_found_by_compose(file) {
        command.args(["-f", file]);
    }
    command.args(["config", "--format", "json", "--no-interpolate"]);
    // A file that includes others from elsewhere is not a reason to fetch them.
    // Source: docs.docker.com, "Pre-defined environment variables"; compose's pkg/remote.
    command
        .env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false")
        .env("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "false");
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    os::new_process_group(&mut command);
    os::end_with_us(&mut command);
    let mut child = command.spawn().ok()?;
    let pipe = child.stdout.take()?;
    let left = deadline.saturating_duration_since(Instant::now());
    let read = threads::within("compose", left, move || {
        let mut text = String::new();
        pipe.take(MAX_OUTPUT).read_to_string(&mut text).map(|_| text)
    });
    while !os::ends_within(&mut child, POLL_INTERVAL) && Instant::now() < deadline {}
    // The child has not been reaped, so the number of its group cannot have been reused.
    os::signal_group(child.id(), Signal::Kill);
    let is_done = os::ends_within(&mut child, POLL_INTERVAL).then(|| child.wait().is_ok_and(|status| status.success()));
    let text = read.ok()??.ok()?;
    // Some write a warning before the document.
    let start = text.find('{')?;
    (is_done == Some(true)).then(|| text[start..].to_owned())
}
