//! Commands beside the stack, on our own terminal: for `exec` and `run`. They are part of no run, so they carry no tag.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::Receiver;

use super::driver::Message;
use crate::diagnose::ExitStatus;
use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::plan::Service;
use crate::system::interrupt::Interrupt;
use crate::system::{observe, os, problem};

/// The command in the environment and directory of the service.
///
/// # Errors
/// The directory or the program is missing.
pub(crate) fn command(words: &[String], service: &Service, checkout: &Path) -> Result<Command, Diagnostic> {
    let directory = &service.working_dir;
    std::fs::read_dir(directory).map_err(|error| {
        problem("enter", directory, &error)
            .code(Code::WorkingDirMissing)
            .exit(Exit::Missing)
    })?;
    let program = observe::find_program(&words[0], directory, &service.environment).map_err(|_| {
        let problem = Diagnostic::new(format!("command `{}` was not found", words[0]))
            .code(Code::CommandNotFound)
            .exit(Exit::Missing);
        match observe::near(&words[0], service, checkout) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem.hint(format!(
                "it is looked for in the PATH of `{}`: install it there, or write its path",
                service.name
            )),
        }
    })?;
    let mut command = Command::new(program);
    os::add_arguments(&mut command, &words[1..]);
    command.current_dir(directory);
    command.env_clear().envs(&service.environment);
    // A shell sets it; some programs rely on it for a path with links.
    command.env("PWD", OsString::from(directory));
    Ok(command)
}

/// Replaces this program by the command, where the system can; otherwise runs it and returns its exit.
///
/// # Errors
/// It cannot be run.
pub(crate) fn replace(command: Command, word: &str) -> Result<Exit, Diagnostic> {
    let status = os::replace(command).map_err(|error| not_run(word, &error))?;
    Ok(Exit::of_command(status.code, status.signal))
}

/// Starts the command in our own process group, so that keys such as Ctrl-C and Ctrl-Z reach it.
///
/// # Errors
/// It cannot be run.
pub(crate) fn start(mut command: Command, word: &str) -> Result<Child, Diagnostic> {
    os::spawn_with_us(&mut command).map_err(|error| not_run(word, &error))
}

/// Waits for the end of the child. What the terminal does not send to its whole group is passed on to it.
pub(crate) fn wait(child: &mut Child, inbox: &Receiver<Message>, interrupt: &Interrupt) -> ExitStatus {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return os::exit_status(status);
        }
        let message = inbox.recv().expect("the thread that hears signals holds a sender");
        let Message::Signal(heard) = message else { continue };
        if heard.is_interrupt() {
            interrupt.take();
        }
        let from_terminal = os::is_in_foreground();
        match heard {
            os::SignalEvent::Terminate => os::signal_child(child.id(), os::Signal::Term),
            os::SignalEvent::Interrupt if !from_terminal => os::signal_child(child.id(), os::Signal::Int),
            os::SignalEvent::HangUp if !from_terminal => os::signal_child(child.id(), os::Signal::Hup),
            os::SignalEvent::Interrupt | os::SignalEvent::HangUp => {}
            os::SignalEvent::ChildEnded | os::SignalEvent::Resized => {}
        }
    }
}

fn not_run(word: &str, error: &std::io::Error) -> Diagnostic {
    problem("run", Path::new(word), error)
        .code(Code::CommandNotExecutable)
        .exit(Exit::Missing)
}
