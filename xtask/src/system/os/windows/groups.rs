//! The processes that we start: each in a job of its own, listed here until it and all in its job have ended.
//!
//! Windows has no process groups that outlive their leader; a job takes their place, and the leader's pid is its number.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Diagnostics::ToolHelp::*;
use windows_sys::Win32::System::JobObjects::*;
use windows_sys::Win32::System::Threading::*;

use super::console::announce;
use super::jobs::{Job, KILLED};
use super::processes::owned;
use super::{check, milliseconds};
use crate::diagnose::ExitStatus;
use crate::diagnostic::Diagnostic;
use crate::system::os::{Signal, SignalEvent, Unadopted};

struct Started {
    pid: u32,
    /// While it is open, no other process gets the pid.
    process: OwnedHandle,
    job: Job,
    /// Whether it leads a process group of its console, so that Ctrl-Break can be sent to it.
    leads: bool,
    is_reaped: bool,
    _wait: Wait,
}

/// The registration that reports its end.
struct Wait(HANDLE);

// SAFETY: the number stands for a registration of this process; any thread may cancel it.
unsafe impl Send for Wait {}

impl Drop for Wait {
    fn drop(&mut self) {
        // SAFETY: it was registered and is cancelled once. A call under way uses nothing of ours.
        unsafe { UnregisterWaitEx(self.0, ptr::null_mut()) };
    }
}

static ALL: Mutex<Vec<Started>> = Mutex::new(Vec::new());
static IS_KEPT: AtomicBool = AtomicBool::new(false);

fn all() -> MutexGuard<'static, Vec<Started>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Groups started from now on live on when we are killed.
pub(crate) fn keep_groups() {
    IS_KEPT.store(true, Ordering::Relaxed);
}

/// Starts the command as the leader of a new group: of its console, and of a job that takes in all that it starts. The
/// whole group ends with us, unless [`keep_groups`] was called. [`reap`] reports the leader's end.
///
/// # Errors
/// It cannot be run.
pub(crate) fn spawn_group(command: &mut Command) -> io::Result<Child> {
    let end = match IS_KEPT.load(Ordering::Relaxed) {
        true => 0,
        false => JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    };
    start(command, CREATE_NEW_PROCESS_GROUP, JOB_OBJECT_LIMIT_BREAKAWAY_OK | end)
}

/// Starts the command with a console of its own that nobody sees, outside of the jobs that we are in, if they permit it.
/// It lives on when we end. [`reap`] reports its end.
///
/// # Errors
/// It cannot be run.
pub(crate) fn spawn_session(command: &mut Command) -> io::Result<Child> {
    let flags = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP;
    match start(
        command,
        flags | CREATE_BREAKAWAY_FROM_JOB,
        JOB_OBJECT_LIMIT_BREAKAWAY_OK,
    ) {
        Err(error) if error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed()) => {
            start(command, flags, JOB_OBJECT_LIMIT_BREAKAWAY_OK)
        }
        started => started,
    }
}

/// Starts the command in our own group. It ends with us; what it starts does not. Its end is announced.
///
/// # Errors
/// It cannot be run.
pub(crate) fn spawn_with_us(command: &mut Command) -> io::Result<Child> {
    let limits = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    start(command, 0, limits)
}

fn start(command: &mut Command, flags: u32, limits: u32) -> io::Result<Child> {
    let job = Job::new(limits)?;
    // Suspended, so that it starts nothing before it is in its job.
    let mut child = command.creation_flags(flags | CREATE_SUSPENDED).spawn()?;
    let started = (|| {
        job.take_in(&child)?;
        let process = child.as_handle().try_clone_to_owned()?;
        let mut wait = ptr::null_mut();
        let handle = process.as_raw_handle();
        // SAFETY: the handle stays open as long as the registration, and the function needs no context.
        check(unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                handle,
                Some(ended),
                ptr::null(),
                INFINITE,
                WT_EXECUTEONLYONCE,
            )
        })?;
        let started = Started {
            pid: child.id(),
            process,
            job,
            leads: flags & CREATE_NEW_PROCESS_GROUP != 0,
            is_reaped: false,
            _wait: Wait(wait),
        };
        all().push(started);
        resume(child.id())
    })();
    started.inspect_err(|_| drop(child.kill().and_then(|()| child.wait())))?;
    Ok(child)
}

// SAFETY: nothing is asked of the caller; the signature is the system's.
unsafe extern "system" fn ended(_: *mut c_void, _: bool) {
    announce(SignalEvent::ChildEnded);
}

