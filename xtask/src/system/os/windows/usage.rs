//! What a process uses: processor time, memory, handles.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{GetProcessHandleCount, PROCESS_QUERY_LIMITED_INFORMATION};

use super::check;
use super::processes::{open, process, times};
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, Process};
use crate::system::os::Look;
use crate::system::usage::Usage;

/// A process and what it uses. Windows does not keep what exited children used.
///
/// Source: learn.microsoft.com, `PROCESS_MEMORY_COUNTERS`: `PagefileUsage` is the memory committed for the process alone.
pub(crate) fn usage(pid: u32) -> Look<(Process, Usage)> {
    let Some(process) = process(pid)? else { return Ok(None) };
    let usage = || -> io::Result<Usage> {
        let handle = open(pid, PROCESS_QUERY_LIMITED_INFORMATION)?;
        let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
        let mut memory = PROCESS_MEMORY_COUNTERS::default();
        // SAFETY: the handle is open, and the structure has this size.
        check(unsafe { K32GetProcessMemoryInfo(handle.as_raw_handle(), &raw mut memory, size) })?;
        Ok(Usage {
            cpu: Duration::from_nanos(times(&handle)?.used.saturating_mul(100)),
            waited_cpu: Duration::ZERO,
            virtual_bytes: memory.PagefileUsage as u64,
            resident_bytes: memory.WorkingSetSize as u64,
        })
    };
    usage()
        .map(|usage| Some((process, usage)))
        .map_err(|error| unreadable(pid, &error))
}

/// When the process was started, since 1970.
///
/// Source: learn.microsoft.com, `FILETIME`: 100 ns since 1601.
pub(crate) fn started_at(process: &Identity) -> Option<Duration> {
    const SECONDS_TO_1970: u64 = 11_644_473_600;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let ticks = process.start.checked_sub(SECONDS_TO_1970 * TICKS_PER_SECOND)?;
    Some(Duration::from_secs(ticks / TICKS_PER_SECOND) + Duration::from_nanos(ticks % TICKS_PER_SECOND * 100))
}

/// How many handles a process has open.
pub(crate) fn open_descriptors(pid: u32) -> Look<u64> {
    let count = |handle: OwnedHandle| {
        let mut count = 0;
        // SAFETY: the handle is open, and the count is written to only.
        check(unsafe { GetProcessHandleCount(handle.as_raw_handle(), &raw mut count) })?;
        Ok(u64::from(count))
    };
    match open(pid, PROCESS_QUERY_LIMITED_INFORMATION).and_then(count) {
        Ok(count) => Ok(Some(count)),
        Err(_) if process(pid)?.is_none() => Ok(None),
        Err(error) => Err(unreadable(pid, &error)),
    }
}

fn unreadable(pid: u32, error: &io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot see what pid {pid} uses: {error}"))
}
