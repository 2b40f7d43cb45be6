//! Our own children: those we started, those that were left to us, and waiting for one of them.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::set_parent_process_death_signal;

use super::{Handle, children, command, identity, wait_all};
use crate::diagnostic::Diagnostic;
use crate::system::os::{Signal, signal_child};

/// From now on a process below us whose parent ends becomes our child, and not that of pid 1.
///
/// Source: man 2 `PR_SET_CHILD_SUBREAPER`, Linux 3.4. Where a sandbox forbids it, what left its tree is found by its tag
/// when the run ends.
pub(crate) fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Our own children, living or not waited for: those that the calling thread started, and the adopted. Not those that other
/// threads started: to ask them all takes longer, and the driver's own thread is the only one that starts processes.
///
/// Source: the adopted go to the first living thread of their new parent, `find_new_reaper` in kernel/exit.c; so do
/// children from before an exec. As of [`descendants`], man 5 proc_tid_children.
///
/// # Errors
/// The list cannot be read.
pub(crate) fn own_children() -> Result<Vec<u32>, Diagnostic> {
    let main = format!("/proc/self/task/{}/children", std::process::id());
    let mut children = super::processes::child_pids(&main)?;
    children.extend(super::processes::child_pids("/proc/thread-self/children")?);
    children.sort_unstable();
    children.dedup();
    Ok(children)
}

/// Was SIGHUP ignored before we were started, as `nohup` does?
///
/// Source: man 5 proc_pid_status: `SigIgn` is a mask in hexadecimal, the lowest bit is signal 1, SIGHUP.
pub(crate) fn ignores_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Those of these pipes that a process writes its output into, opened to be read, by their inode.
///
/// Source: man 5 `proc_pid_fd`: what a link leads to can be opened even if it has no name, so a pipe like a FIFO. The link of a
/// pipe reads `pipe:[INODE]`.
pub(crate) fn outputs(pid: u32, pipes: &[u64]) -> Vec<(u64, File)> {
    let open = |fd: u8| {
        let path = format!("/proc/{pid}/fd/{fd}");
        let link = fs::read_link(&path).ok()?;
        let inode = link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()?;
        if !pipes.contains(&inode) {
            return None;
        }
        // If its last writer has just gone, opening it would wait for another one.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let pipe = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
        rustix::fs::fcntl_setfl(&pipe, OFlags::empty()).ok()?;
        Some((inode, pipe))
    };
    [1, 2].into_iter().filter_map(open).collect()
}

/// However we end, the command ends with us: where a signal ends us, nobody else would end it.
///
/// Source: man 2 `PR_SET_PDEATHSIG`: it is the end of the thread that starts it that counts.
#[expect(unsafe_code, reason = "std has no word for it")]
pub(crate) fn end_with_us(command: &mut Command) {
    let set = || {
        // Where a sandbox forbids it the command ends on its own.
        let _ = set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        Ok(())
    };
    // SAFETY: after the fork only this system call is made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(set) };
}

/// Kills a child of ours that is still this program: it was forked and has not come to its exec, which may be blocked.
pub(crate) fn kill_half_started() {
    let ours = command(std::process::id());
    let children = children(std::process::id()).unwrap_or_default();
    for child in children.into_iter().filter(|child| command(*child) == ours) {
        signal_child(child, Signal::Kill);
    }
}

/// Waits for a child; `false` if it still runs then. It is not reaped.
pub(crate) fn ends_within(child: &mut Child, patience: Duration) -> bool {
    let handle = identity(child.id()).ok().flatten();
    match handle.map(|identity| Handle::open(&identity)) {
        Some(Ok(Some(handle))) => wait_all(&[&handle], patience).is_empty(),
        Some(Ok(None) | Err(_)) | None => child.try_wait().is_ok_and(|status| status.is_some()),
    }
}
