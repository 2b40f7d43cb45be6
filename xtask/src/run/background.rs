//! The supervisor of `up --detach`: the same program once more, from a copy, in a session of its own.
//!
//! It takes one request on stdin and answers on stdout, as at the control socket; later clients come there.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;

use super::control;
use super::reexec::{GREETING_TIMEOUT, Greeting, Heard, Helper};
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::protocol::{Reply, Request};
use crate::system::os;
use crate::system::runs::{StateDir, fnv};
use crate::system::threads::{self, Stack};

/// Keeps a copy of ourselves, which no build replaces while it runs. For whoever has the checkout's lock.
///
/// # Errors
/// We cannot find ourselves.
pub(crate) fn programs(directory: &StateDir) -> Result<Vec<PathBuf>, Diagnostic> {
    let original = os::current_exe().map_err(|error| crate::system::problem("find", Path::new("ourselves"), &error))?;
    // Without room for a copy, or where it may not be run, the original does: on some systems nobody can replace it
    // then.
    Ok(copy(&original, &directory.programs())
        .into_iter()
        .chain([original])
        .collect())
}

/// Starts the first of `programs` that can be run, for a checkout whose lock is free; every reply to `request` comes to
/// `hear`, [`Reply::Ending`] at the end, or why there is none.
///
/// # Errors
/// None of them can be run, or the system has no room for another process, or for a thread to hear it: then it has not
/// been asked for anything.
pub(crate) fn start(
    programs: &[PathBuf],
    plan: &Plan,
    directory: &StateDir,
    request: Request,
    hear: impl Fn(Result<Reply, Diagnostic>) + Send + 'static,
) -> Result<(), Diagnostic> {
    let words = directory.supervisor_log();
    let stderr = File::create(&words).map_err(|error| crate::system::problem("write", &words, &error))?;
    let supervisor = Helper::Supervisor {
        project: plan.project.clone(),
        checkout: plan.checkout.clone(),
        on_exit: plan.on_exit,
    };
    let mut failed = None;
    for program in programs {
        match spawn(program, &supervisor, &stderr) {
            Ok(child) => return converse(child, supervisor, request, hear),
            Err(error) => failed = Some(crate::system::problem("run", program, &error)),
        }
    }
    Err(failed.expect("we are one of them"))
}

fn spawn(program: &Path, supervisor: &Helper, stderr: &File) -> io::Result<Child> {
    supervisor.command(program).stderr(stderr.try_clone()?).spawn()
}

/// On a thread of its own: what is no supervisor may never read what it is asked.
fn converse(
    mut child: Child,
    supervisor: Helper,
    request: Request,
    hear: impl Fn(Result<Reply, Diagnostic>) + Send + 'static,
) -> Result<(), Diagnostic> {
    let mut ask = child.stdin.take().expect("its stdin is a pipe");
    let mut greeting = Greeting::from(child.stdout.take().expect("its stdout is a pipe"));
    let talk = move || match greeting.within(GREETING_TIMEOUT) {
        Heard::Greeted => match control::ask(&mut ask, &request) {
            Ok(()) => {
                drop(ask);
                control::listen(BufReader::new(greeting.from), hear);
            }
            // Half a request is none: its pipe is closed, and the supervisor ends.
            Err(error) => hear(Err(crate::system::problem(
                "ask",
                Path::new("devtasks supervise"),
                &error,
            ))),
        },
        heard => hear(Err(supervisor.absent(&mut child, heard))),
    };
    // Without it nothing is asked: the pipes that the talk would have had are closed, and the supervisor ends.
    threads::start("replies", Stack::Usual, talk)
}

/// Its last words, if it died without an answer.
pub(crate) fn supervisor_stderr(directory: &StateDir) -> String {
    fs::read_to_string(directory.supervisor_log())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The same program is copied once.
fn copy(original: &Path, directory: &Path) -> Option<PathBuf> {
    let it = fs::metadata(original).ok()?;
    let changed = it.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let version = format!("{} {}", it.len(), changed.as_nanos());
    let home = directory.join(format!("{:016x}", fnv(version.as_bytes())));
    let copy = home.join("devtasks");
    if fs::metadata(&copy).is_ok_and(|there| there.len() == it.len()) {
        return Some(copy);
    }
    // Those of earlier builds; what still runs keeps its file.
    let _ = fs::remove_dir_all(directory);
    os::make_private_directory(&home).ok()?;
    let beside = copy.with_extension("new");
    let made = fs::copy(original, &beside).and_then(|_| fs::rename(&beside, &copy));
    if made.is_err() {
        // Half a copy would only fill the disk.
        let _ = fs::remove_file(&beside);
    }
    made.ok().map(|()| copy)
}
