//! Locks, private files and directories.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use crate::system::new_file::Readers;
use crate::system::os;

fn opened(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap()
}

#[test]
fn a_lock_excludes_another_file_handle_and_leaves_the_content_readable() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("lock");
    let (first, second) = (opened(&path), opened(&path));
    assert!(os::try_lock(&first).unwrap());
    fs::write(&path, "whose").unwrap();
    assert!(!os::try_lock(&second).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "whose");
    drop(first);
    os::lock(&second).unwrap();
    assert!(!os::try_lock(&opened(&path)).unwrap());
}

#[test]
fn lines_are_appended_whole_and_the_directory_is_made() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("state/audit.log");
    os::append_private(&path, b"one\n").unwrap();
    os::append_private(&path, b"two\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert!(!os::is_open_to_others(&path));
}

#[test]
fn a_new_file_replaces_none() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("new");
    for readers in [Readers::Owner, Readers::Umask] {
        drop(os::create_new(&path, readers).unwrap());
        let again = os::create_new(&path, readers).map(|_| ());
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_private_directory_is_made_with_those_above_and_may_exist() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("a/b");
    os::make_private_directory(&path).unwrap();
    os::make_private_directory(&path).unwrap();
    assert!(path.is_dir());
    assert_eq!(os::anothers(&path), None);
    assert_eq!(
        os::owner(&path.metadata().unwrap()),
        os::owner(&directory.path().metadata().unwrap())
    );
}

#[test]
fn this_program_and_an_empty_file_can_be_opened() {
    assert!(File::open(os::current_exe().unwrap()).is_ok());
    let mut nothing = os::nothing().unwrap();
    assert_eq!(std::io::Read::read(&mut nothing, &mut [0]).unwrap(), 0);
}
