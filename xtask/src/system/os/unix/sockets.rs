//! Passes sockets to services: their descriptors in the new process, and a variable with its pid.

use std::ffi::{CString, OsStr, c_char, c_int};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{dup2, fcntl_dupfd_cloexec};

/// Source: sd_listen_fds(3), `SD_LISTEN_FDS_START`.
const FIRST: RawFd = 3;

/// Descriptors that must stay open until a process is spawned.
pub(crate) type InheritedFds = Vec<OwnedFd>;

/// Passes `sockets` to the command's process as descriptors from 3 on, and its own pid in the variable `pid`. Keep the
/// returned value until the process is spawned. Call this last: the process gets the command's environment as it is
/// then.
///
/// # Errors
/// No descriptor is left, or an argument or variable contains NUL.
#[expect(unsafe_code, reason = "std passes on the three standard streams only")]
pub(crate) fn pass_on(command: &mut Command, sockets: &[impl AsFd], pid: &str) -> io::Result<InheritedFds> {
    let end = FIRST + RawFd::try_from(sockets.len()).map_err(io::Error::other)?;
    let beyond = |socket: &_| fcntl_dupfd_cloexec(socket, end);
    let beyond = sockets.iter().map(beyond).collect::<Result<Vec<_>, _>>()?;
    // std's child reports a failed exec through a descriptor, which must not be one of those replaced.
    let mut taken = Vec::new();
    loop {
        let null = open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        if null.as_raw_fd() >= end {
            break;
        }
        taken.push(null);
    }
    let mut program = Program::of(command, pid)?;
    let pass = move || {
        for (number, socket) in (FIRST..).zip(&beyond) {
            // SAFETY: the program about to run has no use for whatever descriptor has this number.
            let mut number = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
            dup2(socket, &mut number)?;
        }
        Err(program.run())
    };
    // SAFETY: after the fork only system calls are made and existing memory is written, without allocation or locks.
    unsafe { command.pre_exec(pass) };
    Ok(taken)
}

#[expect(unsafe_code, reason = "std fixes the environment before there is a pid")]
// SAFETY: these are declarations of the C library: man 7 environ, man 3 execvp.
unsafe extern "C" {
    static mut environ: *const *const c_char;
    fn execvp(file: *const c_char, argv: *const *const c_char) -> c_int;
}

/// The arguments of execvp(3), prepared before the fork; only the pid is missing.
struct Program {
    /// Points into `_texts`, which is not changed any more; ends with a null pointer.
    argv: Vec<*const c_char>,
    /// Like `argv`; the last variable is `pid`.
    envp: Vec<*const c_char>,
    /// `NAME=`, followed by space for a number.
    pid: Box<[u8]>,
    digits_at: usize,
    _texts: Vec<CString>,
}

// SAFETY: the pointers refer to memory that it owns, and that only `run` changes, which has exclusive access.
#[expect(unsafe_code, reason = "raw pointers are neither Send nor Sync by themselves")]
unsafe impl Send for Program {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "raw pointers are neither Send nor Sync by themselves")]
unsafe impl Sync for Program {}

impl Program {
    fn of(command: &Command, pid: &str) -> io::Result<Program> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words = words.map(|word| CString::new(word.as_bytes()));
        let mut texts = words.collect::<Result<Vec<_>, _>>()?;
        let variables = command.get_envs().filter(|(name, _)| *name != OsStr::new(pid));
        let variables = variables.filter_map(|(name, value)| Some([name.as_bytes(), value?.as_bytes()].join(&b'=')));
        let n_words = texts.len();
        texts.extend(variables.map(CString::new).collect::<Result<Vec<_>, _>>()?);

        let mut own = format!("{pid}=").into_bytes();
        let digits_at = own.len();
        own.extend([0; MAX_DIGITS + 1]);
        let own = own.into_boxed_slice();
        let pointers = |texts: &[CString]| texts.iter().map(|text| text.as_ptr()).collect::<Vec<_>>();
        let (mut argv, mut envp) = (pointers(&texts[..n_words]), pointers(&texts[n_words..]));
        argv.push(ptr::null());
        envp.extend([ptr::null(), ptr::null()]);
        Ok(Program {
            argv,
            envp,
            pid: own,
            digits_at,
            _texts: texts,
        })
    }

    /// Runs the program in the child after the fork; returns only on failure.
    ///
    /// Does the same as std, which runs a script without `#!` with a shell.
    ///
    /// Source: man 3 execvp; `do_exec` in library/std/src/sys/process/unix/unix.rs.
    #[expect(unsafe_code, reason = "std fixes the environment before there is a pid")]
    fn run(&mut self) -> io::Error {
        let mut digits = [0; MAX_DIGITS];
        let (mut number, mut first) = (std::process::id(), MAX_DIGITS);
        while number > 0 {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        let digits = &digits[first..];
        self.pid[self.digits_at..][..digits.len()].copy_from_slice(digits);
        let last = self.envp.len() - 2;
        self.envp[last] = self.pid.as_ptr().cast();
        // SAFETY: both arrays end with a null pointer and their texts with NUL; the child of a fork has one thread.
        unsafe {
            environ = self.envp.as_ptr();
            execvp(self.argv[0], self.argv.as_ptr());
        }
        io::Error::last_os_error()
    }
}

/// The decimal digits of a `u32`.
const MAX_DIGITS: usize = 10;
