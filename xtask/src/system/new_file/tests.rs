//! Files in a real directory, and who may read them.

use std::io::ErrorKind;
use std::path::Path;

use super::{Readers, replace, write_new};

/// The permissions of a file; `None` where files have none.
fn mode(file: &Path) -> Option<u32> {
    let permissions = file.metadata().expect("it is there").permissions();
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777);
    #[cfg(not(unix))]
    return Some(permissions).and(None);
}

#[test]
fn it_replaces_nothing_and_leaves_nothing_beside() {
    let directory = tempfile::tempdir().expect("a temp directory can be made");
    let file = directory.path().join("devtasks.toml");
    write_new(&file, "one", Readers::Owner).expect("it is new");
    let again = write_new(&file, "two", Readers::Owner).map_err(|error| error.kind());
    assert_eq!(again, Err(ErrorKind::AlreadyExists));
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "one");
    assert_eq!(mode(&file).unwrap_or(0o600), 0o600);
    let names = std::fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(names, 1);
}

#[cfg(unix)] // On Windows, links are for administrators.
#[test]
fn it_writes_through_no_link() {
    let directory = tempfile::tempdir().expect("a temp directory can be made");
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).expect("a link can be made");
    let through = write_new(&link, "one", Readers::Owner).map_err(|error| error.kind());
    assert_eq!(through, Err(ErrorKind::AlreadyExists));
    let names = std::fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(names, 1);
}

#[test]
fn a_file_is_replaced_for_those_who_may_read_it() {
    let directory = tempfile::tempdir().expect("a temp directory can be made");
    let file = directory.path().join("devtasks.prom");
    for (text, readers, expected) in [("one", Readers::All, 0o644), ("two", Readers::Owner, 0o600)] {
        replace(&file, text, readers).expect("it can be written");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
        assert_eq!(mode(&file).unwrap_or(expected), expected);
    }
    assert!(replace(&directory.path().join("none/devtasks.prom"), "three", Readers::All).is_err());
    let names = std::fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(names, 1);
}
