//! What cannot be started, as the user reads it.

use std::path::Path;
use std::process::Command;

use crate::plan::planned::planned;
use crate::process::Tag;
use crate::system::problem;
use crate::system::terminal::Size;

/// The only service of `file`, in a directory that is gone.
#[track_caller]
fn check(file: &str, expected: &str) {
    let plan = planned(Path::new("/gone"), file);
    let tag = Tag {
        project: "shop".into(),
        service: "db".into(),
        checkout: Path::new("/gone").into(),
        run: "1".into(),
    };
    let note = "/gone/note".into();
    let problem = super::service(&plan.services[0], None, None, &tag, Size::USUAL, note, false).err();
    let problem = problem.expect("it cannot be started");
    assert_eq!(format!("{} {}", problem.exit.code(), problem.message), expected);
}

#[test]
fn a_directory_that_is_gone_is_no_panic() {
    let program = std::env::current_exe().unwrap();
    let error = Command::new(&program).current_dir("/gone").spawn().unwrap_err();
    let expected = problem("run", &program, &error).message;
    let program = program.display();
    check(
        &format!("[services.db]\ncommand = ['''{program}''']"),
        &format!("5 {expected}"),
    );
    let (_, why) = expected.rsplit_once("`: ").unwrap();
    check(
        "[services.db]\ncompose = 'db'",
        &format!("5 cannot start this program again: {why}"),
    );
}
