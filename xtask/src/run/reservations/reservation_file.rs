//! The file `ports.json`: which checkout has which ports. Read without a lock, written whole, beside, and renamed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Protocol;
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::plan::Slot;
use crate::system::runs::StateDir;
use crate::system::{os, problem, runs};

const VERSION: u32 = 1;

/// All of them, also those whose directory is gone: a look at it may take forever where its disk does not answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReservationFile {
    version: u32,
    checkouts: Vec<Checkout>,
    /// Which are still there, of those that were looked at.
    #[serde(skip)]
    seen: RefCell<BTreeMap<PathBuf, bool>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    /// Its directory, canonical.
    pub(crate) checkout: PathBuf,
    /// Its `devtasks.toml`.
    pub(crate) file: PathBuf,
    pub(crate) project: String,
    pub(crate) ports: BTreeMap<Id, Reservation>,
}

/// A port of a service. In the file it is `SERVICE.KEY`: names have no dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Id {
    pub(crate) service: String,
    pub(crate) key: String,
}

impl Id {
    pub(super) fn new(service: &str, key: &str) -> Self {
        Id {
            service: service.to_owned(),
            key: key.to_owned(),
        }
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        let (service, key) = text.split_once('.').unwrap_or((&text, ""));
        Id::new(service, key)
    }
}

