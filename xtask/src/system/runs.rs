//! A run's traces on disk: the lock that says a supervisor lives, and the record that outlives one that crashed.
//!
//! All of it lies in a directory of the checkout's own that only the user may enter.

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

/// Held by the supervisor of a checkout for as long as it lives; the system lets go of it when the process ends.
#[derive(Debug)]
pub(crate) struct CheckoutLock {
    _file: File,
}

pub(crate) enum LockOutcome {
    Acquired(CheckoutLock),
    /// By the process with this pid, if it has said so yet.
    HeldBy(Option<u32>),
}

impl StateDir {
    /// Makes the directory where it is missing.
    ///
    /// # Errors
    /// It cannot be made, it is another user's, or there is no place for its socket.
    pub(crate) fn of(checkout: &Path) -> Result<StateDir, Diagnostic> {
        let path = state()?.join(slug(checkout));
        place::make(&path)?;
        let directory = StateDir { path };
        // Where that has no place, nothing can be started: it is said before anything was done.
        directory.socket()?;
        Ok(directory)
    }

    /// For those who only look: `None` where nothing was ever run.
    pub(crate) fn existing(checkout: &Path) -> Option<StateDir> {
        let path = state().ok()?.join(slug(checkout));
        path.is_dir().then_some(StateDir { path })
    }

    /// Is it another user's, who lets nobody in?
    pub(crate) fn is_closed(&self) -> bool {
        let is_denied = |error: io::Error| error.kind() == ErrorKind::PermissionDenied;
        os::anothers(&self.path).is_some() && fs::read_dir(&self.path).is_err_and(is_denied)
    }

    /// Where the services' own processes are noted.
    pub(crate) fn leaders(&self) -> PathBuf {
        self.path.join("leaders.jsonl")
    }

    /// The program that supervises in the background is kept here.
    pub(crate) fn programs(&self) -> PathBuf {
        self.path.join("bin")
    }

    /// What a supervisor in the background has to say itself, such as a panic.
    pub(crate) fn supervisor_log(&self) -> PathBuf {
        self.path.join("supervisor.log")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// In this directory or, where its path is too long for a socket's, in a private one elsewhere.
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
                // For those who wait, and for other checkouts that want our ports: it may fail on a full disk.
                let holder = os::identity(std::process::id()).ok().flatten();
                let holder = holder
                    .and_then(|it| serde_json::to_string(&it).ok())
                    .unwrap_or_default();
                // In place: to truncate it first frees its block, and some file systems wait for the disk then.
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

    /// The record of the last run, if that did not end cleanly; one that makes no sense counts as none.
    pub(crate) fn record(&self) -> Look<Record> {
        let text = if_there(fs::read(self.path.join(RECORD)));
        let text = text.map_err(|error| problem("read", &self.path.join(RECORD), &error))?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// The run whose supervisor lives, as far as that can be determined.
    pub(crate) fn live_run(&self) -> Look<String> {
        let record = self.record()?.filter(|record| lives(&record.supervisor));
        Ok(record.map(|record| record.run))
    }

    /// Does whoever had the lock last live? That is an `up` that begins, or the supervisor. Between the two, while the
    /// lock passes from one to the other, it still counts. The lock itself is not tried, which would be in the way of
    /// an `up`.
    pub(crate) fn is_held(&self) -> bool {
        let Ok(holder) = if_there(fs::read(self.path.join("lock"))) else {
            return true;
        };
        let holder: Option<Identity> = holder.and_then(|it| serde_json::from_slice(&it).ok());
        holder.is_some_and(|holder| lives(&holder))
    }

    /// Whole or not at all: the record is written beside and renamed.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Diagnostic> {
        let path = self.path.join(RECORD);
        let beside = self.path.join("run.json.new");
        let text = serde_json::to_vec_pretty(record).expect("a record is plain data");
        fs::write(&beside, text).map_err(|error| problem("write", &beside, &error))?;
        fs::rename(&beside, &path).map_err(|error| problem("write", &path, &error))?;
        // Those of earlier runs have ended, or this one would not begin.
        let _ = fs::remove_file(self.leaders());
        Ok(())
    }

    /// The run has ended, and nothing of it is left.
    pub(crate) fn forget(&self, record: &Record) {
        // A file that is already gone is what we want; one that stays is recognised as stale by the next run.
        let _ = fs::remove_file(self.path.join(RECORD));
        let _ = fs::remove_file(self.leaders());
        let _ = fs::remove_file(&record.socket);
    }

    /// The same for a run whose supervisor crashed.
    pub(crate) fn forget_last(&self) {
        if let Ok(Some(record)) = self.record() {
            self.forget(&record);
        }
    }
}

/// Who cannot be looked at may live.
pub(crate) fn lives(who: &Identity) -> bool {
    // One that is just dying is listed for a moment longer.
    let is_it = |it: &Process| it.identity == *who && it.state != ProcessState::Zombie;
    os::process(who.pid).map_or(true, |found| found.is_some_and(|it| is_it(&it)))
}

/// The state directories of all checkouts.
///
/// # Errors
/// The list cannot be read, so there may be more.
pub(crate) fn directories() -> Result<Vec<StateDir>, Diagnostic> {
    // Without a place for state there is none.
    let Ok(state) = state() else { return Ok(Vec::new()) };
    let unreadable = |error| problem("read", &state, &error);
    let entries = match if_there(fs::read_dir(&state)) {
        // It is another user's, so no run of ours is noted there.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        entries => entries.map_err(unreadable)?,
    };
    let mut directories = Vec::new();
    for entry in entries.into_iter().flatten() {
        let entry = entry.map_err(unreadable)?;
        // The entry knows its kind: nothing is asked of each once more.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            directories.push(StateDir { path: entry.path() });
        }
    }
    Ok(directories)
}

