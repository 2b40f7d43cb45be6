//! What the tests ask the machine about processes: `/proc` on Linux, ps(1) and lsof(8) on macOS.

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;

/// The watchdog of a supervisor.
pub(crate) fn watchdog(supervisor: u32) -> Option<u32> {
    let is_watchdog = |pid: &u32| command(*pid).split(' ').nth(1) == Some("watchdog");
    children(supervisor).into_iter().find(is_watchdog)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::path::PathBuf;

    /// The processes that live and began with `NAME=value` in their environment.
    pub(crate) fn with_variable(variable: &str) -> Vec<u32> {
        let directories = fs::read_dir("/proc").expect("/proc can be read");
        let pids = directories.filter_map(|directory| directory.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|it| it == variable.as_bytes()) && state(*pid) != Some('Z')
        })
        .collect()
    }

    /// As in ps(1), but `R` while a thread of a zombie is exiting: its files and locks are still held. `None` if it is gone.
    pub(crate) fn state(pid: u32) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let state = stat.rsplit_once(") ")?.1.chars().next()?;
        let is_alone = || fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() == 1);
        Some(if state == 'Z' && !is_alone() { 'R' } else { state })
    }

    /// Its words, with blanks between them.
    pub(crate) fn command(pid: u32) -> String {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.trim_end_matches('\0').replace('\0', " ")
    }

    pub(crate) fn children(pid: u32) -> Vec<u32> {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        children
            .flat_map(|pids| pids.split_whitespace().map(str::parse).collect::<Vec<_>>())
            .flatten()
            .collect()
    }

    /// What its descriptors lead to.
    pub(crate) fn descriptors(pid: u32) -> Vec<PathBuf> {
        let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        links.filter_map(|link| fs::read_link(link.path()).ok()).collect()
    }
}

#[cfg(target_os = "macos")]
mod macos {
    use std::path::PathBuf;
    use std::process::Command;

    use crate::sandbox::output;

    fn said(program: &str, words: &[&str]) -> String {
        String::from_utf8_lossy(&output(Command::new(program).args(words)).stdout).into_owned()
    }

    /// As on Linux. The environment of Apple's own programs, such as `sh` and `sleep`, is hidden: they are found as
    /// descendants of those that show it.
    pub(crate) fn with_variable(variable: &str) -> Vec<u32> {
        let all = said("/bin/ps", &["-axwwE", "-o", "pid=,ppid=,stat=,command="]);
        let rows: Vec<(u32, u32, &str)> = all.lines().filter_map(row).collect();
        let is_marked = |rest: &str| rest.split(' ').any(|word| word == variable);
        let marked = rows.iter().filter(|(_, _, rest)| is_marked(rest));
        let mut found: Vec<u32> = marked.map(|(pid, _, _)| *pid).collect();
        let mut at = 0;
        while at < found.len() {
            let children = rows.iter().filter(|(_, parent, _)| *parent == found[at]);
            let new: Vec<u32> = children
                .map(|(pid, _, _)| *pid)
                .filter(|pid| !found.contains(pid))
                .collect();
            found.extend(new);
            at += 1;
        }
        found.retain(|pid| rows.iter().any(|(it, _, rest)| it == pid && !rest.starts_with('Z')));
        found
    }

    /// Pid, parent, and what follows.
    fn row(line: &str) -> Option<(u32, u32, &str)> {
        let (pid, rest) = line.trim_start().split_once(' ')?;
        let (parent, rest) = rest.trim_start().split_once(' ')?;
        Some((pid.parse().ok()?, parent.parse().ok()?, rest.trim_start()))
    }

    pub(crate) fn state(pid: u32) -> Option<char> {
        said("/bin/ps", &["-o", "stat=", "-p", &pid.to_string()]).chars().next()
    }

    pub(crate) fn command(pid: u32) -> String {
        said("/bin/ps", &["-ww", "-o", "command=", "-p", &pid.to_string()])
            .trim_end()
            .to_owned()
    }

    pub(crate) fn children(pid: u32) -> Vec<u32> {
        let all = said("/bin/ps", &["-ax", "-o", "pid=,ppid=,stat="]);
        let rows = all.lines().filter_map(row).filter(|(_, parent, _)| *parent == pid);
        rows.map(|(pid, _, _)| pid).collect()
    }

    pub(crate) fn descriptors(pid: u32) -> Vec<PathBuf> {
        let all = said("/usr/sbin/lsof", &["-nP", "-p", &pid.to_string(), "-Fn"]);
        all.lines()
            .filter_map(|line| line.strip_prefix('n'))
            .map(PathBuf::from)
            .collect()
    }
}
