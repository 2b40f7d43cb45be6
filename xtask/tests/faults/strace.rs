//! strace(1): what it is told, whom it watches, and what it wrote.

use std::collections::BTreeMap;
use std::fs;

use crate::fault::SYSCALLS;

/// The first call that is a Rust program's own: its runtime looks whether descriptors 0 to 2 are open, before `main`. What
/// comes earlier is the dynamic loader's, which ends with 127 of its own if it cannot go on.
const FIRST_OF_OURS: &str = "poll";

/// How often each thread called each.
type Counts = BTreeMap<(String, String), u64>;

/// All calls that may fail, and the one that ends the loader's.
pub(crate) fn trace_all() -> String {
    let names: Vec<&str> = SYSCALLS.iter().map(|(name, _)| *name).collect();
    format!("trace={},{FIRST_OF_OURS}", names.join(","))
}

/// The lines in which a call was made to fail.
pub(crate) fn injected(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("(INJECTED)"));
    lines.map(str::to_owned).collect()
}

/// Did a call fail of a process that has become another program than ours?
pub(crate) fn befell_a_service(log: &str) -> bool {
    let mut services = Vec::new();
    for line in log.lines() {
        let pid = line.split(' ').next().unwrap_or_default();
        if line.contains("(INJECTED)") && services.contains(&pid) {
            return true;
        }
        let program = line
            .split_once("execve(\"")
            .and_then(|(_, rest)| rest.split('"').next());
        if program.is_some_and(|it| it.ends_with("/service") || it.ends_with("/sh") || it.ends_with("/sleep")) {
            services.push(pid);
        }
    }
    false
}

/// The most calls of each kind that one thread made.
pub(crate) fn most_calls(log: &str) -> BTreeMap<String, u64> {
    let mut most = BTreeMap::new();
    for ((_, name), n) in counts(log.lines()) {
        let entry: &mut u64 = most.entry(name).or_default();
        *entry = n.max(*entry);
    }
    most
}

/// The calls of each kind before the program's own; the loader has one thread.
pub(crate) fn loader_calls(log: &str) -> BTreeMap<String, u64> {
    let calls = log.lines().take_while(|line| name(line) != Some(FIRST_OF_OURS));
    counts(calls).into_iter().map(|((_, name), n)| (name, n)).collect()
}

fn counts<'a>(lines: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts = Counts::new();
    for line in lines {
        let thread = line.split(' ').next().unwrap_or_default();
        if let Some(name) = name(line) {
            *counts.entry((thread.to_owned(), name.to_owned())).or_default() += 1;
        }
    }
    counts
}

/// `4242  openat(AT_FDCWD, …`; not the end of one that was interrupted, `4242  <... openat resumed>`.
fn name(line: &str) -> Option<&str> {
    let (_, call) = line.split_once(' ')?;
    let (name, _) = call.trim_start().split_once('(')?;
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .then_some(name)
}

/// Is every thread of this process watched by strace, or another tracer?
pub(crate) fn is_traced(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let mut statuses = threads.map(|thread| fs::read_to_string(thread.path().join("status")).unwrap_or_default());
    statuses.all(|status| {
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_none_or(|tracer| tracer.trim() != "0")
    })
}
