//! Starts the processes of a run. Each leads its own process group, carries the run's tag, and has its own terminal or
//! none.

mod colours;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::container::Job;
use super::reexec::{VARIABLE, not_started_again};
use super::sockets::{Hold, Sockets};
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{ComposeService, Environment, Runs, Service, Stdin};
use crate::process::Tag;
use crate::system::observe::find_program;
use crate::system::os;
use crate::system::terminal::Size;

/// A service's process.
pub(crate) struct Started {
    pub(crate) child: Child,
    /// Our side of its terminal; without one its outputs are pipes.
    pub(crate) terminal: Option<Arc<File>>,
}

/// Starts a service, on a terminal of this size if it wants one. Otherwise its outputs are pipes, and its input too if
/// that is to stay open. `hold` keeps its ports until then. `note` is the file of the helper, if it is a container.
/// `shows_colours` asks programs in pipes to colour.
///
/// # Errors
/// The command is missing or cannot be run, or a system resource is exhausted.
pub(crate) fn service(
    service: &Service,
    sockets: Option<&Sockets>,
    hold: Option<Hold>,
    tag: &Tag,
    size: Size,
    note: PathBuf,
    shows_colours: bool,
) -> Result<Started, Diagnostic> {
    let (words, directory, environment) = (&service.command.words, &service.working_dir, &service.environment);
    let mut command = match &service.runs {
        Runs::Compose(compose) => helper(compose, service, note, tag)?,
        Runs::Command | Runs::External => command(words, directory, environment, tag)?,
    };
    let terminal = if service.tty {
        let ours = open_terminal(&mut command, size);
        let no_terminal = |error: io::Error| {
            let cause = crate::system::cause(&error);
            Diagnostic::new(format!("`{}` has no terminal: {cause}", service.name)).exit(Exit::Missing)
        };
        Some(Arc::new(ours.map_err(no_terminal)?))
    } else {
        command.stdin(match service.stdin {
            Stdin::Null => Stdio::null(),
            Stdin::Open => Stdio::piped(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if shows_colours && service.runs == Runs::Command {
            command.envs(colours::variables(environment));
        }
        None
    };
    os::limit_as_called(&mut command);
    // This must be the last step between fork and exec, because it performs the exec.
    let held = sockets.map(|sockets| sockets.hand_over(&mut command)).transpose();
    let _held = held.map_err(|error| crate::system::problem("pass sockets to", Path::new(&words[0]), &error))?;
    // `spawn` returns after the exec, when the service may bind them.
    drop(hold);
    let child = match terminal {
        // It leads a session, and so a group.
        Some(_) => command.spawn(),
        None => os::spawn_group(&mut command),
    };
    let child = child.map_err(|error| not_started(service, &error))?;
    Ok(Started { child, terminal })
}

fn not_started(service: &Service, error: &io::Error) -> Diagnostic {
    let problem = match &service.runs {
        Runs::Compose(_) => not_started_again(error),
        Runs::Command | Runs::External => crate::system::problem("run", Path::new(&service.command.words[0]), error),
    };
    problem.at(&service.command.place).exit(Exit::Missing)
}

/// Puts the command on a new terminal; returns our side of it.
fn open_terminal(command: &mut Command, size: Size) -> io::Result<File> {
    let (ours, theirs) = os::open_terminal(size)?;
    command.stdin(theirs.try_clone()?);
    command.stdout(theirs.try_clone()?).stderr(theirs.try_clone()?);
    os::lead_own_session(command, theirs);
    Ok(ours)
}

/// Starts a health check's command in its service's environment; its output is discarded.
pub(crate) fn check(words: &[String], service: &Service, tag: &Tag) -> Result<Child, Diagnostic> {
    let mut command = command(words, &service.working_dir, &service.environment, tag)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    os::limit_as_called(&mut command);
    os::spawn_group(&mut command).map_err(|error| crate::system::problem("run", Path::new(&words[0]), &error))
}

/// The helper of a container, in the environment in which Compose reads its file.
fn helper(compose: &ComposeService, service: &Service, note: PathBuf, tag: &Tag) -> Result<Command, Diagnostic> {
    let job = Job {
        service: compose.clone(),
        note,
    };
    let mut command = job.command().map_err(|error| not_started(service, &error))?;
    command.env_clear().envs(&service.environment).envs(tag.variables());
    command.env(VARIABLE, "1").current_dir(&service.working_dir);
    Ok(command)
}

/// The caller makes it the leader of its own process group. A wrapper such as `npm run` may exit on SIGTERM and leave
/// its server behind, so the group is signalled. Ctrl-C does not reach the services that way; the machine decides what
/// it means.
fn command(words: &[String], directory: &Path, environment: &Environment, tag: &Tag) -> Result<Command, Diagnostic> {
    let program = find_program(&words[0], directory, environment).map_err(|_| {
        Diagnostic::new(format!("`{}` was not found in the PATH of its service", words[0])).exit(Exit::Missing)
    })?;
    let mut command = Command::new(program);
    os::add_arguments(&mut command, &words[1..]);
    command
        .env_clear()
        .current_dir(directory)
        .envs(environment)
        .envs(tag.variables());
    Ok(command)
}

#[cfg(test)]
mod tests;
