//! Our own children, their descendants, and what left the tree.

use std::mem::MaybeUninit;
use std::process::Command;
use std::ptr::null;

use super::kernel::checked;
use super::processes::{identity, rows};
use crate::diagnostic::Diagnostic;
use crate::process::ProcessState;
use crate::system::os::{Unadopted, user_id};

/// The children of `pid`, including zombies; empty if it has exited.
///
/// # Errors
/// The process table cannot be read.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    let rows = rows()?.into_iter().filter(|row| row.process.parent == pid);
    Ok(rows.map(|row| row.process.identity.pid).collect())
}

/// Our own children, including zombies.
///
/// # Errors
/// As for [`children`].
pub(crate) fn own_children() -> Result<Vec<u32>, Diagnostic> {
    children(std::process::id())
}

/// All descendants of `pid`, nearest first. A process whose parent has exited is no longer a descendant.
///
/// # Errors
/// As for [`children`].
pub(crate) fn descendants(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    let rows = rows()?;
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        next += 1;
        for row in rows.iter().filter(|row| row.process.parent == parent) {
            let child = row.process.identity.pid;
            // `kernel_task` is its own parent.
            if !tree.contains(&child) {
                tree.push(child);
            }
        }
    }
    tree.remove(0);
    Ok(tree)
}

/// Processes that may be of our run although they are not below us: those in `groups`, and those of our user that were
/// started after us and whose parent has exited. Zombies hold nothing and are left out.
///
/// # Errors
/// The process table cannot be read.
///
/// Source: bsd/kern/kern_exit.c, `proc_exit`: children of a process that exits become children of pid 1.
pub(crate) fn unadopted(groups: &[u32]) -> Result<Vec<Unadopted>, Diagnostic> {
    const LAUNCHD: u32 = 1;
    let us = identity(std::process::id())?;
    let living = rows()?
        .into_iter()
        .filter(|row| row.process.state != ProcessState::Zombie);
    let unadopted = living.filter_map(|row| {
        let process = row.process;
        let group = groups.contains(&process.group).then_some(process.group);
        let is_younger = us.as_ref().is_none_or(|us| process.identity.start >= us.start);
        let is_orphan = process.parent == LAUNCHD && row.uid == user_id() && is_younger;
        (group.is_some() || is_orphan).then_some(Unadopted {
            pid: process.identity.pid,
            group,
        })
    });
    Ok(unadopted.collect())
}

/// Whether SIGHUP was already ignored when we were started, as by `nohup`.
///
/// Source: man 2 sigaction: an ignored signal stays ignored after exec.
#[expect(unsafe_code, reason = "neither std nor rustix tells how a signal is handled")]
pub(crate) fn ignores_hangup() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is changed; `action` is written unless the call fails, and is zero, a valid value, until then.
    let action = unsafe {
        // It fails for unknown signals only.
        let _ = checked(libc::sigaction(libc::SIGHUP, null(), action.as_mut_ptr()));
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

/// macOS does not end a process with its parent: the command ends on its own, or when we end it on the way out.
pub(crate) fn end_with_us(_: &mut Command) {}
