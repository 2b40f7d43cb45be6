//! Our own children, their descendants, and what left the tree.

use std::mem::MaybeUninit;
use std::process::Command;
use std::ptr::null;

use super::kernel::checked;
use super::processes::rows;
use crate::diagnostic::Diagnostic;
use crate::system::os::Unadopted;
use crate::system::os::parse::macos::tree;

/// The children of `pid`, including zombies; empty if it has exited.
///
/// # Errors
/// The process table cannot be read.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    Ok(tree::children(&rows()?, pid))
}

/// Our own children, including zombies.
///
/// # Errors
/// As for [`children`].
pub(crate) fn own_children() -> Result<Vec<u32>, Diagnostic> {
    children(std::process::id())
}

/// All descendants of `pid`, nearest first.
///
/// # Errors
/// As for [`children`].
pub(crate) fn descendants(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    Ok(tree::descendants(&rows()?, pid))
}

/// Processes that may be of our run although they are not below us, because only pid 1 adopts: see [`tree::outside`].
///
/// # Errors
/// As for [`children`].
///
/// Source: bsd/kern/kern_exit.c, `proc_exit`: children of a process that exits become children of pid 1.
pub(crate) fn unadopted(groups: &[u32]) -> Result<Vec<Unadopted>, Diagnostic> {
    let outside = tree::outside(&rows()?, std::process::id(), groups).into_iter();
    Ok(outside.map(|(pid, group)| Unadopted { pid, group }).collect())
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
