//! Real files of every kind → their bytes, or why they were not read.

use super::*;

/// Reads a file created by `make`, with a limit of 4 bytes.
#[track_caller]
fn check(make: impl FnOnce(&Path), expected: Result<&str, &str>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    make(&path);
    let read = read_regular(&path, 4).map(|bytes| String::from_utf8(bytes).unwrap());
    let expected = expected.map(str::to_owned).map_err(str::to_owned);
    assert_eq!(read.map_err(|error| error.to_string()), expected);
}

fn write(text: &str) -> impl FnOnce(&Path) {
    move |path| std::fs::write(path, text).unwrap()
}

#[test]
fn a_file_is_read_whole() {
    check(write(""), Ok(""));
    check(write("four"), Ok("four"));
}

#[test]
fn a_larger_one_is_refused() {
    check(write("fives"), Err("it is larger than 4 bytes"));
}

#[cfg(unix)] // On Windows, links are for administrators.
#[test]
fn a_link_leads_to_its_file() {
    let there = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&there, "four").unwrap();
    check(|path| std::os::unix::fs::symlink(&there, path).unwrap(), Ok("four"));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let make = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    check(make, Err("it is a named pipe, not a regular file"));
}

#[test]
fn a_directory_is_refused() {
    check(|path| std::fs::create_dir(path).unwrap(), Err("is a directory"));
}

#[cfg(unix)]
#[test]
fn a_socket_and_a_device_are_refused() {
    let listen = |path: &Path| drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    check(listen, Err("it is a socket, not a regular file"));
    let zero = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    check(zero, Err("it is a device, not a regular file"));
}
