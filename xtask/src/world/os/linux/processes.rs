//! The process table, and what `/proc` tells about one process.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::error::Problem;
use crate::foreign::Foreign;
use crate::preflight::{Identity, Process, Tag};
use crate::world::os::Cgroup;
use crate::world::os::parse::processes as parse;

/// Every process, kernel threads and zombies included, by pid as the kernel lists them.
///
/// # Errors
/// `/proc` cannot be read.
pub(crate) fn processes() -> Result<Vec<Process>, Problem> {
    let unreadable = |error| Problem::new(format!("cannot read `/proc`: {error}"));
    let names = fs::read_dir("/proc").map_err(unreadable)?;
    // Those that end meanwhile are left out.
    Ok(names
        .filter_map(|name| process(name.ok()?.file_name().to_str()?.parse().ok()?))
        .collect())
}

/// One row of the process table; `None` when there is no such process, or it is hidden from us (`hidepid`).
pub(crate) fn process(pid: u32) -> Option<Process> {
    parse::stat(&content(pid, "stat")?, boot_id())
}

/// A file of `/proc/PID`. All of them have the length 0, so `fs::read` begins with 32 bytes and doubles.
fn content(pid: u32, file: &str) -> Option<Vec<u8>> {
    const USUAL: usize = 4096;
    let file = fs::File::open(format!("/proc/{pid}/{file}")).ok()?;
    let mut content = Vec::with_capacity(USUAL);
    // Without `take`, std asks for the length first.
    file.take(u64::MAX).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Which process `pid` means now.
pub(crate) fn identity(pid: u32) -> Option<Identity> {
    process(pid).map(|process| process.identity)
}

/// The number by which `pid` knows itself: another one inside a container.
///
/// Source: man 5 proc_pid_status, `NSpid`: its pid in each PID namespace, the innermost last; Linux 4.1.
pub(crate) fn own_number(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let innermost = numbers.and_then(|numbers| numbers.split_whitespace().last()?.parse().ok());
    innermost.unwrap_or(pid)
}

/// Differs from boot to boot; empty in sandboxes that do not tell.
///
/// Source: man 4 random, `/proc/sys/kernel/random/boot_id`.
pub(crate) fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        text.unwrap_or_default().trim().to_owned()
    })
}

/// All processes below `pid`, nearest first. One whose parent died is no longer below it.
///
/// Source: man 5 proc_tid_children: complete unless a child dies meanwhile; needs CONFIG_PROC_CHILDREN, without which the
/// whole table is read.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    static TOLD: OnceLock<bool> = OnceLock::new();
    if !*TOLD.get_or_init(|| fs::exists("/proc/thread-self/children").unwrap_or(false)) {
        return parse::descendants(pid, &processes().unwrap_or_default());
    }
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        next += 1;
        for child in children(parent) {
            if !tree.contains(&child) {
                tree.push(child);
            }
        }
    }
    tree.remove(0);
    tree
}

/// Who started it, if that was us; `None` also when its environment is not ours to read.
pub(crate) fn tag(pid: u32) -> Option<Tag> {
    Tag::from_environ(&content(pid, "environ")?)
}

/// The environment that `pid` was started with, as far as it is text; nothing where that is not ours to read.
pub(crate) fn environment(pid: u32) -> BTreeMap<String, String> {
    let environ = content(pid, "environ").unwrap_or_default();
    let entries = environ.split(|&byte| byte == 0);
    let pair = |entry: &[u8]| {
        let (name, value) = str::from_utf8(entry).ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    entries.filter_map(pair).collect()
}

/// The argument vector of `pid`; empty where it cannot be read.
pub(crate) fn command(pid: u32) -> Vec<String> {
    let text = content(pid, "cmdline").unwrap_or_default();
    let words = text
        .split(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    // Each ends with a NUL.
    words.pop();
    words
}

/// The working folder of `pid`.
pub(crate) fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The control group that `pid` stands in.
pub(crate) fn cgroup(pid: u32) -> Option<Cgroup> {
    parse::cgroup(&String::from_utf8_lossy(&content(pid, "cgroup")?))
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

fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = threads.filter_map(|thread| Some(thread.ok()?.path().join("children")));
    lists.flat_map(listed).collect()
}

/// The children of one thread; none where the file cannot be read.
pub(super) fn listed(file: impl AsRef<Path>) -> Vec<u32> {
    let list = fs::read_to_string(file).unwrap_or_default();
    list.split_ascii_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
