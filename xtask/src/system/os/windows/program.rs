//! The file of the running program, which Windows does not let anybody replace.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// The end of the name of a file that was moved aside.
const ASIDE: &str = "running";

/// Lets `cargo build` write its program again while we run from it: the file is moved aside, which Windows allows, and a
/// copy takes its place. Cargo keeps the same file a second time in `deps`. Files of earlier runs are removed.
///
/// If something fails, the program stays as it is, and a build says that the file is in use.
///
/// Source: learn.microsoft.com, "Moving and Replacing Files"; the Cargo book, "Build cache".
pub(crate) fn let_builds_replace_us() {
    if let Ok(program) = std::env::current_exe() {
        make_replaceable(&program);
    }
}

fn make_replaceable(program: &Path) {
    let Some((directory, seen)) = program.parent().zip(program.metadata().ok()) else {
        return;
    };
    let deps = directory.join("deps");
    remove_aside(directory);
    remove_aside(&deps);
    for file in std::iter::once(program.to_owned()).chain(same_files(&deps, &seen)) {
        let named = |end: &str| file.with_extension(format!("{}.{end}", std::process::id()));
        let (copy, aside) = (named("copy"), named(ASIDE));
        // The copy is whole before it takes the place: others may start the program at any moment.
        if fs::copy(&file, &copy).is_ok() && fs::rename(&file, &aside).is_ok() && fs::rename(&copy, &file).is_err() {
            let _ = fs::rename(&aside, &file);
        }
        // It is there only if something failed.
        let _ = fs::remove_file(&copy);
    }
}

/// The files in the directory with the size and the time of this one.
fn same_files(directory: &Path, it: &Metadata) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_same = |seen: Metadata| {
        let times = seen.modified().ok().zip(it.modified().ok());
        seen.is_file() && seen.len() == it.len() && times.is_some_and(|(one, other)| one == other)
    };
    let same = entries.filter(|entry| entry.metadata().is_ok_and(is_same));
    let paths = same.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "exe"))
        .collect()
}

/// A file that still runs cannot be removed.
fn remove_aside(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == ASIDE)) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_moved_aside_and_copied_back() {
        let directory = tempfile::TempDir::new().unwrap();
        let deps = directory.path().join("deps");
        fs::create_dir(&deps).unwrap();
        let program = directory.path().join("xtask.exe");
        fs::write(&program, "program").unwrap();
        fs::hard_link(&program, deps.join("xtask.exe")).unwrap();
        fs::write(deps.join("other.exe"), "another").unwrap();
        for _ in 0..2 {
            make_replaceable(&program);
            let names = |path: &Path| {
                let mut names: Vec<String> = fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect();
                names.sort();
                names
            };
            let aside = format!("xtask.{}.{ASIDE}", std::process::id());
            assert_eq!(names(directory.path()), ["deps", &aside, "xtask.exe"]);
            assert_eq!(names(&deps), ["other.exe", &aside, "xtask.exe"]);
            assert_eq!(fs::read_to_string(&program).unwrap(), "program");
        }
    }
}
