//! The processes that hold a socket: one pass over the descriptors in `/proc` for all requested sockets.

use std::fmt::Write;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir, openat, readlinkat_raw, statat};
use rustix::io::Errno;

use crate::diagnostic::Diagnostic;
use crate::system::os::Holders;
use crate::system::{problem, threads};

/// Every process that holds one of `inodes`, by inode, pids ascending. Skips processes that we may not inspect.
///
/// The kernel resolves every link of every process, the dominant cost, so several threads share the work.
///
/// # Errors
/// `/proc` cannot be read.
///
/// Source: man 5 proc_pid_fd: the link of a socket reads `socket:[INODE]`.
pub(crate) fn holders(inodes: &[u64]) -> Result<Holders, Diagnostic> {
    if wanted(inodes).is_empty() {
        return Ok(Holders::new());
    }
    let pids = pids()?;
    let next = AtomicUsize::new(0);
    let look = || {
        let mut scan = Scan::new(inodes)?;
        while let Some(&pid) = pids.get(next.fetch_add(1, Ordering::Relaxed)) {
            scan.look_into(pid)?;
        }
        Ok(scan.found)
    };
    let mut all = Holders::new();
    let cores = available_parallelism().map_or(1, NonZero::get);
    for some in threads::beside(cores.min(MAX_THREADS) - 1, || vec![look()]) {
        for (inode, pids) in some? {
            all.entry(inode).or_default().extend(pids);
        }
    }
    all.values_mut().for_each(|pids| pids.sort_unstable());
    Ok(all)
}

/// More threads would only contend in the kernel.
const MAX_THREADS: usize = 4;

fn pids() -> Result<Vec<u32>, Diagnostic> {
    let mut buffer = entries();
    let mut processes = RawDir::new(open(CWD, "/proc").map_err(unreadable)?, buffer.spare_capacity_mut());
    let mut pids = Vec::new();
    while let Some(entry) = processes.next() {
        let entry = entry.map_err(unreadable)?;
        pids.extend(number(entry.file_name().to_bytes()).map(|pid| pid as u32));
    }
    Ok(pids)
}

/// Whether some process of this user cannot be inspected, so that it may be an invisible owner. Pid 1 is not
/// considered: in many containers even root may not inspect it.
///
/// Source: man 5 proc_pid_fd: governed by a ptrace access mode check, so root needs `CAP_SYS_PTRACE`; a process may
/// also forbid it (`PR_SET_DUMPABLE`).
pub(crate) fn may_hide_owner(uid: u32) -> bool {
    let is_closed = |pid: &u32| open(CWD, &format!("/proc/{pid}/fd")).is_err_and(|error| error == Errno::ACCESS);
    let others = pids().unwrap_or_default().into_iter().filter(|pid| *pid != 1);
    others.into_iter().any(|pid| is_closed(&pid) && user(pid) == Some(uid))
}

/// Source: man 5 proc_pid_status, `Uid`: the second number is the effective user.
fn user(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Like [`holders`], but only for `pids`: a cheap check whether our own processes hold a socket.
///
/// # Errors
/// `/proc` cannot be read.
pub(crate) fn holds(pids: &[u32], inodes: &[u64]) -> Result<Holders, Diagnostic> {
    let mut scan = Scan::new(inodes)?;
    for &pid in pids {
        scan.look_into(pid)?;
    }
    Ok(scan.found)
}

struct Scan {
    proc: rustix::fd::OwnedFd,
    /// Ascending.
    wanted: Vec<u64>,
    found: Holders,
    path: String,
    entries: Vec<u8>,
}

impl Scan {
    fn new(inodes: &[u64]) -> Result<Scan, Diagnostic> {
        Ok(Scan {
            proc: open(CWD, "/proc").map_err(unreadable)?,
            wanted: wanted(inodes),
            found: Holders::new(),
            path: String::with_capacity(32),
            entries: entries(),
        })
    }

    /// Source: `proc_readfd_common` in fs/proc/fd.c: a main thread that has exited has released its descriptors and its
    /// directory is empty, but the other threads still have theirs. A process without any descriptor is rare.
    fn look_into(&mut self, pid: u32) -> Result<(), Diagnostic> {
        if self.look_into_thread(pid, pid)? || !self.has_other_threads(pid) {
            return Ok(());
        }
        for thread in super::processes::threads(pid).map_err(unreadable)? {
            if thread != pid && self.look_into_thread(pid, thread)? {
                break;
            }
        }
        Ok(())
    }

    /// The link count is cheaper than a listing.
    ///
    /// Source: `proc_task_getattr` in fs/proc/base.c: two, plus one for each thread.
    fn has_other_threads(&mut self, pid: u32) -> bool {
        self.path.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "{pid}/task");
        statat(&self.proc, &self.path, AtFlags::empty()).is_ok_and(|directory| directory.st_nlink > 3)
    }

    /// Scans the descriptors of one thread; returns whether it has any.
    fn look_into_thread(&mut self, pid: u32, thread: u32) -> Result<bool, Diagnostic> {
        self.path.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "{thread}/fd");
        let directory = match open(&self.proc, &self.path) {
            Ok(directory) => directory,
            // It has exited, or we may not inspect it.
            Err(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM) => return Ok(false),
            Err(error) => return Err(unreadable(error)),
        };
        let mut links = RawDir::new(&directory, self.entries.spare_capacity_mut());
        let mut link = [MaybeUninit::<u8>::uninit(); 32];
        let mut has_any = false;
        while let Some(entry) = links.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(Errno::NOENT | Errno::SRCH) => break,
                Err(error) => return Err(unreadable(error)),
            };
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            // Also if it may not be read: the other threads show no more.
            has_any = true;
            let Ok((target, _)) = readlinkat_raw(&directory, entry.file_name(), &mut link) else {
                continue;
            };
            let Some(inode) = inode(target) else {
                continue;
            };
            if self.wanted.binary_search(&inode).is_ok() {
                let pids = self.found.entry(inode).or_default();
                if pids.last() != Some(&pid) {
                    pids.push(pid);
                }
            }
        }
        Ok(has_any)
    }
}

/// The inodes in ascending order, without duplicates and without 0.
fn wanted(inodes: &[u64]) -> Vec<u64> {
    let mut wanted: Vec<u64> = inodes.iter().copied().filter(|&inode| inode != 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// Space for about 1,000 directory entries at a time.
fn entries() -> Vec<u8> {
    Vec::with_capacity(32 * 1024)
}

fn open(directory: impl AsFd, path: &str) -> rustix::io::Result<rustix::fd::OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(directory, path, flags, Mode::empty())
}

fn inode(target: &[u8]) -> Option<u64> {
    number(target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn unreadable(error: impl Into<std::io::Error>) -> Diagnostic {
    problem("read", Path::new("/proc"), &error.into())
}
