//! Runs a command of this program as a process of its own, and reads what it writes.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::reexec::not_started_again;
use crate::diagnostic::Diagnostic;
use crate::system::os;
use crate::system::threads::{self, Stack};

/// How a command ended.
pub(crate) struct CommandEnd {
    /// `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// Runs the command to its end; `hear` gets each line of its stdout at once. `program` is the name that it calls itself.
///
/// # Errors
/// It cannot be started.
pub(crate) fn command(
    program: &str,
    arguments: &[OsString],
    mut hear: impl FnMut(&str),
) -> Result<CommandEnd, Diagnostic> {
    let program_file = os::current_exe().map_err(|error| not_started_again(&error))?;
    let mut command = std::process::Command::new(program_file);
    os::set_arg0(&mut command, program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started_again(&error))?;
    let mut errors = child.stderr.take().expect("its stderr is a pipe");
    let (sender, stderr) = std::sync::mpsc::channel();
    threads::start("stderr", Stack::Small, move || {
        let mut bytes = Vec::new();
        // What was read before an error counts.
        let _ = errors.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    })?;
    let stdout = BufReader::new(child.stdout.take().expect("its stdout is a pipe"));
    stdout.lines().map_while(Result::ok).for_each(|line| hear(&line));
    let status = child.wait().map_err(|error| not_started_again(&error))?;
    let stderr = stderr.recv().unwrap_or_default();
    Ok(CommandEnd {
        code: status.code(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}
