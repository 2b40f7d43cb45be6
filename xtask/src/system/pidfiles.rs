//! Pid files that a server left behind: the process that they name is gone, or another process has its pid now.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{files, os};
use crate::foreign::Foreign;
use crate::preflight::pidfile::StalePidfile;
use crate::process::ProcessState;

/// Of a pid file, in bytes: those of PostgreSQL have eight lines.
const MAX_BYTES: u64 = 4096;

/// `None` if there is no such file, if its process may be the one that wrote it, or if that could not be told. A file
/// that does not begin with a pid is not judged.
pub(crate) fn stale(path: &Path) -> Option<StalePidfile> {
    let text = String::from_utf8(files::read_regular(path, MAX_BYTES).ok()?).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 0)?;
    let stale = |taken_by: Option<Foreign>| StalePidfile {
        path: path.to_owned(),
        pid,
        taken_by,
    };
    let Some(process) = os::process(pid).ok()? else {
        return Some(stale(None));
    };
    if process.state == ProcessState::Zombie {
        return Some(stale(None));
    }
    (!is_older(pid, path)?).then(|| stale(Some(process.name.clone())))
}

/// Whether the process was there when the file was written; not if that cannot be told.
pub(crate) fn may_have_written(pid: u32, path: &Path) -> bool {
    is_older(pid, path).unwrap_or(false)
}

/// Whether the process started before the file was written.
fn is_older(pid: u32, path: &Path) -> Option<bool> {
    let written = fs::metadata(path).and_then(|file| file.modified()).ok()?;
    Some(started_at(pid)? <= seconds(written)?)
}

/// Removes the file if it is stale.
pub(crate) fn remove_if_stale(path: &Path) {
    if stale(path).is_some() {
        // The server tells if it is in its way.
        let _ = fs::remove_file(path);
    }
}

/// In whole seconds since 1970, rounded down.
fn started_at(pid: u32) -> Option<u64> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new();
    let wanted = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, wanted);
    system.process(pid).map(sysinfo::Process::start_time)
}

/// Rounded up, with a second for the inaccuracy of start times: Linux gives them in ticks since a boot whose time is in
/// seconds.
fn seconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs() + 2)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    fn check(content: &str, age: Duration, expected: Option<(u32, bool)>) {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("server.pid");
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        // Windows keeps the name of a removed file until it is closed.
        drop(file);
        let found = stale(&path).map(|stale| (stale.pid, stale.taken_by.is_some()));
        assert_eq!(found, expected, "{content:?}");
        remove_if_stale(&path);
        assert_eq!(path.exists(), expected.is_none());
    }

    #[test]
    fn a_file_is_stale_if_its_process_is_gone_or_younger() {
        let day = Duration::from_secs(86_400);
        let us = std::process::id();
        check(&format!("{us}\n"), Duration::ZERO, None);
        check(&format!("{us}\n/var/lib/data\n"), day, Some((us, true)));
        let mut gone = Command::new(std::env::current_exe().unwrap());
        let mut gone = gone.arg("--list").stdout(Stdio::null()).spawn().unwrap();
        // A zombie until it is waited for.
        let pid = gone.id();
        gone.wait().unwrap();
        check(&format!("  {pid}"), Duration::ZERO, Some((pid, false)));
        for content in ["", "0", "-1", "pid 12", "99999999999999999999"] {
            check(content, day, None);
        }
    }

    #[test]
    fn what_is_no_regular_file_is_not_judged() {
        let directory = tempfile::TempDir::new().unwrap();
        assert_eq!(stale(directory.path()), None);
        assert_eq!(stale(&directory.path().join("none")), None);
    }
}
