//! The supervisor of `up --detach`: the same program once more, from a copy, in a session of its own.
//!
//! It takes one request on stdin and answers on stdout, as at the control socket; later clients come there.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::control::{self, Reply, Request};
use super::os;
use super::runs::{Folder, fnv};
use crate::error::Problem;
use crate::plan::{OnExit, Plan};

/// The subcommand that it runs; nobody types it.
pub(crate) const COMMAND: &str = "supervise";

/// The program that is to supervise: a copy, which nobody builds anew while it runs. For whoever has the checkout's lock.
///
/// # Errors
/// We cannot find ourselves.
pub(crate) fn program(folder: &Folder) -> Result<PathBuf, Problem> {
    let original = os::own_program().map_err(|error| super::problem("find", Path::new("ourselves"), &error))?;
    // Without room for a copy, the original does; it may only not be replaced on systems that lock what runs.
    Ok(copy(&original, &folder.programs()).unwrap_or(original))
}

/// Starts it for a checkout whose lock is free; every reply to `request` comes to `hear`, [`Reply::Ending`] at the end.
///
/// # Errors
/// The system has no room for another process.
pub(crate) fn start(
    program: &Path,
    plan: &Plan,
    folder: &Folder,
    request: &Request,
    hear: impl Fn(Result<Reply, Problem>) + Send + 'static,
) -> Result<(), Problem> {
    let words = folder.words();
    let stderr = File::create(&words).map_err(|error| super::problem("write", &words, &error))?;
    let mut command = Command::new(program);
    os::call(&mut command, "devtasks");
    command
        .args([COMMAND, &plan.project])
        .arg(&plan.checkout)
        .current_dir("/");
    if plan.on_exit == OnExit::Keep {
        command.arg("--keep");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
    let mut child = command
        .spawn()
        .map_err(|error| super::problem("run", program, &error))?;
    control::ask(&mut child.stdin.take().expect("its stdin is a pipe"), request);
    let replies = child.stdout.take().expect("its stdout is a pipe");
    control::follow(BufReader::new(replies), hear);
    Ok(())
}

/// Its last words, if it died without an answer.
pub(crate) fn last_words(folder: &Folder) -> String {
    fs::read_to_string(folder.words()).unwrap_or_default().trim().to_owned()
}

/// The same program is copied once.
fn copy(original: &Path, folder: &Path) -> Option<PathBuf> {
    let it = fs::metadata(original).ok()?;
    let changed = it.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let version = format!("{} {}", it.len(), changed.as_nanos());
    let copy = folder.join(format!("devtasks-{:016x}", fnv(version.as_bytes())));
    if fs::metadata(&copy).is_ok_and(|there| there.len() == it.len()) {
        return Some(copy);
    }
    os::make_private_folder(folder).ok()?;
    // Those of earlier builds; what still runs keeps its file.
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let _ = fs::remove_file(entry.path());
    }
    let beside = copy.with_extension("new");
    fs::copy(original, &beside).ok()?;
    fs::rename(&beside, &copy).ok()?;
    Some(copy)
}
