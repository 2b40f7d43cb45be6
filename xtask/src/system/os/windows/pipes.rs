//! Pipes: waiting for many at once, and reading without waiting.
//!
//! Our ends of the pipes that std makes are overlapped. A read of no bytes waits until there are some, and takes none; so
//! does libuv. A write of no bytes ends it too, so what is there is always asked for.
//!
//! Source: library/std/src/sys/process/windows/child_pipe.rs; `uv__pipe_queue_read` in libuv, src/win/pipe.c.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::ptr::{self, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_INVALID_PARAMETER, ERROR_IO_PENDING, HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::IO::*;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, WaitForSingleObject};

use super::processes::owned;
use super::{check, milliseconds};

/// How many bytes a pipe contains.
///
/// # Errors
/// Its other end is closed and nothing is left, or it is no pipe.
fn available(pipe: HANDLE) -> io::Result<usize> {
    let mut count = 0;
    // SAFETY: the handle is open, and only the count is written to.
    check(unsafe { PeekNamedPipe(pipe, null_mut(), 0, null_mut(), &raw mut count, null_mut()) })?;
    Ok(count as usize)
}

/// Whether a read would return at once, with bytes or with the end.
fn is_readable(pipe: HANDLE) -> bool {
    available(pipe).map_or(true, |count| count > 0)
}

/// Begins a read of no bytes; `false` if it has failed, because the other end is closed.
///
/// # Safety
/// The handle is open and overlapped, and `overlapped` stays where it is until the read has ended.
unsafe fn begin(pipe: HANDLE, overlapped: *mut OVERLAPPED) -> bool {
    let mut nothing = 0_u8;
    // SAFETY: no byte is written to; for the rest the caller is responsible.
    let is_done = unsafe { ReadFile(pipe, &raw mut nothing, 0, null_mut(), overlapped) } != 0;
    is_done || io::Error::last_os_error().raw_os_error() == Some(ERROR_IO_PENDING.cast_signed())
}

/// Whether `from` becomes readable within `patience`; the end of the input counts as readable.
pub(crate) fn is_readable_within(from: &impl AsHandle, patience: Duration) -> bool {
    let pipe = from.as_handle().as_raw_handle();
    let until = Instant::now() + patience;
    // SAFETY: null stands for the usual attributes and no name, and the handle is ours to close.
    let Ok(event) = (unsafe { owned(CreateEventW(ptr::null(), 1, 0, ptr::null())) }) else {
        // Reading waits.
        return true;
    };
    while !is_readable(pipe) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let mut overlapped = OVERLAPPED {
            hEvent: event.as_raw_handle(),
            ..OVERLAPPED::default()
        };
        let mut count = 0;
        // SAFETY: the handles are open. The structure is not left before the read has ended: it is cancelled and waited for.
        unsafe {
            if !begin(pipe, &raw mut overlapped) {
                return true;
            }
            if WaitForSingleObject(event.as_raw_handle(), milliseconds(left)) != WAIT_OBJECT_0 {
                CancelIoEx(pipe, &raw const overlapped);
            }
            GetOverlappedResult(pipe, &raw const overlapped, &raw mut count, 1);
        }
    }
    true
}

/// Reads what a pipe contains now, at most `at_most` bytes. Does not wait for its end.
pub(crate) fn read_at_once(pipe: impl AsHandle, at_most: usize) -> Vec<u8> {
    let handle = pipe.as_handle();
    let count = available(handle.as_raw_handle()).unwrap_or(0).min(at_most);
    let mut bytes = vec![0; count];
    let read = handle.try_clone_to_owned().and_then(|pipe| match count {
        0 => Ok(0),
        _ => File::from(pipe).read(&mut bytes),
    });
    bytes.truncate(read.unwrap_or(0));
    bytes
}

/// Reports the keys of added pipes that are readable.
pub(crate) struct Poller {
    port: OwnedHandle,
    pipes: Mutex<BTreeMap<u64, Pipe>>,
}

struct Pipe {
    handle: HANDLE,
    /// Of the read under way. Its address is fixed.
    overlapped: Box<OVERLAPPED>,
    is_waiting: bool,
}

