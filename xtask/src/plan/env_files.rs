//! The env files of the project and its services: read, parsed and layered.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::scope::{Pairs, Scope, ServiceAddresses, Settable};
use super::{EnvFile, Environment, PlanInputs};
use crate::config::{self, Config, dotenv};
use crate::diagnostic::{Diagnostic, Hint, Place, Platform};
use crate::foreign::windows_word;

/// The env files of the project, in order.
pub(super) struct ProjectFiles {
    pub(super) pairs: Vec<Pairs>,
    /// The base of every service's environment: these files, overridden by the calling environment.
    pub(super) environment: Environment,
    /// The listed files. The default `.env` is not among them and may be missing.
    pub(super) named: Vec<EnvFile>,
    /// The file with the highest priority, as the user would write it.
    settable: Option<String>,
    /// The first of them that only the main checkout has.
    elsewhere: Option<Elsewhere>,
}

impl ProjectFiles {
    pub(super) fn read(config: &Config, outside: &PlanInputs) -> Result<Self, Vec<Diagnostic>> {
        let mut files = ProjectFiles {
            pairs: Vec::new(),
            environment: Environment::new(),
            named: Vec::new(),
            settable: match &config.project.env_file {
                None => Some(".env".to_owned()),
                Some(named) => named.last().map(|file| file.value.clone()),
            },
            elsewhere: None,
        };
        let mut paths = Vec::new();
        match &config.project.env_file {
            None => paths.push(outside.checkout.join(".env")),
            Some(named) => {
                for file in named {
                    let path = absolute(outside, &file.value);
                    files.named.push(EnvFile {
                        path: path.clone(),
                        place: file.place.clone(),
                    });
                    paths.push(path);
                }
            }
        }
        files.elsewhere = paths.iter().find_map(|path| {
            Some(Elsewhere {
                main: (outside.in_main)(path, outside.checkout)?,
                path: path.clone(),
                checkout: outside.checkout.to_owned(),
            })
        });
        let mut problems = Vec::new();
        for path in paths {
            let earlier: Vec<&Pairs> = files.pairs.iter().rev().collect();
            match pairs(&path, &earlier, outside) {
                Ok(pairs) => files.pairs.push(pairs),
                Err(more) => problems.extend(more),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        files.environment.extend(files.pairs.iter().flatten().map(os));
        files.environment.extend(outside.calling.clone());
        Ok(files)
    }

    /// The pairs of a service's own env files, one list for each file.
    pub(super) fn of_service(
        &self,
        service: &config::Service,
        outside: &PlanInputs,
    ) -> Result<Vec<Pairs>, Vec<Diagnostic>> {
        let mut own: Vec<Pairs> = Vec::new();
        let mut problems = Vec::new();
        for file in self.paths(service, outside)? {
            match pairs(&file.path, &self.last_first(&own), outside) {
                Ok(pairs) => own.push(pairs),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(own) } else { Err(problems) }
    }

    /// The paths of a service's own env files; they may contain variables of the project.
    pub(super) fn paths(
        &self,
        service: &config::Service,
        outside: &PlanInputs,
    ) -> Result<Vec<EnvFile>, Vec<Diagnostic>> {
        let nothing = BTreeMap::new();
        let scope = Scope {
            exported: BTreeMap::new(),
            calling: outside.calling,
            files: self.last_first(&[]),
            addresses: &nothing,
            settable: self.settable(),
        };
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for file in &service.env_file {
            match scope.fill(file) {
                Ok(path) => files.push(EnvFile {
                    path: absolute(outside, &path),
                    place: file.place.clone(),
                }),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }

    pub(super) fn settable(&self) -> Settable<'_> {
        Settable {
            file: self.settable.as_deref(),
            elsewhere: self.elsewhere.as_ref(),
        }
    }

    /// What `${…}` means where only variables of the project are known. `nothing` is empty.
    pub(super) fn scope<'a>(&'a self, outside: &'a PlanInputs, nothing: &'a ServiceAddresses) -> Scope<'a> {
        Scope {
            exported: BTreeMap::new(),
            calling: outside.calling,
            files: self.last_first(&[]),
            addresses: nothing,
            settable: self.settable(),
        }
    }

    /// All files in which `${…}` of a service is looked up.
    pub(super) fn last_first<'a>(&'a self, own: &'a [Pairs]) -> Vec<&'a Pairs> {
        own.iter().rev().chain(self.pairs.iter().rev()).collect()
    }
}

/// A file that is missing in a worktree, and that the main checkout has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    pub(crate) main: PathBuf,
    /// Where it belongs.
    pub(crate) path: PathBuf,
    /// The worktree.
    pub(crate) checkout: PathBuf,
}

impl Elsewhere {
    /// The command that brings it, for a problem at this place of the file.
    pub(crate) fn copied(&self, place: &Place) -> Hint {
        let seen_from = place.seen_from(&self.checkout);
        let path = self
            .path
            .strip_prefix(seen_from)
            .unwrap_or(&self.path)
            .to_string_lossy();
        let main = self.main.to_string_lossy();
        let (from, to) = (shell_words::quote(&main), shell_words::quote(&path));
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        Hint::from(format!("copy `{name}` from the main checkout with `cp {from} {to}`")).on(
            Platform::Windows,
            format!(
                "copy `{name}` from the main checkout with `copy {} {}`",
                windows_word(&main),
                windows_word(&path)
            ),
        )
    }
}

/// A missing file has no pairs; preflight reports it.
fn pairs(path: &Path, earlier: &[&Pairs], outside: &PlanInputs) -> Result<Pairs, Vec<Diagnostic>> {
    let Some(bytes) = (outside.read)(path) else {
        return Ok(Pairs::new());
    };
    let bytes = bytes.map_err(|problem| vec![problem])?;
    let shown = path.strip_prefix(outside.checkout).unwrap_or(path);
    let earlier: Pairs = earlier.iter().rev().flat_map(|pairs| pairs.iter().cloned()).collect();
    let calling = |name: &str| {
        outside
            .calling
            .get(OsStr::new(name))
            .map(|value| value.to_string_lossy().into_owned())
    };
    dotenv::parse(&earlier, shown, &bytes, &calling)
}

pub(super) fn os(pair: &(String, String)) -> (OsString, OsString) {
    (pair.0.clone().into(), pair.1.clone().into())
}

pub(super) fn absolute(outside: &PlanInputs, path: &str) -> PathBuf {
    // `./backend` is shown as `backend`; `..` is kept because only the system can resolve it.
    outside.checkout.join(path).components().collect()
}
