//! The process table, and details of one process from `/proc`.

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

/// Every process, including kernel threads and zombies, by pid as the kernel lists them. Processes of other users that
/// the system hides (`hidepid`) are missing.
///
/// # Errors
/// The list or any row of it cannot be read: an incomplete table is not returned.
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
            // It has exited meanwhile.
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

pub(super) fn row(pid: u32, line: &[u8]) -> Result<Process, Diagnostic> {
    parse::stat(line, boot_id()?).ok_or_else(|| Diagnostic::new(format!("cannot make sense of `/proc/{pid}/stat`")))
}

/// A file of `/proc/PID`; `None` if there is no such process. These files have length 0, so `fs::read` would start with
/// 32 bytes and keep doubling.
///
/// # Errors
/// Any error other than that the process has exited.
pub(super) fn content(pid: u32, file: &str) -> io::Result<Option<Vec<u8>>> {
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

/// ENOENT when opening a file of a process that has exited, ESRCH when reading an open one: man 5 proc_pid.
pub(super) fn has_ended(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

pub(super) fn unreadable_file(pid: u32, file: &str, error: &io::Error) -> Diagnostic {
    problem("read", Path::new(&format!("/proc/{pid}/{file}")), error)
}

/// The identity of the process that has `pid` now.
pub(crate) fn identity(pid: u32) -> Look<Identity> {
    Ok(process(pid)?.map(|process| process.identity))
}

/// The pid that the process has in its own PID namespace, which differs inside a container.
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

/// Whether the main thread of `pid` is alive. When a program is killed, its other threads may exit slightly later.
///
/// # Errors
/// Its state cannot be read.
pub(crate) fn has_main_thread(pid: u32) -> Result<bool, Diagnostic> {
    let line = content(pid, "stat").map_err(|error| unreadable_file(pid, "stat", &error))?;
    Ok(line.is_some_and(|line| parse::has_main_thread(&line)))
}

/// The id of this boot; empty in sandboxes that do not provide it.
///
/// # Errors
/// The file exists but cannot be read.
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

/// All descendants of `pid`, nearest first. A process whose parent has exited is no longer a descendant.
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

/// The children of all threads of `pid`; empty if it has exited.
///
/// # Errors
/// The list cannot be read.
///
/// Source: man 5 proc_tid_children: complete unless a child exits meanwhile. It needs CONFIG_PROC_CHILDREN; without it,
/// the whole process table is read.
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

/// The threads of `pid`; empty if it has exited.
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

/// The children of one thread, from its file `children`; empty if it has exited.
pub(super) fn child_pids(file: &str) -> Result<Vec<u32>, Diagnostic> {
    let list = match read_whole(file) {
        Err(error) if has_ended(&error) => Vec::new(),
        read => read.map_err(|error| problem("read", Path::new(file), &error))?,
    };
    let words = list.split(u8::is_ascii_whitespace);
    Ok(words.filter_map(|pid| str::from_utf8(pid).ok()?.parse().ok()).collect())
}

/// The tag of the process, if devtasks started it; also `None` if we may not read its environment.
pub(crate) fn tag(pid: u32) -> Look<Tag> {
    Ok(readable_environ(pid)?.and_then(|environ| Tag::from_environ(&environ)))
}

fn readable_environ(pid: u32) -> Look<Vec<u8>> {
    match environ(pid) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        read => read.map_err(|error| unreadable_file(pid, "environ", &error)),
    }
}

/// The environment of a process. If its main thread has exited, only the other threads show it.
///
/// Source: `environ_open` in fs/proc/base.c reads the thread's own memory, which an exited thread has released. The
/// file is then empty or, since Linux 6.16, cannot be opened (ESRCH).
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

/// The variables that `pid` was started with, as far as they are text; empty if we may not read them.
///
/// # Errors
/// They could not be read for another reason.
pub(crate) fn environment(pid: u32) -> Result<BTreeMap<String, String>, Diagnostic> {
    Ok(parse::variables(&readable_environ(pid)?.unwrap_or_default()))
}

/// The command line of `pid`; empty if it cannot be read.
pub(crate) fn command(pid: u32) -> Vec<String> {
    let text = content(pid, "cmdline").ok().flatten().unwrap_or_default();
    let words = text
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    // Each argument ends with NUL.
    words.pop();
    words
}

/// The working directory of `pid`.
pub(crate) fn cwd(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The control group of `pid`.
pub(crate) fn cgroup(pid: u32) -> Look<Cgroup> {
    let text = content(pid, "cgroup").map_err(|error| unreadable_file(pid, "cgroup", &error))?;
    Ok(text.and_then(|text| parse::cgroup(&String::from_utf8_lossy(&text))))
}

/// The executable of `pid`.
pub(crate) fn program(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The name of a user in `/etc/passwd`; for our own user also `$USER`, because another directory service may manage it.
pub(crate) fn user_name(uid: u32) -> Option<Foreign> {
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    let name = parse::user_name(&String::from_utf8_lossy(&passwd), uid).or_else(|| {
        let own = uid == rustix::process::getuid().as_raw();
        own.then(|| std::env::var("USER").ok()).flatten()
    });
    name.map(Foreign::from)
}
