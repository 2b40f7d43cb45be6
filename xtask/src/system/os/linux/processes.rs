//! The process table, and what `/proc` tells about one process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::io::Errno;

use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::process::{Identity, Process, Tag};
use crate::system::os::parse::processes as parse;
use crate::system::os::{Cgroup, Look};
use crate::system::problem;

/// Every process, kernel threads and zombies included, by pid as the kernel lists them. Other users' processes that the
/// system hides (`hidepid`) are left out.
///
/// # Errors
/// The list, or any row of it, cannot be read: a table that is not whole is none.
pub(crate) fn processes() -> Result<Vec<Process>, Diagnostic> {
    let unreadable = |error| problem("read", Path::new("/proc"), &error);
    let mut table = Vec::new();
    for entry in fs::read_dir("/proc").map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        match content(pid, "stat") {
            Ok(Some(line)) => table.push(row(pid, &line)?),
            // It has ended meanwhile.
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            Err(error) => return Err(unreadable_file(pid, "stat", &error)),
        }
    }
    Ok(table)
}

/// One row of the process table.
pub(crate) fn process(pid: u32) -> Look<Process> {
    let line = content(pid, "stat").map_err(|error| unreadable_file(pid, "stat", &error))?;
    line.map(|line| row(pid, &line)).transpose()
}

fn row(pid: u32, line: &[u8]) -> Result<Process, Diagnostic> {
    parse::stat(line, boot_id()?).ok_or_else(|| Diagnostic::new(format!("cannot make sense of `/proc/{pid}/stat`")))
}

/// A file of `/proc/PID`; `None` when there is no such process. All of them have the length 0, so `fs::read` begins
/// with 32 bytes and doubles.
///
/// # Errors
/// Any other than that the process has ended.
fn content(pid: u32, file: &str) -> io::Result<Option<Vec<u8>>> {
    let read = read_whole(&format!("/proc/{pid}/{file}"));
    read.map(Some)
        .or_else(|error| if has_ended(&error) { Ok(None) } else { Err(error) })
}

fn read_whole(path: &str) -> io::Result<Vec<u8>> {
    const USUAL: usize = 4096;
    let file = fs::File::open(path)?;
    let mut content = Vec::with_capacity(USUAL);
    // Without `take`, std asks for the length first.
    file.take(u64::MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// ENOENT when a file of a process that has ended is opened, ESRCH when one that was open is read: man 5 proc_pid.
fn has_ended(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn unreadable_file(pid: u32, file: &str, error: &io::Error) -> Diagnostic {
    problem("read", Path::new(&format!("/proc/{pid}/{file}")), error)
}

/// Which process `pid` means now.
pub(crate) fn identity(pid: u32) -> Look<Identity> {
    Ok(process(pid)?.map(|process| process.identity))
}

/// The number by which `pid` knows itself: another one inside a container.
///
/// Source: man 5 proc_pid_status, `NSpid`: its pid in each PID namespace, the innermost last; Linux 4.1.
pub(crate) fn pid_in_own_namespace(pid: u32) -> Look<u32> {
    let status = content(pid, "status").map_err(|error| unreadable_file(pid, "status", &error))?;
    Ok(status.map(|status| {
        let status = String::from_utf8_lossy(&status);
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let innermost = numbers.and_then(|numbers| numbers.split_whitespace().last()?.parse().ok());
        innermost.unwrap_or(pid)
    }))
}

/// Whether the main thread of `pid` runs. Of a program that was just killed the other threads may take a moment longer.
///
/// # Errors
/// It cannot be looked at.
pub(crate) fn has_main_thread(pid: u32) -> Result<bool, Diagnostic> {
    let line = content(pid, "stat").map_err(|error| unreadable_file(pid, "stat", &error))?;
    Ok(line.is_some_and(|line| parse::has_main_thread(&line)))
}

/// Differs from boot to boot; empty in sandboxes that do not tell.
///
/// # Errors
/// It is there, and cannot be read.
///
/// Source: man 4 random, `/proc/sys/kernel/random/boot_id`.
pub(super) fn boot_id() -> Result<&'static str, Diagnostic> {
    static ID: OnceLock<String> = OnceLock::new();
    const FILE: &str = "/proc/sys/kernel/random/boot_id";
    if let Some(id) = ID.get() {
        return Ok(id);
    }
    let text = match fs::read_to_string(FILE) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => String::new(),
        read => read.map_err(|error| problem("read", Path::new(FILE), &error))?,
    };
    Ok(ID.get_or_init(|| text.trim().to_owned()))
}

/// All processes below `pid`, nearest first. One whose parent died is no longer below it.
///
/// # Errors
/// A list of children cannot be read.
pub(crate) fn descendants(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        next += 1;
        for child in children(parent)? {
            if !tree.contains(&child) {
                tree.push(child);
            }
        }
    }
    tree.remove(0);
    Ok(tree)
}

