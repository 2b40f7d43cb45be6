//! The calls to sysctl(3) and libproc, and how a refusal is reported.

use std::ffi::{CStr, c_int, c_void};
use std::io::{self, ErrorKind};
use std::ptr::null_mut;

use rustix::io::Errno;

use crate::diagnostic::Diagnostic;
use crate::system::cause;

/// The value of `name`, for example `kern.proc.pid`, of the process if one is given.
///
/// # Errors
/// Errors of the system.
///
/// Source: man 3 sysctl, `sysctlnametomib`; ENOMEM means that the value has grown since its size was asked for.
#[expect(unsafe_code, reason = "neither std nor rustix has sysctl")]
pub(super) fn sysctl(name: &CStr, pid: Option<u32>) -> io::Result<Vec<u8>> {
    const MAX_NAME: usize = 12;
    const MAX_ATTEMPTS: usize = 8;
    let mut numbers = [0; MAX_NAME];
    let mut length = MAX_NAME - 1;
    // SAFETY: it writes at most `length` numbers, and their count into it.
    checked(unsafe { libc::sysctlnametomib(name.as_ptr(), numbers.as_mut_ptr(), &raw mut length) })?;
    if let Some(pid) = pid {
        numbers[length] = pid.cast_signed();
        length += 1;
    }
    let mut read = |value: *mut c_void, size: &mut usize| {
        // SAFETY: the name has `length` numbers; at most `size` bytes are written to `value`, none if it is null.
        checked(unsafe { libc::sysctl(numbers.as_mut_ptr(), length as u32, value, size, null_mut(), 0) })
    };
    for _ in 0..MAX_ATTEMPTS {
        let mut size = 0;
        read(null_mut(), &mut size)?;
        // A table grows; what concerns one process does not, and may not be asked for with more than 1 MiB.
        let room = if pid.is_none() { size / 4 } else { 0 };
        let mut value = vec![0_u8; size + room];
        size = value.len();
        match read(value.as_mut_ptr().cast(), &mut size) {
            Err(error) if error.raw_os_error() == Some(Errno::NOMEM.raw_os_error()) => {}
            read => {
                read?;
                value.truncate(size);
                return Ok(value);
            }
        }
    }
    Err(ErrorKind::OutOfMemory.into())
}

/// The answer of proc_pidinfo to one of the questions `PROC_PID…`; returns its length.
///
/// # Errors
/// ESRCH if there is no such process, EPERM if it belongs to another user or a sandbox forbids it.
///
/// Source: libsyscall/wrappers/libproc/libproc.h; bsd/kern/proc_info.c, `proc_security_policy`.
#[expect(unsafe_code, reason = "nothing else tells it")]
pub(super) fn process_info(pid: u32, question: c_int, answer: &mut [u8]) -> io::Result<usize> {
    let (at, size) = (answer.as_mut_ptr().cast(), answer.len() as c_int);
    // SAFETY: at most `size` bytes are written.
    written(|| unsafe { libc::proc_pidinfo(pid.cast_signed(), question, 0, at, size) })
}

/// The answer of proc_pidfdinfo to `PROC_PIDFDSOCKETINFO`; returns its length.
///
/// # Errors
/// As for [`process_info`]; EBADF if the descriptor has been closed.
#[expect(unsafe_code, reason = "nothing else tells it")]
pub(super) fn socket_info(pid: u32, descriptor: u32, answer: &mut [u8]) -> io::Result<usize> {
    // bsd/sys/proc_info.h.
    const QUESTION: c_int = 3;
    let (at, size) = (answer.as_mut_ptr().cast(), answer.len() as c_int);
    // SAFETY: at most `size` bytes are written.
    written(|| unsafe { libc::proc_pidfdinfo(pid.cast_signed(), descriptor.cast_signed(), QUESTION, at, size) })
}

/// The path of the program, for any user's process; returns its length.
///
/// # Errors
/// ESRCH if there is no such process.
#[expect(unsafe_code, reason = "nothing else tells it")]
pub(super) fn program_path(pid: u32, path: &mut [u8]) -> io::Result<usize> {
    let (at, size) = (path.as_mut_ptr().cast(), path.len() as u32);
    // SAFETY: at most `size` bytes are written.
    written(|| unsafe { libc::proc_pidpath(pid.cast_signed(), at, size) })
}

/// libproc answers 0 both if it fails and if there is nothing to tell.
#[expect(unsafe_code, reason = "std cannot clear errno")]
fn written(call: impl FnOnce() -> c_int) -> io::Result<usize> {
    // SAFETY: errno is this thread's own.
    unsafe { *libc::__error() = 0 };
    let length = call();
    let error = io::Error::last_os_error();
    match usize::try_from(length) {
        Ok(length) if length > 0 || error.raw_os_error() == Some(0) => Ok(length),
        Ok(_) | Err(_) => Err(error),
    }
}

pub(super) fn checked(result: c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether a look-up failed because there is no such process (any more).
pub(super) fn has_ended(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// Whether it failed because the process belongs to another user, or because of a sandbox.
pub(super) fn is_refused(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

/// `what` completes "cannot read".
pub(super) fn unreadable(what: &str, error: &io::Error) -> Diagnostic {
    let problem = Diagnostic::new(format!("cannot read {what}: {}", cause(error)));
    match is_refused(error) {
        true => problem.hint("run it outside of a sandbox, such as that of `sandbox-exec` or of an app"),
        false => problem,
    }
}
