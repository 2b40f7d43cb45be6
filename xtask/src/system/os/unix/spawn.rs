//! Processes that lead a group or a session.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// Read while a program is started, written while children are reaped.
static STARTS: RwLock<()> = RwLock::new(());

/// std waits itself for a child that could not execute its program, and panics if that was reaped meanwhile.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let _start = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// No program of another thread is half started while this is held.
pub(super) fn no_start() -> RwLockWriteGuard<'static, ()> {
    STARTS.write().unwrap_or_else(PoisonError::into_inner)
}

/// Adds the arguments of a program.
pub(crate) fn add_arguments(command: &mut Command, arguments: &[String]) {
    command.args(arguments);
}

/// Starts the command as the leader of a new process group. [`reap`] reports its end.
///
/// # Errors
/// It cannot be run.
pub(crate) fn spawn_group(command: &mut Command) -> io::Result<Child> {
    spawn(command.process_group(0))
}

/// Starts the command as the leader of a new session without a terminal, so that neither keys typed at ours nor its
/// hang-up reach it, from the moment it starts. [`reap`] reports its end.
///
/// # Errors
/// It cannot be run.
#[expect(unsafe_code, reason = "std starts no session")]
pub(crate) fn spawn_session(command: &mut Command) -> io::Result<Child> {
    let lead = || {
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: after the fork only this system call is made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(lead) };
    spawn(command)
}

/// Starts the command in our own group. It ends with us, where the system can do that. Its end is announced like that of
/// every child.
///
/// # Errors
/// It cannot be run.
pub(crate) fn spawn_with_us(command: &mut Command) -> io::Result<Child> {
    crate::system::os::end_with_us(command);
    spawn(command)
}

/// Nothing to do: a group does not end with its parent.
pub(crate) fn keep_groups() {}
