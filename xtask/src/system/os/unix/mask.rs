//! The signal mask that we inherited.

/// Undoes what we should not inherit: unblocks all signals. Must run first in a process, because every thread and child inherits the mask.
///
/// Source: man 7 signal: the mask survives exec; man 3 `pthread_sigmask`. `std::process::Command` does not change it
/// since Rust 1.67 (rust-lang/rust#101077). A caller that blocks SIGCHLD or SIGTERM does not mean us.
#[expect(unsafe_code, reason = "neither std nor rustix sets the mask")]
pub(crate) fn undo_inherited() {
    let mut none = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initializes the set before it is read, and a mask concerns only this thread. Both fail only
    // for invalid arguments.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}
