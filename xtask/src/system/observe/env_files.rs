//! The env files of a project, for `doctor`: names, who can read them, whether git tracks them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::config::dotenv;
use crate::preflight::env_files::EnvFileFact;
use crate::system::{answer, files, os};

/// Of an env file, in bytes.
pub(crate) const MAX_BYTES: u64 = 4 << 20;

/// Those of `paths` that can be read, or that have an example and do not exist.
pub(crate) fn env_files(paths: &[PathBuf], checkout: &Path) -> Vec<EnvFileFact> {
    paths.iter().filter_map(|path| env_file(path, checkout)).collect()
}

fn env_file(path: &Path, checkout: &Path) -> Option<EnvFileFact> {
    let bytes = files::read_regular(path, MAX_BYTES).ok();
    let shown = shown(path, checkout);
    let example = example(path, checkout);
    if bytes.is_none() && (example.is_none() || path.exists()) {
        return None;
    }
    let text = bytes.as_deref().unwrap_or_default();
    Some(EnvFileFact {
        names: dotenv::names(&shown, text),
        ambiguities: dotenv::ambiguities(&shown, text),
        exists: bytes.is_some(),
        readable_by_all: os::is_readable_by_all(path),
        tracked_by_git: bytes.is_some() && is_tracked(path),
        example,
        path: shown,
    })
}

/// `.env.example`, or another usual name.
fn example(path: &Path, checkout: &Path) -> Option<(PathBuf, Vec<dotenv::Name>)> {
    ["example", "sample", "template", "dist"].iter().find_map(|end| {
        let path = PathBuf::from(format!("{}.{end}", path.display()));
        let bytes = files::read_regular(&path, MAX_BYTES).ok()?;
        let shown = shown(&path, checkout);
        let names = dotenv::names(&shown, &bytes);
        Some((shown, names))
    })
}

fn shown(path: &Path, checkout: &Path) -> PathBuf {
    path.strip_prefix(checkout).unwrap_or(path).to_owned()
}

/// Asks git itself: the format of its index has several versions. Without git, nothing is tracked.
fn is_tracked(path: &Path) -> bool {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return false;
    };
    let mut git = Command::new("git");
    git.args(["ls-files", "--error-unmatch", "--"])
        .arg(name)
        .current_dir(directory);
    answer::ask(&mut git, GIT_TIMEOUT, &|| true).is_ok_and(|answer| answer.is_success())
}

/// It reads one file of some megabytes at most.
const GIT_TIMEOUT: Duration = Duration::from_secs(2);
