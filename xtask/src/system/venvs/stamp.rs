//! Notes that a venv held what it was asked for, each with a hash of everything that this depends on.
//!
//! They lie in the state directory of the checkout, not in the venv: looking changes no venv, and a venv that belongs to
//! another user can be noted too.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::interpreter::site_packages;
use super::judge;
use crate::hash::fnv;
use crate::plan::{Venv, bin, interpreter_of};
use crate::preflight::recipe::Recipe;
use crate::system::files;

#[derive(Serialize, Deserialize)]
struct Note {
    fingerprint: u64,
    version: Vec<u32>,
    /// All requirement files and project files that were read.
    files: Vec<PathBuf>,
}

/// The Python version of a venv that holds what it is asked for, if it was noted and nothing has changed since.
pub(super) fn read(notes: &Path, venv: &Venv, recipe: &Recipe) -> Option<Vec<u32>> {
    let text = files::read_regular(&place(notes, venv), MAX_NOTE_BYTES).ok()?;
    let note: Note = serde_json::from_slice(&text).ok()?;
    let is_unchanged = fingerprint(venv, recipe, &note.files)? == note.fingerprint;
    is_unchanged.then_some(note.version)
}

/// Notes that it holds what it is asked for. Without the note the next look is only slower.
pub(super) fn write(notes: &Path, venv: &Venv, recipe: &Recipe, version: &[u32], files: &[PathBuf]) {
    let Some(fingerprint) = fingerprint(venv, recipe, files) else {
        return;
    };
    let note = Note {
        fingerprint,
        version: version.to_owned(),
        files: files.to_owned(),
    };
    let place = place(notes, venv);
    let beside = place.with_extension(format!("{}.new", std::process::id()));
    let text = serde_json::to_vec(&note).expect("it is plain data");
    let written = fs::create_dir_all(notes).and_then(|()| fs::write(&beside, text));
    let _ = written.and_then(|()| fs::rename(&beside, &place));
}

fn place(notes: &Path, venv: &Venv) -> PathBuf {
    notes.join(format!("{}.json", name(&venv.path)))
}

/// The name of a venv's files in the state directory.
pub(super) fn name(venv: &Path) -> String {
    format!("{:016x}", fnv(venv.as_os_str().as_encoded_bytes().iter().copied()))
}

/// A hash of what is asked, of the bytes of all inputs, and of what every installation and every other interpreter
/// changes. `None` without an interpreter.
fn fingerprint(venv: &Venv, recipe: &Recipe, inputs: &[PathBuf]) -> Option<u64> {
    let mut text = format!(
        "{:?} {:?} {:?} {}",
        venv.inputs,
        recipe.source,
        recipe.uv,
        judge::script_hash()
    )
    .into_bytes();
    for file in inputs {
        text.extend_from_slice(file.as_os_str().as_encoded_bytes());
        match files::read_regular(file, MAX_INPUT_BYTES) {
            Ok(bytes) => text.extend(bytes),
            Err(_) => text.extend_from_slice(b"\0missing"),
        }
    }
    text.extend(marks(venv)?.into_bytes());
    Some(fnv(text))
}

/// Where the interpreter is, and when it, the venv and its packages were changed last. `None` without an interpreter.
pub(super) fn marks(venv: &Venv) -> Option<String> {
    let python = interpreter_of(&venv.path);
    let resolved = fs::canonicalize(&python).ok()?;
    let mut marks = format!("{:?}", fs::symlink_metadata(&python).ok()?.modified().ok());
    let mut paths = vec![venv.path.join("pyvenv.cfg"), bin(&venv.path).join("activate"), resolved];
    paths.extend(site_packages(&venv.path));
    for path in &paths {
        let state = fs::metadata(path).map(|it| state_of(&it)).unwrap_or_default();
        marks.push_str(&format!(" {} {state}", path.display()));
    }
    Some(marks)
}

fn state_of(file: &Metadata) -> String {
    let changed = file
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{:?} {}", changed, file.len())
}

/// In bytes.
const MAX_NOTE_BYTES: u64 = 1 << 20;
const MAX_INPUT_BYTES: u64 = 64 << 20;