/// What is not there is no error, and below a file there is nothing.
pub(crate) fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        read => read.map(Some),
    }
}

/// The live runs whose checkout was moved away or deleted.
pub(crate) fn stranded() -> Vec<Record> {
    // Remarks: what cannot be read is not told of.
    let directories = directories().unwrap_or_default().into_iter();
    let records = directories.filter_map(|directory| directory.record().ok().flatten());
    let living = records.filter(|record| lives(&record.supervisor));
    living.filter(|record| is_gone(&record.checkout)).collect()
}

/// What does not answer in time, such as a directory of a server that is away, may be there.
fn is_gone(directory: &Path) -> bool {
    const LOOK_TIMEOUT: Duration = Duration::from_millis(500);
    let directory = directory.to_owned();
    let seen = threads::within("directory", LOOK_TIMEOUT, move || directory.symlink_metadata());
    matches!(seen, Ok(Some(Err(error))) if error.kind() == ErrorKind::NotFound)
}

/// Where every signal to a process outside the current run is noted.
pub(crate) fn audit_log() -> Result<PathBuf, Diagnostic> {
    Ok(shared()?.join("audit.log"))
}

impl Record {
    /// For a run that we supervise and that begins now.
    ///
    /// # Errors
    /// We are not in the process table, or the socket has no place.
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

/// A name for a run that no other run has: the time in milliseconds and our pid.
fn new_id(now: Timestamp) -> String {
    format!("{:x}-{:x}", now.as_millisecond(), std::process::id())
}

/// The pid of the supervisor of a run.
pub(crate) fn supervisor(run: &str) -> Option<u32> {
    u32::from_str_radix(run.split_once('-')?.1, 16).ok()
}

const RECORD: &str = "run.json";

/// The directory of what concerns all checkouts; made where it is missing.
pub(crate) fn shared() -> Result<PathBuf, Diagnostic> {
    let directory = state()?;
    place::make(&directory)?;
    Ok(directory)
}

/// FNV-1a, 64 bits: the same in every build, which std's hashes do not promise.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
