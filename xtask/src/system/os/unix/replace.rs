//! A command instead of this program.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use crate::diagnose::ExitStatus;

/// How a child that std waited for has ended.
pub(crate) fn exit_status(status: std::process::ExitStatus) -> ExitStatus {
    ExitStatus {
        code: status.code(),
        signal: status.signal(),
    }
}

/// Replaces this program by the command; returns only if that fails.
///
/// # Errors
/// The command cannot be run.
pub(crate) fn replace(mut command: Command) -> io::Result<ExitStatus> {
    Err(command.exec())
}
