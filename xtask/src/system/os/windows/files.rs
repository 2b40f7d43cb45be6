//! Files: locks, private files and directories.
//!
//! Access is decided by lists, which a file inherits from its directory. State is kept in the user's profile, which
//! Windows opens to the user, to administrators and to the system alone.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_OPEN_REPARSE_POINT, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

use super::check;
use crate::system::new_file::Readers;
use crate::system::os::write_at_once::write_at_once;

/// Waits for the exclusive lock on a file. The kernel releases it when the file is closed.
pub(crate) fn lock(file: &File) -> io::Result<()> {
    lock_as(file, LOCKFILE_EXCLUSIVE_LOCK)
}

/// Takes the lock without waiting; `false` if another process holds it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    let is_held = |error: &io::Error| {
        let number = error.raw_os_error().map(i32::cast_unsigned);
        [Some(ERROR_LOCK_VIOLATION), Some(ERROR_IO_PENDING)].contains(&number)
    };
    match lock_as(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY) {
        Err(error) if is_held(&error) => Ok(false),
        locked => locked.map(|()| true),
    }
}

/// Nobody may read what is locked, so a byte far behind the end stands for the file.
///
/// Source: learn.microsoft.com, `LockFileEx`: a range may lie beyond the end of the file.
fn lock_as(file: &File, flags: u32) -> io::Result<()> {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.OffsetHigh = 0x4000_0000;
    // SAFETY: the handle is open and not overlapped, so the structure is used during the call only.
    check(unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut place) })
}

/// Appends `line` to the file at `path` in a single write, so that lines of several processes do not mix. File and
/// directory are created; a link is not followed.
///
/// # Errors
/// Errors of the system; the caller adds the path.
pub(crate) fn append_private(path: &Path, line: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)?;
    if file.metadata()?.file_type().is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    write_at_once(&mut file, line)
}

/// Creates a directory and its ancestors.
///
/// # Errors
/// It cannot be created, or it exists and is a link.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    if std::fs::symlink_metadata(path)?.is_dir() {
        Ok(())
    } else {
        Err(io::Error::other("it is a link, not a directory"))
    }
}

/// Makes a file that does not exist yet. Who may read it follows from its directory.
pub(crate) fn create_new(path: &Path, _: Readers) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Not looked at: outside of a profile, Windows lets every user read by default, so a warning would tell nothing.
pub(crate) fn is_readable_by_all(_: &Path) -> bool {
    false
}

/// Not looked at, as for [`is_readable_by_all`].
pub(crate) fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Windows has no files whose opening blocks.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// An empty file.
///
/// # Errors
/// The system has no handle left.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("NUL")
}

/// Named pipes are not in the file system.
pub(crate) fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

/// The kind of a file that is neither a regular file nor a directory.
pub(crate) fn kind(_: std::fs::FileType) -> &'static str {
    "device"
}

/// The directory for temporary files.
pub(crate) fn short_directory() -> std::path::PathBuf {
    std::env::temp_dir()
}
