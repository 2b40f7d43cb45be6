//! Our own children, both spawned and adopted.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::process::set_parent_process_death_signal;

use crate::diagnostic::Diagnostic;
use crate::system::os::Unadopted;

/// Makes descendants whose parent exits our children, instead of children of pid 1.
///
/// Source: man 2 `PR_SET_CHILD_SUBREAPER`, Linux 3.4. If a sandbox forbids it, processes that left the tree are found
/// by their tag when the run ends.
pub(crate) fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Our own children, including zombies: those that the calling thread spawned, and adopted ones. Excludes those spawned
/// by other threads: reading them takes longer, and only the driver's thread starts processes.
///
/// Source: orphans are adopted by the first live thread of their new parent, `find_new_reaper` in kernel/exit.c; so are
/// children from before an exec. As for `descendants`, man 5 proc_tid_children.
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

/// Processes that are not below us any more although they may be of our run; see the other systems. Linux makes them our
/// children.
///
/// # Errors
/// None.
pub(crate) fn unadopted(_: &[u32]) -> Result<Vec<Unadopted>, Diagnostic> {
    Ok(Vec::new())
}

/// Whether SIGHUP was already ignored when we were started, as by `nohup`.
///
/// Source: man 5 proc_pid_status: `SigIgn` is a hexadecimal mask whose lowest bit is signal 1, SIGHUP.
pub(crate) fn ignores_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Opens those of `pipes` that are stdout or stderr of a process for reading; returns them with their inodes.
///
/// Source: man 5 `proc_pid_fd`: the target of a link can be opened even if it has no name, so a pipe opens like a FIFO.
/// The link of a pipe reads `pipe:[INODE]`.
pub(crate) fn outputs(pid: u32, pipes: &[u64]) -> Vec<(u64, File)> {
    let open = |fd: u8| {
        let path = format!("/proc/{pid}/fd/{fd}");
        let link = fs::read_link(&path).ok()?;
        let inode = link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()?;
        if !pipes.contains(&inode) {
            return None;
        }
        // If the last writer has just closed it, opening would block until another one appears.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let pipe = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
        rustix::fs::fcntl_setfl(&pipe, OFlags::empty()).ok()?;
        Some((inode, pipe))
    };
    [1, 2].into_iter().filter_map(open).collect()
}

/// Makes the kernel kill the command when we end, which also covers our own death by a signal.
///
/// Source: man 2 `PR_SET_PDEATHSIG`: the signal is sent when the thread that started the process ends.
#[expect(unsafe_code, reason = "std has no word for it")]
pub(crate) fn end_with_us(command: &mut Command) {
    let set = || {
        // If a sandbox forbids it, the command ends on its own.
        let _ = set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
        Ok(())
    };
    // SAFETY: after the fork only this system call is made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(set) };
}
