//! The watched files of a service as they are now, found by a walk, and the directories in which they can change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::{DirEntry, WalkBuilder};

use crate::config::globs::{Globs, Root};

/// Size and time of the last change. The content is not read: that takes seconds with thousands of files, and a `touch`
/// is used to ask for a restart.
pub(super) type Stamp = (u64, Option<SystemTime>);

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) files: BTreeMap<PathBuf, Stamp>,
    /// The canonical directories to be watched, each with the paths by which the walk came there.
    pub(super) directories: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// The canonical paths of files that were found as links.
    pub(super) targets: BTreeSet<PathBuf>,
}

impl Snapshot {
    pub(super) fn take(globs: &Globs) -> Self {
        let mut snapshot = Snapshot::default();
        for root in &globs.roots {
            snapshot.walk(root, globs);
        }
        snapshot
    }

    /// The files that are new, changed or gone in `later`.
    pub(super) fn changes<'s>(&'s self, later: &'s Snapshot) -> Vec<&'s Path> {
        let is_other = |(path, stamp): &(&PathBuf, &Stamp)| later.files.get(*path) != Some(stamp);
        let changed_or_gone = self.files.iter().filter(is_other).map(|(path, _)| path);
        let new = later.files.keys().filter(|path| !self.files.contains_key(*path));
        let all: BTreeSet<&PathBuf> = changed_or_gone.chain(new).collect();
        all.into_iter().map(PathBuf::as_path).collect()
    }

    fn walk(&mut self, root: &Root, globs: &Globs) {
        // What leads to the root, too: it may be made later, or made again.
        for parent in root
            .path
            .ancestors()
            .skip(1)
            .take_while(|it| it.starts_with(&root.base))
        {
            self.add_directory(parent);
        }
        self.add_directory(&root.base);
        match fs::metadata(&root.path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) => return self.add_file(&root.path, root.path.is_symlink(), &metadata, globs),
            Err(_) => return,
        }
        // What a glob names without a wildcard is watched even if it is hidden or ignored.
        let walk = WalkBuilder::new(&root.path)
            .follow_links(true)
            .max_depth(root.depth)
            .filter_entry(|entry| entry.depth() == 0 || !is_left_out(entry))
            .build();
        // What cannot be read is not watched.
        for entry in walk.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            match metadata.is_dir() {
                true if root.depth.is_some_and(|depth| entry.depth() >= depth) => {}
                true => self.add_directory(entry.path()),
                false => self.add_file(entry.path(), entry.path_is_symlink(), &metadata, globs),
            }
        }
    }

    fn add_directory(&mut self, path: &Path) {
        if let Ok(canonical) = path.canonicalize()
            && path.is_dir()
        {
            self.directories.entry(canonical).or_default().insert(path.to_owned());
        }
    }

    fn add_file(&mut self, path: &Path, is_link: bool, metadata: &Metadata, globs: &Globs) {
        if !metadata.is_file() || !globs.matches(path) {
            return;
        }
        let stamp = (metadata.len(), metadata.modified().ok());
        self.files.insert(path.to_owned(), stamp);
        if let Some(target) = is_link.then(|| path.canonicalize().ok()).flatten() {
            if let Some(parent) = target.parent() {
                self.directories.entry(parent.to_owned()).or_default();
            }
            self.targets.insert(target);
        }
    }
}

/// Directories of tools: packages, venvs, and what Cargo and others mark as a cache.
///
/// Source: <https://bford.info/cachedir/>.
fn is_left_out(entry: &DirEntry) -> bool {
    let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
    let is_named = || {
        ["node_modules", "__pycache__"]
            .iter()
            .any(|name| entry.file_name() == *name)
    };
    let has = |name: &str| entry.path().join(name).exists();
    is_directory && (is_named() || has("pyvenv.cfg") || has("CACHEDIR.TAG"))
}
