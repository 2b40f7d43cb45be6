//! Sockets for services: which descriptors they have in a new process, and how that learns its own pid.

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

/// What has to be there at the moment a process is spawned.
pub(crate) type InheritedFds = Vec<OwnedFd>;

/// Lets the command's process have these as its descriptors from 3 on, and its own pid in the variable `pid`. What is
/// returned has to be held until it was spawned. For the last thing that is done to a command, whose environment is
/// exactly what was set in it.
///
/// # Errors
/// The system has no more descriptors, or a word or variable holds a NUL.
#[expect(unsafe_code, reason = "std passes on the three standard streams only")]
pub(crate) fn pass_on(command: &mut Command, sockets: &[impl AsFd], pid: &str) -> io::Result<InheritedFds> {
    let end = FIRST + RawFd::try_from(sockets.len()).map_err(io::Error::other)?;
    let beyond = |socket: &_| fcntl_dupfd_cloexec(socket, end);
    let beyond = sockets.iter().map(beyond).collect::<Result<Vec<_>, _>>()?;
    // The descriptor by which std's child reports that exec failed must not be one of those that are replaced.
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
            // SAFETY: whatever has this number is of no use to the program that is about to run.
            let mut number = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
            dup2(socket, &mut number)?;
        }
        Err(program.run())
    };
    // SAFETY: after the fork only system calls are made, and memory that is there already is written; nothing is allocated,
    // locked or freed.
    unsafe { command.pre_exec(pass) };
    Ok(taken)
}

#[expect(unsafe_code, reason = "std fixes the environment before there is a pid")]
// SAFETY: these are the C library's own: man 7 environ, man 3 execvp.
unsafe extern "C" {
    static mut environ: *const *const c_char;
    fn execvp(file: *const c_char, argv: *const *const c_char) -> c_int;
}

/// All that execvp(3) needs, made before the fork: only the pid is missing.
struct Program {
    /// Into `_texts`, which nobody touches any more, with a null at the end.
    argv: Vec<*const c_char>,
    /// The same, and the last one is `pid`.
    envp: Vec<*const c_char>,
    /// `NAME=`, and room for a number behind it.
    pid: Box<[u8]>,
    digits_at: usize,
    _texts: Vec<CString>,
}

// SAFETY: the pointers lead into memory that it owns, and that nobody changes but `run`, which has it for itself.
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

    /// In the child, after the fork; returns only what went wrong.
    ///
    /// As std does it, down to the shell that a script without `#!` is run by.
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
        // SAFETY: both arrays end with a null, and their texts with a NUL; the child of a fork has one thread.
        unsafe {
            environ = self.envp.as_ptr();
            execvp(self.argv[0], self.argv.as_ptr());
        }
        io::Error::last_os_error()
    }
}

/// Of a `u32`.
const MAX_DIGITS: usize = 10;