/// Lets the one thread of a suspended process run. Std hides its handle.
fn resume(pid: u32) -> io::Result<()> {
    let mut entry = THREADENTRY32 {
        dwSize: size_of::<THREADENTRY32>() as u32,
        ..THREADENTRY32::default()
    };
    // SAFETY: a snapshot handle is ours to close.
    let snapshot = unsafe { owned(CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0)) }?;
    // SAFETY: the handle is open, and the structure knows its size.
    check(unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) })?;
    while entry.th32OwnerProcessID != pid {
        // SAFETY: as above.
        check(unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) })?;
    }
    // SAFETY: the handle is ours to close.
    let thread = unsafe { owned(OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID)) }?;
    // SAFETY: the handle is open.
    match unsafe { ResumeThread(thread.as_raw_handle()) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Reports every process started here that has exited, once: pids and statuses.
pub(crate) fn reap() -> Vec<(u32, ExitStatus)> {
    let mut all = all();
    let mut ended = Vec::new();
    for started in all.iter_mut().filter(|started| !started.is_reaped) {
        if has_ended(&started.process, Duration::ZERO) {
            started.is_reaped = true;
            let mut code = 0;
            // SAFETY: the handle is open, and the code is written to only.
            unsafe { GetExitCodeProcess(started.process.as_raw_handle(), &raw mut code) };
            let status = ExitStatus {
                code: Some(code.cast_signed()),
                signal: None,
            };
            ended.push((started.pid, status));
        }
    }
    // Closing a job would end what is left in it.
    all.retain(|started| !started.is_reaped || !started.job.members().is_ok_and(|members| members.is_empty()));
    ended
}

fn has_ended(process: &impl AsRawHandle, patience: Duration) -> bool {
    // SAFETY: the handle is open.
    unsafe { WaitForSingleObject(process.as_raw_handle(), milliseconds(patience)) == WAIT_OBJECT_0 }
}

/// Waits for a child; `false` if it is still running after `patience`.
pub(crate) fn ends_within(child: &mut Child, patience: Duration) -> bool {
    has_ended(child, patience)
}

/// Signals a group started here: the kill ends its job, and any other stop signal is Ctrl-Break, to which programs
/// react as to Ctrl-C. Where it cannot be sent, for want of a console, they are killed at once.
///
/// Source: learn.microsoft.com, `GenerateConsoleCtrlEvent`: Ctrl-C cannot be sent to one group, Ctrl-Break can. wine 8 has
/// not implemented it.
pub(crate) fn signal_group(group: u32, signal: Signal) {
    let all = all();
    let Some(started) = all.iter().find(|started| started.pid == group) else {
        return;
    };
    match signal {
        Signal::Cont => {}
        Signal::Kill => started.job.kill(),
        Signal::Term | Signal::Int | Signal::Quit | Signal::Hup | Signal::Usr1 | Signal::Usr2 => {
            // SAFETY: the call has no other requirements.
            let is_sent = started.leads && unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, group) } != 0;
            if !is_sent {
                started.job.kill();
            }
        }
    }
}

/// Signals a process started here. One in our own group gets Ctrl-C and Ctrl-Break together with us, so only the kill
/// has to be passed on to it.
pub(crate) fn signal_child(pid: u32, signal: Signal) {
    let leads = {
        let all = all();
        let Some(started) = all.iter().find(|started| started.pid == pid) else {
            return;
        };
        if signal == Signal::Kill {
            // SAFETY: the handle is open. It fails if the process has exited.
            unsafe { TerminateProcess(started.process.as_raw_handle(), KILLED) };
        }
        started.leads
    };
    if leads && signal != Signal::Kill {
        signal_group(pid, signal);
    }
}

/// Whether this process leads a group started here.
pub(super) fn leads(pid: u32) -> bool {
    all().iter().any(|started| started.pid == pid && started.leads)
}

/// The processes of the groups started here, with the number of the group of each.
pub(super) fn members() -> BTreeMap<u32, u32> {
    let mut members = BTreeMap::new();
    for started in all().iter().filter(|started| started.leads) {
        let inside = started.job.members().unwrap_or_default().into_iter();
        members.extend(inside.chain([started.pid]).map(|pid| (pid, started.pid)));
    }
    members
}

/// The processes of these groups. Windows gives the children of an exited process to nobody, but they stay in its job.
///
/// # Errors
/// A job cannot be read.
pub(crate) fn unadopted(groups: &[u32]) -> Result<Vec<Unadopted>, Diagnostic> {
    let mut found = Vec::new();
    for started in all().iter().filter(|started| groups.contains(&started.pid)) {
        let unread = |error| Diagnostic::new(format!("cannot list the processes of pid {}: {error}", started.pid));
        let members = started.job.members().map_err(unread)?;
        found.extend(members.into_iter().map(|pid| Unadopted {
            pid,
            group: Some(started.pid),
        }));
    }
    Ok(found)
}

/// Nothing to do: a group ends with us by its job, and so does what [`spawn_with_us`] starts.
pub(crate) fn end_with_us(_: &mut Command) {}

/// Nothing to do: a process is started as a whole.
pub(crate) fn kill_half_started() {}