impl From<Id> for String {
    fn from(Id { service, key }: Id) -> Self {
        format!("{service}.{key}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// That it had last.
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    /// What `auto` is here, also while the port has another number.
    pub(crate) auto: Option<Assigned>,
    /// It moved: this one was taken.
    pub(crate) instead_of: Option<u16>,
    /// Where it had moved before a call that sets its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Move>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

impl Reservation {
    /// Where it has moved, if this one is declared.
    pub(super) fn moved_from(&self, declared: u16) -> Option<u16> {
        let moves = self.own_move().into_iter().chain(self.kept);
        moves.filter(|it| it.from == declared).map(|it| it.to).next()
    }

    /// What is not forgotten while its number is set for a call.
    pub(super) fn remembered(&self) -> Option<Move> {
        self.kept.or_else(|| self.own_move())
    }

    fn own_move(&self) -> Option<Move> {
        let to = self.number;
        self.instead_of.map(|from| Move { from, to })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assigned {
    pub(crate) base: u16,
    pub(crate) number: u16,
}

/// Another checkout that has a number now, and is not at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompetingCheckout {
    pub(crate) project: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    /// Its `up` has begun, and nothing runs yet.
    pub(crate) is_starting: bool,
}

/// Another checkout that has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReservationHolder {
    pub(crate) project: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    /// It is where a port has moved, or was set for a call, and may return from.
    pub(crate) may_return: bool,
}

/// What is asked of a file before the rest of it is believed.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// Held from reading to writing, so that two who choose at once do not choose the same.
pub(super) struct RegistryLock {
    _file: File,
}

impl ReservationFile {
    fn empty() -> Self {
        ReservationFile {
            version: VERSION,
            checkouts: Vec::new(),
            seen: RefCell::default(),
        }
    }

    /// One that makes no sense counts as empty.
    ///
    /// # Errors
    /// It cannot be read, or a newer version wrote it.
    pub(super) fn read() -> Result<Self, Diagnostic> {
        // Without a place for state there is none.
        let Ok(path) = runs::state().map(|directory| directory.join(NAME)) else {
            return Ok(ReservationFile::empty());
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if is_absence(&error) => return Ok(ReservationFile::empty()),
            Err(error) => return Err(problem("read", &path, &error)),
        };
        match serde_json::from_slice(&text) {
            Ok(Head { version }) if version > VERSION => return Err(newer(&path)),
            Ok(Head { .. }) | Err(_) => {}
        }
        Ok(serde_json::from_slice(&text).unwrap_or_else(|_| ReservationFile::empty()))
    }

    /// All that are there.
    pub(super) fn checkouts(self) -> Vec<Checkout> {
        self.checkouts.into_iter().filter(Checkout::exists).collect()
    }

    pub(super) fn of(&self, checkout: &Path) -> Option<&Checkout> {
        self.checkouts.iter().find(|one| one.checkout == checkout)
    }

    /// Does another checkout have it, in use or not? Only those that do are looked at.
    pub(super) fn is_anothers(&self, checkout: &Path, slot: Slot) -> bool {
        let mut others = self.checkouts.iter().filter(|one| one.checkout != checkout);
        others.any(|one| one.has(slot) && self.is_there(one))
    }

    /// Which other checkout has it, in use or not.
    pub(super) fn holder(&self, checkout: &Path, slot: Slot) -> Option<ReservationHolder> {
        let mut others = self.checkouts.iter().filter(|one| one.checkout != checkout);
        let one = others.find(|one| one.has(slot) && self.is_there(one))?;
        let mut ports = one.ports.values();
        let may_return = |port: &Reservation| {
            let is_for_now = port.instead_of.is_some() || port.auto.is_some_and(|auto| auto.number != slot.0);
            (port.number, port.protocol) == slot && is_for_now
        };
        Some(ReservationHolder {
            project: one.project.clone().into(),
            checkout: one.checkout.clone().into(),
            may_return: ports.any(may_return),
        })
    }

    fn is_there(&self, one: &Checkout) -> bool {
        let mut seen = self.seen.borrow_mut();
        *seen.entry(one.checkout.clone()).or_insert_with(|| one.exists())
    }

    /// Who has this number and lives. Their directories are not looked at, only what is noted of their runs.
    pub(super) fn rival(&self, checkout: &Path, slot: Slot) -> Option<CompetingCheckout> {
        let mut others = self.checkouts.iter().filter(|one| one.checkout != checkout);
        others.find_map(|one| {
            let mut ports = one.ports.values();
            ports.find(|port| (port.number, port.protocol) == slot)?;
            let directory = StateDir::existing(&one.checkout)?;
            // Who may run has its ports.
            let runs = directory.live_run().map_or(true, |run| run.is_some());
            (runs || directory.is_held()).then(|| CompetingCheckout {
                project: one.project.clone().into(),
                checkout: one.checkout.clone().into(),
                is_starting: !runs,
            })
        })
    }

    /// Puts a checkout in its place, or nothing, and writes the file, unless it says so already. Those that were seen
    /// to be gone are dropped. A file that makes no sense is kept beside; its path is returned.
    pub(super) fn write(
        mut self,
        path: &Path,
        checkout: Option<Checkout>,
        _: &RegistryLock,
    ) -> Result<Option<PathBuf>, Diagnostic> {
        let seen = self.seen.take();
        self.checkouts.retain(|one| seen.get(&one.checkout) != Some(&false));
        let at = self.checkouts.iter().position(|one| one.checkout == path);
        match (at, checkout) {
            (Some(at), Some(checkout)) => self.checkouts[at] = checkout,
            (Some(at), None) => drop(self.checkouts.remove(at)),
            (None, checkout) => self.checkouts.extend(checkout),
        }
        let directory = runs::shared()?;
        let path = directory.join(NAME);
        let before = fs::read(&path).ok();
        let known = before.as_deref().map(serde_json::from_slice::<ReservationFile>);
        if matches!(&known, Some(Ok(known)) if known.checkouts == self.checkouts) {
            return Ok(None);
        }
        let broken = match known {
            Some(Err(_)) => {
                let aside = directory.join(BROKEN);
                fs::rename(&path, &aside).map_err(|error| problem("rename", &path, &error))?;
                Some(aside)
            }
            Some(Ok(_)) | None => None,
        };
        let text = serde_json::to_vec_pretty(&self)
            .map_err(|error| Diagnostic::new(format!("cannot note the ports of this checkout: {error}")))?;
        let beside = directory.join("ports.json.new");
        fs::write(&beside, text).map_err(|error| problem("write", &beside, &error))?;
        fs::rename(&beside, &path).map_err(|error| problem("write", &path, &error))?;
        Ok(broken)
    }
}

impl Checkout {
    fn exists(&self) -> bool {
        let is_gone = |path: &Path| fs::metadata(path).is_err_and(|error| is_absence(&error));
        !is_gone(&self.checkout) && !is_gone(&self.file)
    }

    fn has(&self, slot: Slot) -> bool {
        let mut ports = self.ports.values().filter(|port| port.protocol == slot.1);
        ports.any(|port| {
            let numbers = [port.auto.map(|auto| auto.number), port.kept.map(|kept| kept.to)];
            port.number == slot.0 || numbers.contains(&Some(slot.0))
        })
    }
}

impl RegistryLock {
    /// Waits for those who have it, for a moment each.
    pub(super) fn wait() -> Result<Self, Diagnostic> {
        let path = runs::shared()?.join("ports.lock");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| problem("open", &path, &error))?;
        os::lock(&file).map_err(|error| problem("lock", &path, &error))?;
        Ok(RegistryLock { _file: file })
    }
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn newer(path: &Path) -> Diagnostic {
    Diagnostic::new(format!(
        "`{}` was written by a newer version of devtasks",
        path.display()
    ))
    .hint(format!(
        "use that version, or forget what checkouts have reserved with `rm {}`",
        shell_words::quote(&path.to_string_lossy())
    ))
}

const NAME: &str = "ports.json";
const BROKEN: &str = "ports.json.broken";
