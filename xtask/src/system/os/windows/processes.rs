//! The process table by Toolhelp, and details of one process by sysinfo.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::collections::BTreeMap;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::PathBuf;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, FILETIME, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::ToolHelp::*;
use windows_sys::Win32::System::Threading::*;

use super::check;
use super::groups;
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, Process, ProcessState, Tag};
use crate::system::os::Look;
use crate::system::os::parse::windows::{below, without_reused_parents};

/// Every process, by pid as the kernel lists them. The start of a process that may not be asked is 0; such a process is
/// never signalled.
///
/// # Errors
/// The system refuses the table.
pub(crate) fn processes() -> Result<Vec<Process>, Diagnostic> {
    let groups = groups::members();
    let mut table: Vec<Process> = entries()?.iter().filter_map(|entry| row(entry, &groups)).collect();
    without_reused_parents(&mut table);
    Ok(table)
}

/// One row of the process table.
pub(crate) fn process(pid: u32) -> Look<Process> {
    let entries = entries()?;
    let find = |pid: u32| entries.iter().find(|entry| entry.th32ProcessID == pid);
    let Some(entry) = find(pid) else { return Ok(None) };
    let parent = find(entry.th32ParentProcessID).filter(|parent| parent.th32ProcessID != pid);
    let (pair, groups) = ([Some(entry), parent].into_iter().flatten(), groups::members());
    let mut rows: Vec<Process> = pair.filter_map(|entry| row(entry, &groups)).collect();
    without_reused_parents(&mut rows);
    Ok(rows.into_iter().find(|row| row.identity.pid == pid))
}

fn entries() -> Result<Vec<PROCESSENTRY32W>, Diagnostic> {
    let refused = |error: io::Error| Diagnostic::new(format!("cannot read the process table: {error}"));
    // SAFETY: the structure is plain data, for which zeros are valid; its size is filled in.
    let mut entry: PROCESSENTRY32W = unsafe { std::mem::zeroed() };
    entry.dwSize = size_of::<PROCESSENTRY32W>() as u32;
    // SAFETY: a snapshot handle is ours to close; an invalid one is none.
    let snapshot = unsafe { owned(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0)) }.map_err(refused)?;
    let mut entries = Vec::new();
    // SAFETY: the handle is open, and the structure knows its size.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        entries.push(entry);
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    Ok(entries)
}

/// `None` if it has exited meanwhile.
fn row(entry: &PROCESSENTRY32W, groups: &BTreeMap<u32, u32>) -> Option<Process> {
    let pid = entry.th32ProcessID;
    let (start, state) = match open(pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE) {
        Ok(process) => (times(&process).map_or(0, |times| times.creation), state(&process)),
        Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) && pid != 0 => return None,
        Err(_) => (0, ProcessState::Running),
    };
    let length = entry.szExeFile.iter().position(|letter| *letter == 0);
    let name = String::from_utf16_lossy(&entry.szExeFile[..length.unwrap_or(entry.szExeFile.len())]);
    Some(Process {
        identity: Identity {
            boot: String::new(),
            pid,
            start,
        },
        name: name.into(),
        parent: entry.th32ParentProcessID,
        group: groups.get(&pid).copied().unwrap_or(0),
        session: 0,
        terminal: None,
        state,
        // The idle process. `System`, which holds the ports of http.sys, is told apart by its name.
        kernel: pid == 0,
    })
}

/// A process that has exited stays in the table while somebody holds a handle of it.
fn state(process: &OwnedHandle) -> ProcessState {
    // SAFETY: the handle is open.
    match unsafe { WaitForSingleObject(process.as_raw_handle(), 0) } {
        WAIT_OBJECT_0 => ProcessState::Zombie,
        _ => ProcessState::Running,
    }
}

pub(super) struct Times {
    /// In 100 ns since 1601.
    pub(super) creation: u64,
    /// In 100 ns, in user and kernel mode.
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only metrics tell it"))]
    pub(super) used: u64,
}

pub(super) fn times(process: &OwnedHandle) -> io::Result<Times> {
    let mut times = [FILETIME::default(); 4];
    let [creation, exit, kernel, user] = &mut times;
    // SAFETY: the handle is open, and the four places are written to only.
    check(unsafe { GetProcessTimes(process.as_raw_handle(), creation, exit, kernel, user) })?;
    let [creation, _, kernel, user] =
        times.map(|time| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime));
    Ok(Times {
        creation,
        used: kernel + user,
    })
}