/// The children of `pid`, of all its threads; none when it has ended.
///
/// # Errors
/// The list cannot be read.
///
/// Source: man 5 proc_tid_children: complete unless a child dies meanwhile; needs CONFIG_PROC_CHILDREN, without which
/// the whole table is read.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    static TOLD: OnceLock<bool> = OnceLock::new();
    if !*TOLD.get_or_init(|| fs::exists("/proc/thread-self/children").unwrap_or(true)) {
        let table = processes()?.into_iter().filter(|process| process.parent == pid);
        return Ok(table.map(|process| process.identity.pid).collect());
    }
    let mut children = Vec::new();
    let threads = threads(pid).map_err(|error| unreadable_file(pid, "task", &error))?;
    for thread in threads {
        children.extend(child_pids(&format!("/proc/{pid}/task/{thread}/children"))?);
    }
    Ok(children)
}

/// The threads of `pid`; none when it has ended.
pub(super) fn threads(pid: u32) -> io::Result<Vec<u32>> {
    let read = || -> io::Result<Vec<u32>> {
        let mut threads = Vec::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            threads.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        Ok(threads)
    };
    read().or_else(|error| if has_ended(&error) { Ok(Vec::new()) } else { Err(error) })
}

/// The children of one thread, from its file `children`; none when it has ended.
pub(super) fn child_pids(file: &str) -> Result<Vec<u32>, Diagnostic> {
    let list = match read_whole(file) {
        Err(error) if has_ended(&error) => Vec::new(),
        read => read.map_err(|error| problem("read", Path::new(file), &error))?,
    };
    let words = list.split(u8::is_ascii_whitespace);
    Ok(words.filter_map(|pid| str::from_utf8(pid).ok()?.parse().ok()).collect())
}

/// Who started it, if that was us; `None` also when its environment is not ours to read.
pub(crate) fn tag(pid: u32) -> Look<Tag> {
    Ok(readable_environ(pid)?.and_then(|environ| Tag::from_environ(&environ)))
}

fn readable_environ(pid: u32) -> Look<Vec<u8>> {
    match environ(pid) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        read => read.map_err(|error| unreadable_file(pid, "environ", &error)),
    }
}

/// Of a process whose main thread has ended only its other threads show the environment.
///
/// Source: `environ_open` in fs/proc/base.c: of the thread's own memory, which it gave up when it ended. Then the file
/// is empty, or, since Linux 6.16, cannot be opened (ESRCH).
fn environ(pid: u32) -> io::Result<Option<Vec<u8>>> {
    let has_content = |environ: &Option<Vec<u8>>| environ.as_ref().is_some_and(|environ| !environ.is_empty());
    let environ = content(pid, "environ")?;
    if has_content(&environ) {
        return Ok(environ);
    }
    for thread in threads(pid)?.into_iter().filter(|thread| *thread != pid) {
        let environ = content(pid, &format!("task/{thread}/environ"))?;
        if has_content(&environ) {
            return Ok(environ);
        }
    }
    Ok(environ)
}

/// The environment that `pid` was started with, as far as it is text; nothing where that is not ours to read.
///
/// # Errors
/// It could not be read for another reason.
pub(crate) fn environment(pid: u32) -> Result<BTreeMap<String, String>, Diagnostic> {
    let environ = readable_environ(pid)?.unwrap_or_default();
    let entries = environ.split(|&byte| byte == 0);
    let pair = |entry: &[u8]| {
        let (name, value) = str::from_utf8(entry).ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    Ok(entries.filter_map(pair).collect())
}

/// The argument vector of `pid`; empty where it cannot be read.
pub(crate) fn command(pid: u32) -> Vec<String> {
    let text = content(pid, "cmdline").ok().flatten().unwrap_or_default();
    let words = text
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    // Each ends with a NUL.
    words.pop();
    words
}

/// The working directory of `pid`.
pub(crate) fn cwd(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The control group that `pid` stands in.
pub(crate) fn cgroup(pid: u32) -> Look<Cgroup> {
    let text = content(pid, "cgroup").map_err(|error| unreadable_file(pid, "cgroup", &error))?;
    Ok(text.and_then(|text| parse::cgroup(&String::from_utf8_lossy(&text))))
}

/// The program's file of `pid`.
pub(crate) fn program(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The name of a user who stands in `/etc/passwd`; our own also where another directory knows it.
pub(crate) fn user_name(uid: u32) -> Option<Foreign> {
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    let name = parse::user_name(&String::from_utf8_lossy(&passwd), uid).or_else(|| {
        let own = uid == rustix::process::getuid().as_raw();
        own.then(|| std::env::var("USER").ok()).flatten()
    });
    name.map(Foreign::from)
}
