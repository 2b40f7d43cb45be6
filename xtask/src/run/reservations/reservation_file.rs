//! The file `ports.json`: the ports of each checkout. This module only loads, locks and saves it.
//!
//! It is read without a lock. It is written to a temporary file and renamed, so that readers never see half of it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Hint, Platform};
use crate::plan::{PortId, Reservation};
use crate::system::runs::if_there;
use crate::system::{os, problem, runs};

const VERSION: u32 = 1;
const NAME: &str = "ports.json";
const BROKEN: &str = "ports.json.broken";

/// All checkouts, including deleted ones: checking a directory may block forever if its disk does not respond.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReservationFile {
    version: u32,
    pub(super) checkouts: Vec<Checkout>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    /// Its directory, canonical.
    pub(crate) checkout: PathBuf,
    /// Its `devtasks.toml`.
    pub(crate) file: PathBuf,
    pub(crate) project: String,
    pub(crate) ports: BTreeMap<PortId, Reservation>,
}

/// Only the version, which is read before the rest.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// Held from loading to saving, so that two concurrent commands do not choose the same number. Released on drop.
pub(super) struct RegistryLock {
    _file: File,
}

impl ReservationFile {
    /// An invalid file counts as empty.
    ///
    /// # Errors
    /// It cannot be read, or a newer version wrote it.
    pub(super) fn load() -> Result<Self, Diagnostic> {
        let empty = ReservationFile {
            version: VERSION,
            checkouts: Vec::new(),
        };
        // Without a state directory there are no entries.
        let Ok(path) = runs::state().map(|directory| directory.join(NAME)) else {
            return Ok(empty);
        };
        let text = if_there(fs::read(&path)).map_err(|error| problem("read", &path, &error))?;
        let Some(text) = text else { return Ok(empty) };
        match serde_json::from_slice(&text) {
            Ok(Head { version }) if version > VERSION => Err(newer(&path)),
            Ok(Head { .. }) | Err(_) => Ok(serde_json::from_slice(&text).unwrap_or(empty)),
        }
    }

    /// Writes the file if it has changed. An invalid file is kept under another name; its path is returned.
    pub(super) fn save(&self, _: &RegistryLock) -> Result<Option<PathBuf>, Diagnostic> {
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
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Diagnostic::new(format!("cannot note the ports of this checkout: {error}")))?;
        let beside = directory.join("ports.json.new");
        fs::write(&beside, text).map_err(|error| problem("write", &beside, &error))?;
        fs::rename(&beside, &path).map_err(|error| problem("write", &path, &error))?;
        Ok(broken)
    }

    pub(super) fn of(&self, checkout: &Path) -> Option<&Checkout> {
        self.checkouts.iter().find(|one| one.checkout == checkout)
    }

    /// Replaces the entry of a checkout, or removes it.
    pub(super) fn put(&mut self, checkout: &Path, entry: Option<Checkout>) {
        let at = self.checkouts.iter().position(|one| one.checkout == checkout);
        match (at, entry) {
            (Some(at), Some(entry)) => self.checkouts[at] = entry,
            (Some(at), None) => drop(self.checkouts.remove(at)),
            (None, entry) => self.checkouts.extend(entry),
        }
    }
}

impl Checkout {
    /// Whether the checkout still exists. This blocks if the disk does not respond.
    pub(super) fn exists(&self) -> bool {
        let is_gone = |path: &Path| {
            let absent = |error: std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
            fs::metadata(path).is_err_and(absent)
        };
        !is_gone(&self.checkout) && !is_gone(&self.file)
    }
}

impl RegistryLock {
    /// Waits for other commands, which hold the lock only briefly.
    pub(super) fn wait() -> Result<Self, Diagnostic> {
        let path = runs::shared()?.join("ports.lock");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| problem("open", &path, &error))?;
        os::lock(&file).map_err(|error| problem("lock", &path, &error))?;
        Ok(RegistryLock { _file: file })
    }
}

fn newer(path: &Path) -> Diagnostic {
    let forget = |platform: Platform, remove: &str| {
        let path = path.to_string_lossy();
        let path = platform.word(&path);
        format!("use that version, or forget what checkouts have reserved with `{remove} {path}`")
    };
    Diagnostic::new(format!(
        "`{}` was written by a newer version of devtasks",
        path.display()
    ))
    .hint(Hint::from(forget(Platform::Linux, "rm")).on(Platform::Windows, forget(Platform::Windows, "del")))
}
