//! The files of a run: the lock that a live supervisor holds, and the record that remains after a crash.
//!
//! They are in a directory of the checkout that only the user may enter.

mod place;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::clock::wall;
use super::os::Look;
use super::{os, problem, threads};
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, Process, ProcessState};
use crate::protocol::{Mode, Record};
use place::slug;
pub(crate) use place::state;

/// The state directory of one checkout.
#[derive(Debug, Clone)]
pub(crate) struct StateDir {
    path: PathBuf,
}

/// Held by the supervisor of a checkout while it lives; the kernel releases it when the process ends.
#[derive(Debug)]
pub(crate) struct CheckoutLock {
    _file: File,
}

pub(crate) enum LockOutcome {
    Acquired(CheckoutLock),
    /// The pid of the holder, if it has written it yet.
    HeldBy(Option<u32>),
}

impl StateDir {
    /// The state directory of a checkout; created if missing.
    ///
    /// # Errors
    /// It cannot be created, it belongs to another user, or its socket has no usable path.
    pub(crate) fn of(checkout: &Path) -> Result<StateDir, Diagnostic> {
        let path = state()?.join(slug(checkout));
        place::make(&path)?;
        let directory = StateDir { path };
        // Without a path for the socket nothing can be started, so this is reported first.
        directory.socket()?;
        Ok(directory)
    }

    /// For read-only commands: `None` if there was never a run.
    pub(crate) fn existing(checkout: &Path) -> Option<StateDir> {
        let path = state().ok()?.join(slug(checkout));
        path.is_dir().then_some(StateDir { path })
    }

    /// Whether it belongs to another user and cannot be read.
    pub(crate) fn is_closed(&self) -> bool {
        let is_denied = |error: io::Error| error.kind() == ErrorKind::PermissionDenied;
        os::anothers(&self.path).is_some() && fs::read_dir(&self.path).is_err_and(is_denied)
    }

    /// The records of the services' main processes.
    pub(crate) fn leaders(&self) -> PathBuf {
        self.path.join("leaders.jsonl")
    }

    /// Notes on the venvs of this checkout, and what was last said while they were made.
    pub(crate) fn venvs(&self) -> PathBuf {
        self.path.join("venvs")
    }

    /// Copies of the program for supervisors in the background.
    pub(crate) fn programs(&self) -> PathBuf {
        self.path.join("bin")
    }

    /// Messages of a background supervisor itself, such as a panic.
    pub(crate) fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    /// The timings of the last start.
    pub(crate) fn timings(&self) -> PathBuf {
        self.path.join("timings.json")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The notes about containers that services consist of.
    pub(crate) fn containers(&self) -> PathBuf {
        self.path.join("containers")
    }

    /// The note about one of them.
    pub(crate) fn container_note(&self, service: &str) -> PathBuf {
        self.containers().join(format!("{service}.json"))
    }

    /// The control socket: in this directory or, if its path is too long for a socket, in a private one elsewhere.
    pub(crate) fn socket(&self) -> Result<PathBuf, Diagnostic> {
        place::socket(&self.path)
    }

    /// Tries to become the supervisor of this checkout.
    pub(crate) fn lock(&self) -> Result<LockOutcome, Diagnostic> {
        let path = self.path.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| problem("open", &path, &error))?;
        match os::try_lock(&file) {
            Ok(true) => {
                // For waiting commands, and for checkouts that want our ports. It may fail on a full disk.
                let holder = os::identity(std::process::id()).ok().flatten();
                let holder = holder
                    .and_then(|it| serde_json::to_string(&it).ok())
                    .unwrap_or_default();
                // Overwritten in place: truncating first would free its block, and some file systems then wait for the disk.
                let written = file.write_all(holder.as_bytes());
                let _ = written.and_then(|()| file.set_len(holder.len() as u64));
                Ok(LockOutcome::Acquired(CheckoutLock { _file: file }))
            }
            Ok(false) => {
                let mut holder = String::new();
                let _ = file.rewind().and_then(|()| file.read_to_string(&mut holder));
                let holder: Option<Identity> = serde_json::from_str(&holder).ok();
                Ok(LockOutcome::HeldBy(holder.map(|it| it.pid)))
            }
            Err(error) => Err(problem("lock", &path, &error)),
        }
    }

