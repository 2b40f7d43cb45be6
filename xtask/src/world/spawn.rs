//! Starting the processes of a run: each leads its own process group, carries the run's tag and has no terminal.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::os;
use crate::error::{Exit, Problem};
use crate::plan::{Environment, Service, Stdin};
use crate::preflight::Tag;

/// Starts a service with its output in pipes, and its input too if that is to stay open.
///
/// # Errors
/// The command is not there or cannot be run, or the system is out of something.
pub(crate) fn service(service: &Service, tag: &Tag) -> Result<Child, Problem> {
    let mut command = command(&service.command.words, &service.working_dir, &service.environment, tag)?;
    command.stdin(match service.stdin {
        Stdin::Null => Stdio::null(),
        Stdin::Open => Stdio::piped(),
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| {
        let words = &service.command.words[0];
        super::problem("run", Path::new(words), &error)
            .at(&service.command.place)
            .exit(Exit::Missing)
    })
}

/// Starts a health check's command in its service's environment; its output is nobody's.
pub(crate) fn check(words: &[String], service: &Service, tag: &Tag) -> Result<Child, Problem> {
    let mut command = command(words, &service.working_dir, &service.environment, tag)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .spawn()
        .map_err(|error| super::problem("run", Path::new(&words[0]), &error))
}

/// Finds a command as its service will: in that environment's `PATH`, relative to its working folder.
pub(crate) fn find(program: &str, working_dir: &Path, environment: &Environment) -> Result<PathBuf, which::Error> {
    let path = environment.get(std::ffi::OsStr::new("PATH"));
    which::which_in(program, path, working_dir)
}

fn command(words: &[String], folder: &Path, environment: &Environment, tag: &Tag) -> Result<Command, Problem> {
    let program = find(&words[0], folder, environment).map_err(|_| {
        Problem::new(format!("`{}` was not found in the PATH of its service", words[0])).exit(Exit::Missing)
    })?;
    let mut command = Command::new(program);
    command
        .args(&words[1..])
        .current_dir(folder)
        .env_clear()
        .envs(environment)
        .envs(tag.variables());
    // A wrapper such as `npm run` may exit on TERM and leave its server behind, so the group is signalled. That also
    // hides Ctrl-C from the services; the machine decides what it means.
    os::lead_own_group(&mut command);
    Ok(command)
}
