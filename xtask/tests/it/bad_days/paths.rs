//! Folders with odd names, and in odd places.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::sandbox::Sandbox;

#[test]
fn a_path_that_is_not_utf8_is_refused_by_all_in_the_same_words() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let folder = sandbox.project().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(sandbox.project().join("devtasks.toml"), folder.join("devtasks.toml")).unwrap();
    for arguments in [&["up"][..], &["up", "--plan"], &["doctor"], &["status"], &["down"]] {
        let ended = sandbox.start_in(&folder, arguments).wait().with(2);
        assert_eq!(
            sandbox.plain(&ended.stderr),
            "error: the path of this project is not UTF-8: `[project]/caf\u{fffd}`\n\n\
             hint: rename the folder, or the one above it whose name is shown with `\u{fffd}`\n"
        );
    }
    let doctor = sandbox
        .start_in(&folder, &["doctor", "--format", "json"])
        .wait()
        .with(2);
    assert_eq!(doctor.json()["findings"][0]["level"], "fail");
    assert!(!sandbox.home().join(".local").exists());
}

#[test]
fn a_state_folder_with_a_path_too_long_for_a_socket_serves_as_well() {
    let mut sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let deep = sandbox.home().join("x".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    for name in ["XDG_STATE_HOME", "TMPDIR"] {
        sandbox.set(name, deep.to_str().unwrap());
    }
    sandbox.run(&["up", "--detach"]).with(0);
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_folder_is_known_by_its_name_whatever_its_script() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let folder = sandbox.checkout("-한글 폴더");
    sandbox.start_in(&folder, &["up", "--detach"]).wait().with(0);
    sandbox.start_in(&folder, &["status"]).wait().with(0);
    sandbox.start_in(&folder, &["down"]).wait().with(0);
    let entries = std::fs::read_dir(sandbox.home().join(".local/state/devtasks")).unwrap();
    let names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("한글폴더-")), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with(['-', '.'])), "{names:?}");
}
