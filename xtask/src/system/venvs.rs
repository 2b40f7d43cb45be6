//! Python venvs: the search from a directory upward, and the check that runs their interpreter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::interrupt::Interrupt;
use super::os::Signal;
use super::{files, os};
use crate::plan::bin;
use crate::preflight::{VenvFact, VenvState};

/// The nearest venv in `directory` or above, up to `top`: `.venv`, `venv` or `env`.
pub(crate) fn nearest(directory: &Path, top: &Path) -> Option<PathBuf> {
    let directories = directory.ancestors().take_while(|directory| directory.starts_with(top));
    let named = directories.flat_map(|directory| [".venv", "venv", "env"].map(|name| directory.join(name)));
    named.into_iter().find(|venv| venv.join("pyvenv.cfg").is_file())
}

/// Runs the venv's interpreter and checks whether the venv was moved. After an interrupt the result must not be used.
pub(crate) fn look_at(venv: &Path, interrupt: &Interrupt) -> VenvFact {
    let requirements = venv
        .parent()
        .map(|directory| directory.join("requirements.txt"))
        .filter(|file| file.is_file());
    VenvFact {
        state: state(venv, interrupt),
        requirements,
    }
}

fn state(venv: &Path, interrupt: &Interrupt) -> VenvState {
    if !venv.join("pyvenv.cfg").is_file() && !bin(venv).is_dir() {
        return VenvState::Missing;
    }
    let python = bin(venv).join("python");
    if !python.exists() {
        return VenvState::InterpreterMissing {
            target: last_target(&python),
        };
    }
    if let Some(made_at) = made_at(venv)
        && fs::canonicalize(&made_at).ok() != fs::canonicalize(venv).ok()
    {
        return VenvState::Moved { made_at };
    }
    version(&python, interrupt)
}

/// The end of a chain of links, which does not exist.
fn last_target(link: &Path) -> Option<PathBuf> {
    let mut target = link.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("/")).join(next),
            Err(_) => break,
        }
    }
    (target != link).then_some(target)
}

/// The kernel's limit; see path_resolution(7).
const MAX_LINKS: usize = 40;

/// The path written into `activate` when the venv was created; `None` for a relocatable one.
fn made_at(venv: &Path) -> Option<PathBuf> {
    let activate = files::read_regular(&bin(venv).join("activate"), 1 << 20).ok()?;
    let activate = String::from_utf8_lossy(&activate);
    let values = activate.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        line.strip_prefix("VIRTUAL_ENV=")
    });
    let paths = values
        .map(|value| value.trim_matches(['"', '\'']))
        .filter(|value| value.starts_with('/'));
    paths.map(PathBuf::from).next_back()
}

fn version(python: &Path, interrupt: &Interrupt) -> VenvState {
    // Isolated and without `site`, so that no code of the user runs.
    let mut command = Command::new(python);
    command.args(["-I", "-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A wrapper such as pyenv's starts more processes; all of them are killed with the group.
    os::new_process_group(&mut command);
    os::end_with_us(&mut command);
    let broken = |said: String| VenvState::Broken { said };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return broken(super::problem("run", python, &error).message),
    };
    let has_answered = ends_in_time(&mut child, interrupt);
    // The child has not been reaped, so the number of its group cannot have been reused.
    os::signal_group(child.id(), Signal::Kill);
    let said = child
        .stdout
        .take()
        .map(|pipe| os::read_at_once(&pipe, MAX_OUTPUT_BYTES));
    let complaint = child
        .stderr
        .take()
        .map(|pipe| os::read_at_once(&pipe, MAX_OUTPUT_BYTES));
    // A process that survives SIGKILL is stuck in the kernel.
    if os::ends_within(&mut child, POLL_INTERVAL) {
        let _ = child.wait();
    }
    if !has_answered {
        return broken(format!("no answer in {} s", VERSION_TIMEOUT.as_secs()));
    }
    let text = |said: Option<Vec<u8>>| String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
    let numbers: Option<Vec<u32>> = text(said).trim().split('.').map(|part| part.parse().ok()).collect();
    match numbers {
        Some(version) if !version.is_empty() => VenvState::Works { version },
        Some(_) | None => broken(
            text(complaint)
                .lines()
                .next_back()
                .unwrap_or("it says nothing")
                .trim()
                .to_owned(),
        ),
    }
}

fn ends_in_time(child: &mut Child, interrupt: &Interrupt) -> bool {
    let deadline = Instant::now() + VERSION_TIMEOUT;
    while !os::ends_within(child, POLL_INTERVAL) {
        if interrupt.was_heard() || Instant::now() >= deadline {
            return false;
        }
    }
    true
}

/// Timeout for the interpreter's version: a cold disk is slow, a broken interpreter never answers.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// The interval between checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// In bytes. A pipe that is read only at the end holds no more than this.
const MAX_OUTPUT_BYTES: usize = 64 * 1024;
