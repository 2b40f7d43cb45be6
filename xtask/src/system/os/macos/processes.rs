//! The process table, and details of one process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use rustix::process::{Pid, getsid};

use super::kernel::{has_ended, is_refused, process_info, program_path, sysctl, unreadable};
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, Process, ProcessState, Tag};
use crate::system::os::Look;
use crate::system::os::parse::macos::kinfo::{Row, rows as parsed};
use crate::system::os::parse::macos::{fdinfo, procargs};
use crate::system::os::parse::processes::variables;

/// Every process of every user, including zombies.
///
/// # Errors
/// The table cannot be read.
pub(crate) fn processes() -> Result<Vec<Process>, Diagnostic> {
    Ok(rows()?.into_iter().map(|row| with_session(row.process)).collect())
}

/// One row of the process table.
pub(crate) fn process(pid: u32) -> Look<Process> {
    let rows = sysctl(c"kern.proc.pid", Some(pid)).map_err(|error| unreadable("the process table", &error))?;
    let rows = parsed(&rows, boot_id()?).into_iter();
    let mut its = rows
        .map(|row| row.process)
        .filter(|process| process.identity.pid == pid);
    Ok(its.next().map(with_session))
}

/// Every row, without sessions.
pub(super) fn rows() -> Result<Vec<Row>, Diagnostic> {
    let table = sysctl(c"kern.proc.all", None).map_err(|error| unreadable("the process table", &error))?;
    Ok(parsed(&table, boot_id()?))
}

/// The table does not tell the session; a zombie has none.
fn with_session(process: Process) -> Process {
    let pid = Pid::from_raw(process.identity.pid.cast_signed());
    let session = pid.and_then(|pid| getsid(Some(pid)).ok());
    Process {
        session: session.map_or(0, |session| session.as_raw_nonzero().get().cast_unsigned()),
        ..process
    }
}

/// The identity of the process that has `pid` now.
pub(crate) fn identity(pid: u32) -> Look<Identity> {
    Ok(process(pid)?.map(|process| process.identity))
}

/// A process ends as a whole: there are no threads that outlive the main one.
///
/// # Errors
/// Its state cannot be read.
pub(crate) fn has_main_thread(pid: u32) -> Result<bool, Diagnostic> {
    Ok(process(pid)?.is_some_and(|process| process.state != ProcessState::Zombie))
}

/// The id of this boot.
///
/// # Errors
/// It cannot be read.
///
/// Source: bsd/kern/kern_sysctl.c, `kern.bootsessionuuid`.
fn boot_id() -> Result<&'static str, Diagnostic> {
    static ID: OnceLock<String> = OnceLock::new();
    if let Some(id) = ID.get() {
        return Ok(id);
    }
    let value = sysctl(c"kern.bootsessionuuid", None).map_err(|error| unreadable("the id of this boot", &error))?;
    let id = String::from_utf8_lossy(&value);
    Ok(ID.get_or_init(|| id.trim_end_matches('\0').to_owned()))
}

/// The tag of the process, if devtasks started it; also `None` if we may not read its environment.
pub(crate) fn tag(pid: u32) -> Look<Tag> {
    let arguments = arguments(pid)?;
    let arguments = procargs::arguments(&arguments);
    Ok(arguments.and_then(|arguments| Tag::from_environ(arguments.environ)))
}

/// The variables that `pid` was started with, as far as they are text; empty if we may not read them.
///
/// # Errors
/// They could not be read for another reason.
pub(crate) fn environment(pid: u32) -> Result<BTreeMap<String, String>, Diagnostic> {
    let arguments = arguments(pid)?;
    let environ = procargs::arguments(&arguments).map(|arguments| arguments.environ);
    Ok(environ.map(variables).unwrap_or_default())
}

/// The command line of `pid`; empty if it cannot be read.
pub(crate) fn command(pid: u32) -> Vec<String> {
    let arguments = arguments(pid).unwrap_or_default();
    let words = procargs::arguments(&arguments).map(|arguments| arguments.words);
    let words = words.unwrap_or_default().into_iter();
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// How a process was started; empty if we may not know, or if it has exited.
///
/// # Errors
/// Any other error.
///
/// Source: bsd/kern/kern_sysctl.c, `sysctl_procargsx`: EINVAL if the process is gone, a zombie or another user's; EIO if it
/// is releasing its memory.
fn arguments(pid: u32) -> Result<Vec<u8>, Diagnostic> {
    match sysctl(c"kern.procargs2", Some(pid)) {
        Err(error)
            if has_ended(&error)
                || is_refused(&error)
                || matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EIO)) =>
        {
            Ok(Vec::new())
        }
        read => read.map_err(|error| unreadable(&format!("the arguments of process {pid}"), &error)),
    }
}

/// The working directory of `pid`.
pub(crate) fn cwd(pid: u32) -> Option<PathBuf> {
    let mut info = [0; fdinfo::DIRECTORIES];
    let length = process_info(pid, libc::PROC_PIDVNODEPATHINFO, &mut info).ok()?;
    fdinfo::directory(&info[..length]).map(path)
}

/// The executable of `pid`.
pub(crate) fn program(pid: u32) -> Option<PathBuf> {
    let mut bytes = [0; libc::PROC_PIDPATHINFO_MAXSIZE as usize];
    let length = program_path(pid, &mut bytes).ok().filter(|length| *length > 0)?;
    Some(path(&bytes[..length]))
}

fn path(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}
