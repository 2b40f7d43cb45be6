//! Process handles. macOS has none, so a process is its identity, compared again right before each signal.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, kill_process, test_kill_process};

use super::processes::{identity, process};
use super::queue::Exits;
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, ProcessState};
use crate::system::os::unix::{native, refusal};
use crate::system::os::{Look, Signal, SignalError};

/// A process referenced by pid and start time. Between the comparison and a signal, its pid could only be reused if it ended
/// and the kernel handed out all other pids in that moment.
///
/// Source: bsd/kern/kern_fork.c, `forkproc`: pids are handed out in ascending order and wrap around at 99,999.
#[derive(Debug)]
pub(crate) struct Handle {
    meant: Identity,
    pid: Pid,
}

impl Handle {
    /// Opens the process `meant`; `None` if it has exited. A zombie can be opened; see [`Handle::is_gone`].
    ///
    /// # Errors
    /// Its state could not be determined. Also for pid 0 and 1.
    pub(crate) fn open(meant: &Identity) -> Look<Handle> {
        let pid = i32::try_from(meant.pid).ok().and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|pid| !pid.is_init()) else {
            return Err(Diagnostic::new(format!("pid {} is never signalled", meant.pid)));
        };
        let is_its = identity(meant.pid)?.as_ref() == Some(meant);
        let meant = meant.clone();
        Ok(is_its.then_some(Handle { meant, pid }))
    }

    /// # Errors
    /// It has exited, it belongs to another user, or its state cannot be read.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), SignalError> {
        match identity(self.meant.pid) {
            Ok(Some(now)) if now == self.meant => {}
            Ok(_) => return Err(SignalError::Gone),
            Err(_) => return Err(SignalError::Unknown),
        }
        kill_process(self.pid, native(signal)).map_err(refusal)
    }

    /// Whether a signal would be refused; sends none.
    pub(crate) fn is_denied(&self) -> bool {
        test_kill_process(self.pid) == Err(Errno::PERM)
    }

    /// Whether it has exited. Zombies count as exited: they hold no resources.
    pub(crate) fn is_gone(&self) -> bool {
        wait_all(&[self], Duration::ZERO).is_empty()
    }

    /// Whether the process table still has it. If that is unknown, treating it as alive is the safe choice.
    fn is_listed(&self) -> bool {
        match process(self.meant.pid) {
            Ok(Some(now)) => now.identity == self.meant && now.state != ProcessState::Zombie,
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// Waits until all have exited or `patience` is over; returns the indices of those still alive.
///
/// The kernel is asked to report exits before the table is read, so that none is missed and none is taken for another. One
/// that was already on its way may not be reported, so the table is read again now and then.
///
/// Source: bsd/kern/kern_exit.c, `proc_exit`: an exit is reported shortly before the process becomes a zombie;
/// bsd/kern/kern_event.c, `filt_procattach`.
pub(crate) fn wait_all(handles: &[&Handle], patience: Duration) -> Vec<usize> {
    const AGAIN: Duration = Duration::from_millis(200);
    let deadline = Instant::now() + patience;
    let exits = Exits::of(handles.iter().map(|handle| handle.pid));
    let mut ended = exits.as_ref().map_or(Vec::new(), |exits| exits.gone.clone());
    let mut living: Vec<usize> = (0..handles.len()).collect();
    loop {
        living.retain(|&index| !ended.contains(&handles[index].pid) && handles[index].is_listed());
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(exits) = exits.as_ref().ok().filter(|_| !living.is_empty() && !left.is_zero()) else {
            return living;
        };
        match exits.wait(left.min(AGAIN)) {
            Ok(some) => ended.extend(some),
            Err(Errno::INTR) => {}
            Err(_) => return living,
        }
    }
}