/// Source: learn.microsoft.com, `OpenProcess`: ERROR_INVALID_PARAMETER if there is no such process.
pub(super) fn open(pid: u32, access: u32) -> io::Result<OwnedHandle> {
    // SAFETY: the call has no other requirements, and its handle is ours to close.
    unsafe { owned(OpenProcess(access, 0, pid)) }
}

/// Takes a handle that a function has just returned.
///
/// # Safety
/// It is a new handle, or null or `INVALID_HANDLE_VALUE` for a failure.
pub(super) unsafe fn owned(handle: windows_sys::Win32::Foundation::HANDLE) -> io::Result<OwnedHandle> {
    use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller guarantees it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The identity of the process that has `pid` now.
pub(crate) fn identity(pid: u32) -> Look<Identity> {
    Ok(process(pid)?.map(|process| process.identity))
}

/// Whether `pid` is alive.
///
/// # Errors
/// Its state cannot be read.
pub(crate) fn has_main_thread(pid: u32) -> Result<bool, Diagnostic> {
    Ok(process(pid)?.is_some_and(|process| process.state != ProcessState::Zombie))
}

/// All descendants of `pid`, nearest first. A process whose parent has exited is no longer a descendant.
///
/// # Errors
/// The system refuses the table.
pub(crate) fn descendants(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    Ok(below(pid, &processes()?))
}

/// The children of `pid`.
///
/// # Errors
/// The system refuses the table.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>, Diagnostic> {
    let below = processes()?
        .into_iter()
        .filter(|process| process.parent == pid && pid != 0);
    Ok(below.map(|process| process.identity.pid).collect())
}

/// Our own children.
///
/// # Errors
/// The system refuses the table.
pub(crate) fn own_children() -> Result<Vec<u32>, Diagnostic> {
    children(std::process::id())
}

/// The tag of the process, if devtasks started it; also `None` if we may not read its environment.
pub(crate) fn tag(pid: u32) -> Look<Tag> {
    // Sooner answered than by sysinfo, and true of most processes of a machine.
    if open(pid, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ).is_err() {
        return Ok(None);
    }
    let mut environ = Vec::new();
    for (name, value) in environment(pid)? {
        environ.extend(format!("{name}={value}\0").into_bytes());
    }
    Ok(Tag::from_environ(&environ))
}

/// The variables of `pid`, as far as they are text; empty if we may not read them.
///
/// # Errors
/// None.
pub(crate) fn environment(pid: u32) -> Result<BTreeMap<String, String>, Diagnostic> {
    let wanted = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
    let environment = seen(pid, wanted, |process| {
        let entries = process
            .environ()
            .iter()
            .filter_map(|entry| entry.to_str()?.split_once('='));
        entries
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    Ok(environment.unwrap_or_default())
}

/// The command line of `pid`, as words; empty if it cannot be read.
pub(crate) fn command(pid: u32) -> Vec<String> {
    let wanted = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    let words = seen(pid, wanted, |process| {
        process
            .cmd()
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    });
    words.unwrap_or_default()
}

/// The working directory of `pid`.
pub(crate) fn cwd(pid: u32) -> Option<PathBuf> {
    let wanted = ProcessRefreshKind::nothing().with_cwd(UpdateKind::Always);
    seen(pid, wanted, |process| process.cwd().map(PathBuf::from))?
}

/// The executable of `pid`.
pub(crate) fn program(pid: u32) -> Option<PathBuf> {
    let wanted = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
    seen(pid, wanted, |process| process.exe().map(PathBuf::from))?
}

/// The security identifier of the user of `pid`, such as `S-1-5-21-…-1001`.
pub(super) fn sid(pid: u32) -> Option<String> {
    let wanted = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
    seen(pid, wanted, |process| process.user_id().map(|sid| sid.to_string()))?
}

fn seen<T>(pid: u32, wanted: ProcessRefreshKind, look: impl FnOnce(&sysinfo::Process) -> T) -> Option<T> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, wanted.without_tasks());
    system.process(pid).map(look)
}
