//! An existing file → its mode and text after appending a line.

use super::*;

#[track_caller]
fn check(before: Option<(&str, u32)>, expected: (&str, u32)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/log");
    if let Some((text, mode)) = before {
        std::fs::create_dir(directory.path().join("state")).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    append_private(&path, b"line\n").unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), mode), expected);
}

#[test]
fn a_new_file_is_its_users_alone() {
    check(None, ("line\n", 0o600));
}

#[test]
fn an_old_file_grows_and_becomes_its_users_alone() {
    check(Some(("old\n", 0o644)), ("old\nline\n", 0o600));
}

#[test]
fn a_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).unwrap();
    assert!(append_private(&path, b"line\n").is_err());
    assert!(!directory.path().join("elsewhere").exists());
}
