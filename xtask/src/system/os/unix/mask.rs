//! The signals that whoever started us has blocked.

/// From now on no signal is held back: for the first thing that a process does, since every thread and child that it starts
/// inherits the mask.
///
/// Source: man 7 signal: the mask survives exec; man 3 `pthread_sigmask`. `std::process::Command` leaves it as it is, since
/// Rust 1.67 (rust-lang/rust#101077). A program that calls us with SIGCHLD or SIGTERM blocked does not mean us by that.
#[expect(unsafe_code, reason = "neither std nor rustix sets the mask")]
pub(crate) fn unblock_signals() {
    let mut none = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` fills in the set before it is read, and a mask concerns this thread alone. Both fail for
    // arguments that they do not know only.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}
