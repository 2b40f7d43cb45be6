//! Starting the processes of a run: each leads its own process group, carries the run's tag, and has no terminal or one
//! of its own.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::os;
use super::sockets::{Hold, Sockets};
use super::terminal::Size;
use crate::error::{Exit, Problem};
use crate::plan::{Environment, Service, Stdin};
use crate::preflight::Tag;

/// A service's process.
pub(crate) struct Started {
    pub(crate) child: Child,
    /// Our side of its terminal; without one its outputs are pipes.
    pub(crate) terminal: Option<Arc<File>>,
}

/// Starts a service on a terminal of this size if it wants one. Else its outputs are pipes, and its input too if that
/// is to stay open. Its ports are held until then.
///
/// # Errors
/// The command is not there or cannot be run, or the system is out of something.
pub(crate) fn service(
    service: &Service,
    sockets: Option<&Sockets>,
    hold: Option<Hold>,
    tag: &Tag,
    size: Size,
) -> Result<Started, Problem> {
    let (words, directory, environment) = (&service.command.words, &service.working_dir, &service.environment);
    let mut command = command(words, directory, environment, tag)?;
    let terminal = if service.tty {
        let ours = open_terminal(&mut command, size);
        let ours = ours.map_err(|error| super::problem("open", Path::new("/dev/ptmx"), &error).exit(Exit::Missing))?;
        Some(Arc::new(ours))
    } else {
        command.stdin(match service.stdin {
            Stdin::Null => Stdio::null(),
            Stdin::Open => Stdio::piped(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        os::new_process_group(&mut command);
        None
    };
    os::limit_as_called(&mut command);
    // The last of what is done between fork and exec: it is the exec.
    let held = sockets.map(|sockets| sockets.hand_over(&mut command)).transpose();
    let _held = held.map_err(|error| super::problem("pass sockets to", Path::new(&words[0]), &error))?;
    // This returns after the exec: it may bind them then.
    drop(hold);
    let child = command.spawn().map_err(|error| {
        let words = &service.command.words[0];
        super::problem("run", Path::new(words), &error)
            .at(&service.command.place)
            .exit(Exit::Missing)
    })?;
    Ok(Started { child, terminal })
}

/// Puts the command on a new terminal; gives our side of it.
fn open_terminal(command: &mut Command, size: Size) -> io::Result<File> {
    let (ours, theirs) = os::open_terminal(size)?;
    command.stdin(theirs.try_clone()?);
    command.stdout(theirs.try_clone()?).stderr(theirs.try_clone()?);
    os::lead_own_session(command, theirs);
    Ok(ours)
}

/// Starts a health check's command in its service's environment; its output is nobody's.
pub(crate) fn check(words: &[String], service: &Service, tag: &Tag) -> Result<Child, Problem> {
    let mut command = command(words, &service.working_dir, &service.environment, tag)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    os::new_process_group(&mut command);
    os::limit_as_called(&mut command);
    command
        .spawn()
        .map_err(|error| super::problem("run", Path::new(&words[0]), &error))
}

/// Finds a command as its service will: in that environment's `PATH`, relative to its working directory.
pub(crate) fn find(program: &str, working_dir: &Path, environment: &Environment) -> Result<PathBuf, which::Error> {
    which::which_in(program, path(environment), working_dir)
}

/// Where commands are looked for in that environment.
pub(crate) fn path(environment: &Environment) -> Option<&OsString> {
    environment.get(OsStr::new("PATH"))
}

/// For the caller to make it the leader of a group of its own. A wrapper such as `npm run` may exit on TERM and leave
/// its server behind, so the group is signalled. That also hides Ctrl-C from the services; the machine decides what it
/// means.
fn command(words: &[String], directory: &Path, environment: &Environment, tag: &Tag) -> Result<Command, Problem> {
    let program = find(&words[0], directory, environment).map_err(|_| {
        Problem::new(format!("`{}` was not found in the PATH of its service", words[0])).exit(Exit::Missing)
    })?;
    let mut command = Command::new(program);
    command
        .env_clear()
        .args(&words[1..])
        .current_dir(directory)
        .envs(environment)
        .envs(tag.variables());
    Ok(command)
}
