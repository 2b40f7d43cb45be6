//! What a process uses: processor time, memory, descriptors.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::param::{clock_ticks_per_second, page_size};

use super::processes::{content, has_ended, row, unreadable_file};
use crate::process::{Identity, Process};
use crate::system::os::Look;
use crate::system::os::parse::processes as parse;
use crate::system::os::parse::usage as raw;
use crate::system::problem;
use crate::system::usage::Usage;

/// A process and what it uses, from one read.
pub(crate) fn usage(pid: u32) -> Look<(Process, Usage)> {
    let line = content(pid, "stat").map_err(|error| unreadable_file(pid, "stat", &error))?;
    let Some((line, raw)) = line.and_then(|line| raw::usage(&line).map(|raw| (line, raw))) else {
        return Ok(None);
    };
    let usage = Usage {
        cpu: time(raw.ticks),
        waited_cpu: time(raw.waited_ticks),
        virtual_bytes: raw.virtual_bytes,
        resident_bytes: raw.resident_pages * page_size() as u64,
    };
    Ok(Some((row(pid, &line)?, usage)))
}

/// When a process of this boot was started, since 1970. `sysinfo` tells that too, but raises our limit on descriptors.
///
/// Source: man 5 proc_stat, `btime`, in whole seconds.
pub(crate) fn started_at(process: &Identity) -> Option<Duration> {
    static BOOT: OnceLock<Option<u64>> = OnceLock::new();
    let boot = || parse::counter(&fs::read_to_string("/proc/stat").ok()?, "btime");
    Some(Duration::from_secs((*BOOT.get_or_init(boot))?) + time(process.start))
}

fn time(ticks: u64) -> Duration {
    raw::time(ticks, clock_ticks_per_second())
}

/// How many descriptors a process has open.
///
/// Source: kernel docs filesystems/proc.rst, 3.8: since Linux 6.2 the length of `/proc/PID/fd` is their number; before, it is
/// 0, and the entries are counted. man 5 proc_pid_fd: another user's process is closed to us.
pub(crate) fn open_descriptors(pid: u32) -> Look<u64> {
    let directory = format!("/proc/{pid}/fd");
    let count = || -> io::Result<u64> {
        // The length alone can be asked for without the right to look inside.
        let mut entries = fs::read_dir(&directory)?;
        match fs::metadata(&directory)?.len() {
            0 => entries.try_fold(0, |count, entry| entry.map(|_| count + 1)),
            count => Ok(count),
        }
    };
    match count() {
        Err(error) if has_ended(&error) => Ok(None),
        count => count
            .map(Some)
            .map_err(|error| problem("read", Path::new(&directory), &error)),
    }
}
