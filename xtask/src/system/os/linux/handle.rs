//! Process handles, which never refer to a later process with the same pid.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal, test_kill_process};

use super::processes::identity;
use crate::diagnostic::Diagnostic;
use crate::process::Identity;
use crate::system::os::unix::{native, refusal};
use crate::system::os::{Look, Signal, SignalError};

/// A process referenced by a pidfd, which stays valid when its pid is reused.
///
/// Source: man 2 pidfd_open, Linux 5.3.
#[derive(Debug)]
pub(crate) struct Handle {
    pidfd: OwnedFd,
    pid: Pid,
}

impl Handle {
    /// Opens the process `meant`; `None` if it has exited. A zombie can be opened; see [`Handle::is_gone`].
    ///
    /// # Errors
    /// Its state could not be determined: the kernel refuses a pidfd (too many open files, an old kernel, a sandbox) or
    /// does not show the process. Also for pid 0 and 1.
    pub(crate) fn open(meant: &Identity) -> Look<Handle> {
        let pid = i32::try_from(meant.pid).ok().and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| !pid.is_init()) else {
            return Err(Diagnostic::new(format!("pid {} is never signalled", meant.pid)));
        };
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(Errno::SRCH) => return Ok(None),
            Err(error) => {
                return Err(Diagnostic::new(format!(
                    "cannot open a pidfd for pid {}: {error}",
                    meant.pid
                )));
            }
        };
        // The pidfd refers to the process that had the pid when it was opened. `meant` had it before that, so if it
        // still has it, both are the same process.
        let is_meant = identity(meant.pid)?.is_some_and(|found| found == *meant);
        Ok(is_meant.then_some(Handle { pidfd, pid }))
    }

    /// # Errors
    /// It has exited, or it belongs to another user.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), SignalError> {
        pidfd_send_signal(&self.pidfd, native(signal)).map_err(refusal)
    }

    /// Whether a signal would be refused; sends none.
    pub(crate) fn is_denied(&self) -> bool {
        test_kill_process(self.pid) == Err(Errno::PERM)
    }

    /// Whether it has exited. Zombies count as exited: they hold no resources.
    pub(crate) fn is_gone(&self) -> bool {
        wait_all(&[self], Duration::ZERO).is_empty()
    }
}

/// Waits until all have exited or `patience` is over; returns the indices of those still alive.
///
/// Source: man 2 pidfd_open: a pidfd becomes readable when its process ends.
pub(crate) fn wait_all(handles: &[&Handle], patience: Duration) -> Vec<usize> {
    let deadline = Instant::now() + patience;
    let mut living: Vec<usize> = (0..handles.len()).collect();
    while !living.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut polled: Vec<PollFd<'_>> = living
            .iter()
            .map(|&index| PollFd::new(&handles[index].pidfd, PollFlags::IN))
            .collect();
        let timeout = Timespec::try_from(left).ok();
        let answer = poll(&mut polled, timeout.as_ref());
        let ended: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        match answer {
            Ok(0) => return living,
            Ok(_) => {
                let mut ended = ended.iter();
                living.retain(|_| ended.next() == Some(&false));
            }
            Err(Errno::INTR) => {}
            // Without poll the state is unknown; treating them as alive is the safe choice.
            Err(_) => return living,
        }
    }
    living
}
