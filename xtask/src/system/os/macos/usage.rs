//! What a process uses: processor time, memory, descriptors.

use std::io;
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::time::Duration;

use super::kernel::{checked, has_ended, process_info, sysctl, unreadable};
use super::processes::process;
use super::sockets::descriptors;
use crate::process::{Identity, Process};
use crate::system::os::Look;
use crate::system::os::parse::macos::fdinfo::DESCRIPTOR;
use crate::system::os::parse::usage as parse;
use crate::system::usage::Usage;

/// A process and what it uses.
///
/// Source: bsd/sys/resource.h, `struct rusage_info_v1`, also of zombies; bsd/sys/proc_info.h, `struct proc_taskinfo`, begins
/// with the virtual size.
pub(crate) fn usage(pid: u32) -> Look<(Process, Usage)> {
    let used = match used(pid) {
        Err(error) if has_ended(&error) => return Ok(None),
        used => used.map_err(|error| unreadable(&format!("what process {pid} uses"), &error))?,
    };
    let mut task = [0; size_of::<libc::proc_taskinfo>()];
    // A zombie has no memory.
    let virtual_bytes = match process_info(pid, libc::PROC_PIDTASKINFO, &mut task) {
        Ok(_) => task.first_chunk().copied().map_or(0, u64::from_ne_bytes),
        Err(_) => 0,
    };
    let usage = Usage {
        cpu: time(used.ri_user_time + used.ri_system_time),
        waited_cpu: time(used.ri_child_user_time + used.ri_child_system_time),
        virtual_bytes,
        resident_bytes: used.ri_resident_size,
    };
    Ok(process(pid)?.map(|process| (process, usage)))
}

#[expect(unsafe_code, reason = "nothing else tells it")]
fn used(pid: u32) -> io::Result<libc::rusage_info_v1> {
    let mut used = MaybeUninit::<libc::rusage_info_v1>::zeroed();
    let at = used.as_mut_ptr().cast();
    // SAFETY: this version of the structure is written; it consists of numbers, for which zero is valid.
    unsafe {
        checked(libc::proc_pid_rusage(pid.cast_signed(), libc::RUSAGE_INFO_V1, at))?;
        Ok(used.assume_init())
    }
}

/// Processor time is counted in ticks of the machine's clock: nanoseconds on Intel, 24 MHz on Apple's processors.
///
/// Source: osfmk/kern/task.c, `fill_task_rusage`; `hw.tbfrequency` is the frequency in Hz.
fn time(ticks: u64) -> Duration {
    static FREQUENCY: OnceLock<u64> = OnceLock::new();
    let frequency = || {
        let value = sysctl(c"hw.tbfrequency", None).unwrap_or_default();
        value
            .first_chunk()
            .map_or(1_000_000_000, |value| u64::from_ne_bytes(*value))
    };
    parse::time(ticks, *FREQUENCY.get_or_init(frequency))
}

/// When a process was started, since 1970.
pub(crate) fn started_at(process: &Identity) -> Option<Duration> {
    Some(Duration::from_micros(process.start))
}

/// How many descriptors a process has open. Another user's process is closed to us.
pub(crate) fn open_descriptors(pid: u32) -> Look<u64> {
    match descriptors(pid) {
        Err(error) if has_ended(&error) => Ok(None),
        list => list
            .map(|list| Some((list.len() / DESCRIPTOR) as u64))
            .map_err(|error| unreadable(&format!("the open files of process {pid}"), &error)),
    }
}
