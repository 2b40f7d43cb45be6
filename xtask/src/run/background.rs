//! The supervisor of `up --detach`: a copy of this program in its own session.
//!
//! It takes one request on stdin and replies on stdout, with the protocol of the control socket, which later clients
//! use.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Child;

use super::control;
use super::reexec::{GREETING_TIMEOUT, Greeting, Heard, Helper};
use crate::diagnostic::Diagnostic;
use crate::hash::fnv;
use crate::plan::Plan;
use crate::protocol::{Reply, Request};
use crate::system::os;
use crate::system::runs::StateDir;
use crate::system::threads::{self, Stack};

/// Keeps a copy of this program that no build replaces while it runs. The caller holds the checkout's lock.
///
/// # Errors
/// The path of our executable cannot be determined.
pub(crate) fn programs(directory: &StateDir) -> Result<Vec<PathBuf>, Diagnostic> {
    let original = os::current_exe().map_err(|error| crate::system::problem("find", Path::new("ourselves"), &error))?;
    // Fall back to the original if there is no space for a copy or it cannot be executed. Some systems do not let a
    // running program be replaced.
    Ok(copy(&original, &directory.programs())
        .into_iter()
        .chain([original])
        .collect())
}

/// Starts the first of `programs` that can be run, for a checkout whose lock is free. It serves `metrics`. `hear` gets every reply to
/// `request`, up to [`Reply::Ending`], or the error.
///
/// # Errors
/// None of them can be run, or no process or thread can be created. The request has not been sent then.
pub(crate) fn start(
    programs: &[PathBuf],
    plan: &Plan,
    metrics: Option<SocketAddr>,
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
        metrics,
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
    supervisor.start(program, stderr.try_clone()?.into())
}

/// Runs on its own thread, because a program that is not a supervisor may never read the request.
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
            // An incomplete request is ignored: its pipe is closed, and the supervisor exits.
            Err(error) => hear(Err(crate::system::problem(
                "ask",
                Path::new("devtasks supervise"),
                &error,
            ))),
        },
        heard => hear(Err(supervisor.absent(&mut child, heard))),
    };
    // Without the thread nothing is requested: the pipes are closed, and the supervisor exits.
    threads::start("replies", Stack::Usual, talk)
}

/// What it wrote to stderr, if it died without a reply.
pub(crate) fn supervisor_stderr(directory: &StateDir) -> String {
    fs::read_to_string(directory.supervisor_log())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The same executable is copied only once.
fn copy(original: &Path, directory: &Path) -> Option<PathBuf> {
    let it = fs::metadata(original).ok()?;
    let changed = it.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let version = format!("{} {}", it.len(), changed.as_nanos());
    let home = directory.join(format!("{:016x}", fnv(version.bytes())));
    let copy = home.join(format!("devtasks{}", std::env::consts::EXE_SUFFIX));
    if fs::metadata(&copy).is_ok_and(|there| there.len() == it.len()) {
        return Some(copy);
    }
    // Copies of earlier builds; running ones keep their file.
    let _ = fs::remove_dir_all(directory);
    os::make_private_directory(&home).ok()?;
    let beside = copy.with_extension("new");
    let made = fs::copy(original, &beside).and_then(|_| fs::rename(&beside, &copy));
    if made.is_err() {
        // An incomplete copy would only use disk space.
        let _ = fs::remove_file(&beside);
    }
    made.ok().map(|()| copy)
}
