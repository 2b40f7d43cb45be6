//! Runs a command of this program as a process of its own, and reads what it writes.
//!
//! Like the helpers of `reexec` it is recognised before any parser: another program may have ours below a word of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use super::reexec::{VARIABLE, not_started_again};
use crate::diagnostic::Diagnostic;
use crate::system::os;
use crate::system::threads::{self, Stack};

/// The first argument.
const ROLE: &str = "command";

/// The name that this process calls itself and its arguments, if it was started by [`command`]. The name is the first
/// argument, too.
pub(crate) fn here() -> Option<(String, Vec<OsString>)> {
    std::env::var_os(VARIABLE)?;
    read(std::env::args_os().skip(1))
}

fn read(mut words: impl Iterator<Item = OsString>) -> Option<(String, Vec<OsString>)> {
    let role = words.next()?;
    let arguments: Vec<_> = words.collect();
    let program = arguments.first()?.to_str()?.to_owned();
    (role == ROLE).then_some((program, arguments))
}

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
    os::set_arg0(&mut command, "devtasks");
    command.args([ROLE, program]).args(arguments);
    command.env(VARIABLE, "1").stdin(Stdio::null());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], expected: Option<(&str, &[&str])>) {
        let read = read(words.iter().map(OsString::from));
        let expected = expected.map(|(program, arguments)| {
            let arguments = arguments.iter().map(OsString::from).collect();
            (program.to_owned(), arguments)
        });
        assert_eq!(read, expected, "{words:?}");
    }

    #[test]
    fn only_a_command_of_ours_is_read() {
        let words = ["command", "cargo xtask", "up", "--detach"];
        check(&words, Some(("cargo xtask", &words[1..])));
        for others in [&["up", "cargo xtask"][..], &["command"], &[]] {
            check(others, None);
        }
    }
}