// SAFETY: the handle is a number; the structure is used by the kernel and, under the lock, by one thread.
unsafe impl Send for Pipe {}

impl Pipe {
    /// Begins to wait, unless it can be read; `false` if it can.
    fn wait(&mut self) -> bool {
        if self.is_waiting {
            return true;
        }
        *self.overlapped = OVERLAPPED::default();
        // SAFETY: the caller of `Poller::add` keeps the handle open, and the box stays until the read has ended.
        self.is_waiting = !is_readable(self.handle) && unsafe { begin(self.handle, &raw mut *self.overlapped) };
        self.is_waiting
    }
}

impl Poller {
    /// # Errors
    /// No handle is available.
    pub(crate) fn new() -> io::Result<Poller> {
        // SAFETY: the handle is ours to close.
        let port = unsafe { owned(CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, 1)) }?;
        let pipes = Mutex::default();
        Ok(Poller { port, pipes })
    }

    /// Adds our end of a pipe, which is kept open until it is removed.
    ///
    /// # Errors
    /// It is no overlapped pipe.
    pub(crate) fn add(&self, file: &File, key: u64) -> io::Result<()> {
        let handle = file.as_raw_handle();
        // SAFETY: both handles are open.
        let port = unsafe { CreateIoCompletionPort(handle, self.port.as_raw_handle(), key as usize, 0) };
        if port.is_null() {
            let error = io::Error::last_os_error();
            // It was added before: a handle belongs to its port for good.
            if error.raw_os_error() != Some(ERROR_INVALID_PARAMETER.cast_signed()) {
                return Err(error);
            }
        }
        let pipe = Pipe {
            handle,
            overlapped: Box::default(),
            is_waiting: false,
        };
        self.pipes().insert(key, pipe);
        // The thread that waits begins the read.
        // SAFETY: the handle is open, and there is nothing to point to.
        check(unsafe { PostQueuedCompletionStatus(self.port.as_raw_handle(), 0, key as usize, ptr::null()) })
    }

    /// Removes a file.
    pub(crate) fn remove(&self, file: &File) {
        let mut pipes = self.pipes();
        let is_it = |(key, pipe): (&u64, &Pipe)| (pipe.handle == file.as_raw_handle()).then_some(*key);
        let Some(pipe) = pipes.iter().find_map(is_it).and_then(|key| pipes.remove(&key)) else {
            return;
        };
        if pipe.is_waiting {
            let overlapped = Box::leak(pipe.overlapped);
            let mut count = 0;
            // SAFETY: the handle is open, and the structure outlives the read.
            unsafe {
                CancelIoEx(pipe.handle, overlapped);
                GetOverlappedResult(pipe.handle, overlapped, &raw mut count, 1);
            }
        }
    }

    /// Waits until some pipe is readable or at its end, at most `patience`; appends their keys to `ready`.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>, patience: Option<Duration>) {
        for (key, pipe) in self.pipes().iter_mut() {
            if !pipe.wait() {
                ready.push(*key);
            }
        }
        let patience = match patience {
            _ if !ready.is_empty() => 0,
            Some(patience) => milliseconds(patience),
            None => INFINITE,
        };
        let (mut count, mut key, mut overlapped) = (0, 0, null_mut());
        let port = self.port.as_raw_handle();
        // SAFETY: the handle is open, and the three places are written to only. A failed read is reported as a failure.
        unsafe { GetQueuedCompletionStatus(port, &raw mut count, &raw mut key, &raw mut overlapped, patience) };
        let mut pipes = self.pipes();
        if let Some(pipe) = pipes.get_mut(&(key as u64)) {
            let is_its = ptr::eq(overlapped, &raw const *pipe.overlapped);
            pipe.is_waiting &= !is_its;
            if is_its && is_readable(pipe.handle) && !ready.contains(&(key as u64)) {
                ready.push(key as u64);
            }
        }
    }

    fn pipes(&self) -> MutexGuard<'_, BTreeMap<u64, Pipe>> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