    /// The record of the last run, if it did not end cleanly; an invalid one counts as none.
    pub(crate) fn record(&self) -> Look<Record> {
        let text = if_there(fs::read(self.path.join(RECORD)));
        let text = text.map_err(|error| problem("read", &self.path.join(RECORD), &error))?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// The id of the run whose supervisor is alive, as far as that can be determined.
    pub(crate) fn live_run(&self) -> Look<String> {
        let record = self.record()?.filter(|record| lives(&record.supervisor));
        Ok(record.map(|record| record.run))
    }

    /// Whether the last holder of the lock is alive: a starting `up` or the supervisor. While the lock passes from one
    /// to the other, it counts as held. The lock itself is not tried, because that could block an `up`.
    pub(crate) fn is_held(&self) -> bool {
        let Ok(holder) = if_there(fs::read(self.path.join("lock"))) else {
            return true;
        };
        let holder: Option<Identity> = holder.and_then(|it| serde_json::from_slice(&it).ok());
        holder.is_some_and(|holder| lives(&holder))
    }

    /// Writes the record atomically: to a temporary file, which is then renamed.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Diagnostic> {
        let path = self.path.join(RECORD);
        let beside = self.path.join("run.json.new");
        let text = serde_json::to_vec_pretty(record).expect("a record is plain data");
        fs::write(&beside, text).map_err(|error| problem("write", &beside, &error))?;
        fs::rename(&beside, &path).map_err(|error| problem("write", &path, &error))?;
        // The processes of earlier runs have exited, or this run would not begin.
        let _ = fs::remove_file(self.leaders());
        Ok(())
    }

    /// Removes the files of a run that has ended with no process left.
    pub(crate) fn forget(&self, record: &Record) {
        // A missing file is fine; the next run recognizes a remaining one as stale.
        let _ = fs::remove_file(self.path.join(RECORD));
        let _ = fs::remove_file(self.leaders());
        let _ = fs::remove_file(&record.socket);
    }

    /// Like [`StateDir::forget`], for a run whose supervisor crashed.
    pub(crate) fn forget_last(&self) {
        if let Ok(Some(record)) = self.record() {
            self.forget(&record);
        }
    }
}

/// Whether the process may be alive; true if that cannot be determined.
pub(crate) fn lives(who: &Identity) -> bool {
    // A dying process is still listed for a moment.
    let is_it = |it: &Process| it.identity == *who && it.state != ProcessState::Zombie;
    os::process(who.pid).map_or(true, |found| found.is_some_and(|it| is_it(&it)))
}

/// The state directories of all checkouts.
///
/// # Errors
/// The list cannot be read, so it would be incomplete.
pub(crate) fn directories() -> Result<Vec<StateDir>, Diagnostic> {
    // Without a path for state there are none.
    let Ok(state) = state() else { return Ok(Vec::new()) };
    let unreadable = |error| problem("read", &state, &error);
    let entries = match if_there(fs::read_dir(&state)) {
        // It belongs to another user and contains no runs of ours.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        entries => entries.map_err(unreadable)?,
    };
    let mut directories = Vec::new();
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(unreadable)?;
        // The entry contains its type, which saves a call per entry.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            directories.push(StateDir { path: entry.path() });
        }
    }
    Ok(directories)
}

/// Turns a missing file, or a file in place of its directory, into `None`.
pub(crate) fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        read => read.map(Some),
    }
}

/// Live runs whose checkout was moved or deleted.
pub(crate) fn stranded() -> Vec<Record> {
    // For warnings only: what cannot be read is skipped.
    let directories = directories().unwrap_or_default().into_iter();
    let records = directories.filter_map(|directory| directory.record().ok().flatten());
    let living = records.filter(|record| lives(&record.supervisor));
    living.filter(|record| is_gone(&record.checkout)).collect()
}

/// A directory that does not respond in time, such as one on an unreachable server, may exist.
fn is_gone(directory: &Path) -> bool {
    const LOOK_TIMEOUT: Duration = Duration::from_millis(500);
    let directory = directory.to_owned();
    let seen = threads::within("directory", LOOK_TIMEOUT, move || directory.symlink_metadata());
    matches!(seen, Ok(Some(Err(error))) if error.kind() == ErrorKind::NotFound)
}

/// The log of every signal to a process outside the current run.
pub(crate) fn audit_log() -> Result<PathBuf, Diagnostic> {
    Ok(shared()?.join("audit.log"))
}

impl Record {
    /// The record of a run that we supervise and that starts now.
    ///
    /// # Errors
    /// We are not in the process table, or the socket has no usable path.
    pub(crate) fn new(project: &str, checkout: &Path, mode: Mode, directory: &StateDir) -> Result<Record, Diagnostic> {
        let now = wall();
        Ok(Record {
            run: new_id(now),
            project: project.to_owned(),
            checkout: checkout.to_owned(),
            supervisor: os::identity(std::process::id())?
                .ok_or_else(|| Diagnostic::new("the process table cannot be read"))?,
            mode,
            started_at: now,
            socket: directory.socket()?,
        })
    }
}

/// A unique id for a run: the time in milliseconds and our pid.
fn new_id(now: Timestamp) -> String {
    format!("{:x}-{:x}", now.as_millisecond(), std::process::id())
}

/// The pid of the supervisor in a run id.
pub(crate) fn supervisor(run: &str) -> Option<u32> {
    u32::from_str_radix(run.split_once('-')?.1, 16).ok()
}

const RECORD: &str = "run.json";

/// The directory shared by all checkouts; created if missing.
pub(crate) fn shared() -> Result<PathBuf, Diagnostic> {
    let directory = state()?;
    place::make(&directory)?;
    Ok(directory)
}
