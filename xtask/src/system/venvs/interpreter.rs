//! Whether a venv is one, stands where it was made, and has an interpreter that runs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::{bin, interpreter_of};
use crate::preflight::VenvState;
use crate::system::files;

/// What files alone tell: the trouble of a venv, or the interpreter that is worth running.
pub(super) fn interpreter(venv: &Path) -> Result<PathBuf, VenvState> {
    let python = interpreter_of(venv);
    if !venv.join("pyvenv.cfg").is_file() && python.symlink_metadata().is_err() {
        return Err(match is_absent_or_empty(venv) {
            true => VenvState::Missing,
            false => VenvState::NotAVenv,
        });
    }
    if !python.exists() {
        return Err(match last_target(&python) {
            Some(target) if target.symlink_metadata().is_ok_and(|it| it.is_symlink()) => VenvState::LinkLoop,
            target => VenvState::InterpreterMissing { target },
        });
    }
    if let Some(made_at) = made_at(venv)
        && fs::canonicalize(&made_at).ok() != fs::canonicalize(venv).ok()
    {
        return Err(VenvState::Moved { made_at });
    }
    Ok(python)
}

/// Whether a venv can be made there without touching anything.
fn is_absent_or_empty(path: &Path) -> bool {
    match path.symlink_metadata() {
        Err(_) => true,
        Ok(_) => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()),
    }
}

/// The end of a chain of links, which does not exist; or one of the links if they lead in a circle.
fn last_target(link: &Path) -> Option<PathBuf> {
    let mut target = link.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("/")).join(next),
            Err(_) => return (target != link).then_some(target),
        }
    }
    Some(link.to_owned())
}

/// The kernel's limit; see path_resolution(7).
const MAX_LINKS: usize = 40;

/// The path written into `activate` when the venv was created; `None` for a relocatable one.
fn made_at(venv: &Path) -> Option<PathBuf> {
    let activate = files::read_regular(&bin(venv).join("activate"), 1 << 20).ok()?;
    let activate = String::from_utf8_lossy(&activate);
    let values = activate.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        line.strip_prefix("VIRTUAL_ENV=")
    });
    let paths = values
        .map(|value| value.trim_matches(['"', '\'']))
        .filter(|value| Path::new(value).is_absolute());
    paths.map(PathBuf::from).next_back()
}

/// What `venv`, `virtualenv`, pip, uv, pipenv and packages with data put into the directory of a venv.
const OF_A_VENV: [&str; 20] = [
    "bin",
    "lib",
    "lib64",
    "include",
    "local",
    "share",
    "etc",
    "man",
    "doc",
    "Scripts",
    "Lib",
    "Include",
    "pyvenv.cfg",
    ".gitignore",
    ".lock",
    "CACHEDIR.TAG",
    ".project",
    "site-packages",
    "lib_pypy",
    "lib-python",
];

/// An entry of a directory that is none of a venv's, by name: the first of all.
pub(super) fn other_entry(venv: &Path) -> Option<String> {
    let entries = fs::read_dir(venv).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !OF_A_VENV.contains(&name.as_str())).min()
}

/// The directories with the packages of a venv; more than one only if several versions of Python have used it.
pub(super) fn site_packages(venv: &Path) -> Vec<PathBuf> {
    let below = |directory: PathBuf| directory.join("site-packages");
    let versions = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    let mut sites: Vec<_> = versions.map(|version| below(version.path())).collect();
    // On Windows.
    sites.push(below(venv.join("Lib")));
    sites.retain(|site| site.is_dir());
    sites.sort();
    sites
}
