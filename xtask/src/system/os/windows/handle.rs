//! Process handles, which never refer to a later process with the same pid.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, HANDLE, WAIT_FAILED, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::*;

use super::groups::{leads, signal_group};
use super::jobs::KILLED;
use super::milliseconds;
use super::processes::{open, process, times};
use crate::diagnostic::Diagnostic;
use crate::process::Identity;
use crate::system::os::{Look, Signal, SignalError};

/// A process that was opened, and compared by its start. While the handle is open, no other process gets the pid.
#[derive(Debug)]
pub(crate) struct Handle {
    pid: u32,
    /// `None` if we may not even look at it.
    process: Option<OwnedHandle>,
    may_terminate: bool,
}

impl Handle {
    /// Opens the process `meant`; `None` if it has exited. A process that has exited but is still held by somebody can be
    /// opened; see [`Handle::is_gone`].
    ///
    /// # Errors
    /// Its state could not be determined. Also for the kernel's own pids.
    pub(crate) fn open(meant: &Identity) -> Look<Handle> {
        const SYSTEM: u32 = 4;
        if meant.pid <= SYSTEM {
            return Err(Diagnostic::new(format!("pid {} is never signalled", meant.pid)));
        }
        let look = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        let is_denied = |error: &std::io::Error| error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed());
        let (opened, may_terminate) = match open(meant.pid, look | PROCESS_TERMINATE) {
            Err(error) if is_denied(&error) => (open(meant.pid, look), false),
            opened => (opened, true),
        };
        let handle = |process, may_terminate| Handle {
            pid: meant.pid,
            process,
            may_terminate,
        };
        match opened {
            Ok(process) => {
                let start = times(&process)
                    .map(|times| times.creation)
                    .map_err(|error| unopened(meant.pid, &error))?;
                // One whose start was not known may be another one by now.
                let may_terminate = may_terminate && meant.start != 0;
                let is_meant = start == meant.start || meant.start == 0;
                Ok(is_meant.then(|| handle(Some(process), may_terminate)))
            }
            Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) => Ok(None),
            Err(error) if is_denied(&error) => Ok(process(meant.pid)?.map(|_| handle(None, false))),
            Err(error) => Err(unopened(meant.pid, &error)),
        }
    }

    /// # Errors
    /// It has exited, it belongs to another user, or there is no such signal for it: Windows can only end a process that
    /// we have not started as a group.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), SignalError> {
        match (&self.process, signal) {
            _ if self.is_gone() => Err(SignalError::Gone),
            (Some(process), Signal::Kill) if self.may_terminate => {
                // SAFETY: the handle is open.
                match unsafe { TerminateProcess(process.as_raw_handle(), KILLED) } {
                    0 if self.is_gone() => Err(SignalError::Gone),
                    0 => Err(SignalError::Failed(
                        std::io::Error::last_os_error().raw_os_error().unwrap_or(0),
                    )),
                    _ => Ok(()),
                }
            }
            _ if !self.may_terminate => Err(SignalError::Denied),
            _ if leads(self.pid) => {
                signal_group(self.pid, signal);
                Ok(())
            }
            _ => Err(SignalError::Impossible),
        }
    }

    /// Whether ending it would be refused; does nothing to it.
    pub(crate) fn is_denied(&self) -> bool {
        !self.may_terminate
    }

    /// Whether it has exited.
    pub(crate) fn is_gone(&self) -> bool {
        match &self.process {
            Some(_) => wait_all(&[self], Duration::ZERO).is_empty(),
            None => matches!(process(self.pid), Ok(None)),
        }
    }
}

fn unopened(pid: u32, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot open the process with pid {pid}: {error}"))
}

/// Waits until all have exited or `patience` is over; returns the indices of those still alive.
///
/// Source: learn.microsoft.com, `WaitForMultipleObjects`: at most 64 handles at a time, `MAXIMUM_WAIT_OBJECTS`.
pub(crate) fn wait_all(handles: &[&Handle], patience: Duration) -> Vec<usize> {
    const AT_ONCE: usize = 64;
    let deadline = Instant::now() + patience;
    let mut living: Vec<usize> = Vec::new();
    let all: Vec<usize> = (0..handles.len()).collect();
    for portion in all.chunks(AT_ONCE) {
        let mut left: Vec<usize> = portion.to_vec();
        loop {
            let raw = |index: &usize| Some(handles[*index].process.as_ref()?.as_raw_handle());
            // One that we may not look at is asked for in the table.
            left.retain(|index| raw(index).is_some() || !handles[*index].is_gone());
            let open: Vec<(usize, HANDLE)> = left.iter().filter_map(|index| Some((*index, raw(index)?))).collect();
            let raws: Vec<HANDLE> = open.iter().map(|(_, raw)| *raw).collect();
            if raws.is_empty() {
                break;
            }
            let time = milliseconds(deadline.saturating_duration_since(Instant::now()));
            // SAFETY: the handles are open, and no more than are allowed.
            let answer = unsafe { WaitForMultipleObjects(raws.len() as u32, raws.as_ptr(), 0, time) };
            match open.get(answer as usize) {
                Some((ended, _)) => left.retain(|index| index != ended),
                // If waiting fails, treating them as alive is the safe choice.
                None => {
                    debug_assert!([WAIT_TIMEOUT, WAIT_FAILED].contains(&answer));
                    break;
                }
            }
        }
        living.extend(left);
    }
    living
}
