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
