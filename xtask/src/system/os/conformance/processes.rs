//! Identity, rows of the process table, details, handles.

use std::time::{Duration, Instant};

use super::{PATIENCE, command, eventually, start};
use crate::process::{Identity, ProcessState, Tag};
use crate::system::os::{self, Handle, Signal};

#[test]
fn an_identity_is_the_same_each_time_and_another_for_each_process() {
    let child = start("wait");
    let ours = os::identity(std::process::id()).unwrap();
    assert_eq!(os::identity(std::process::id()).unwrap(), ours);
    assert_eq!(os::identity(child.pid()).unwrap(), Some(child.identity()));
    assert_ne!(Some(child.identity()), ours);
    assert_ne!(child.identity().start, 0);
}

#[test]
fn a_process_that_was_reaped_is_not_there() {
    let mut child = start("wait");
    let identity = child.identity();
    child.finish();
    eventually("the end of the child", || {
        os::identity(identity.pid).unwrap().as_ref() != Some(&identity)
    });
    assert!(!matches!(os::process(identity.pid), Ok(Some(process)) if process.identity == identity));
}

#[test]
fn a_row_names_the_parent_and_the_program() {
    let mut child = start("wait");
    child.word();
    let row = os::process(child.pid()).unwrap().unwrap();
    assert_eq!(row.identity, child.identity());
    assert_eq!(row.parent, std::process::id());
    assert_eq!(row.state, ProcessState::Running);
    let file = std::env::current_exe().unwrap();
    let file = file.file_name().unwrap().to_string_lossy().into_owned();
    // Linux and macOS cut it.
    assert!(file.starts_with(row.name.raw().as_str()), "{:?} of {file}", row.name);
    let table = os::processes().unwrap();
    let same = |process: &&crate::process::Process| process.identity == row.identity;
    assert_eq!(table.iter().find(same), Some(&row));
    assert!(table.iter().any(|process| process.identity.pid == std::process::id()));
}

#[test]
fn children_and_descendants_are_those_that_live() {
    let mut child = start("parent");
    let inner: u32 = child.word().parse().unwrap();
    let us = std::process::id();
    assert!(os::children(us).unwrap().contains(&child.pid()));
    assert!(os::own_children().unwrap().contains(&child.pid()));
    assert!(os::children(child.pid()).unwrap().contains(&inner));
    assert!(!os::children(us).unwrap().contains(&inner));
    let below = os::descendants(us).unwrap();
    let place = |pid| below.iter().position(|found| *found == pid);
    assert!(place(child.pid()).unwrap() < place(inner).unwrap(), "nearest first");
    assert_eq!(os::process(inner).unwrap().unwrap().parent, child.pid());
}

#[test]
fn details_are_those_that_it_was_started_with() {
    let directory = tempfile::TempDir::new().unwrap();
    let place = dunce::canonicalize(directory.path()).unwrap();
    let tag = Tag::supervisor("shop".to_owned(), place.clone(), "7f3a".to_owned());
    let mut command = command("wait");
    command
        .current_dir(&place)
        .envs(tag.variables())
        .env("CONFORMANCE_WORD", "a b=c");
    let mut child = super::Running::of(command.spawn().unwrap());
    child.word();
    let words = os::command(child.pid());
    assert_eq!(words[1..3], ["--exact", "system::os::conformance::child"]);
    let variables = os::environment(child.pid()).unwrap();
    assert_eq!(variables.get("CONFORMANCE_WORD").map(String::as_str), Some("a b=c"));
    assert_eq!(os::tag(child.pid()).unwrap(), Some(tag));
    assert_eq!(
        os::cwd(child.pid()).map(|it| dunce::canonicalize(it).unwrap()),
        Some(place)
    );
    let program = os::program(child.pid()).map(|it| dunce::canonicalize(it).unwrap());
    assert_eq!(
        program,
        Some(dunce::canonicalize(std::env::current_exe().unwrap()).unwrap())
    );
}

#[test]
fn details_of_nobody_are_none() {
    let mut child = start("wait");
    let pid = child.pid();
    child.finish();
    assert_eq!(os::command(pid), Vec::<String>::new());
    assert_eq!(os::cwd(pid), None);
    assert!(os::children(pid).unwrap().is_empty());
}

#[test]
fn a_handle_is_of_the_process_that_was_meant() {
    let child = start("wait");
    let meant = child.identity();
    let handle = Handle::open(&meant).unwrap().unwrap();
    assert!(!handle.is_gone());
    assert!(!handle.is_denied());
    let another = Identity {
        start: meant.start + 1,
        ..meant
    };
    assert!(Handle::open(&another).unwrap().is_none(), "its pid was reused");
}

#[test]
fn a_killed_process_is_waited_for_without_reaping_it() {
    let (first, second) = (start("wait"), start("wait"));
    let open = |identity: Identity| Handle::open(&identity).unwrap().unwrap();
    let (killed, living) = (open(first.identity()), open(second.identity()));
    killed.signal(Signal::Kill).unwrap();
    eventually("the end of the first", || {
        os::wait_all(&[&killed, &living], Duration::from_millis(50)) == [1]
    });
    assert!(killed.is_gone());
    assert!(!living.is_gone());
}

#[test]
fn waiting_ends_at_once_when_all_are_gone_and_in_time_when_not() {
    let child = start("wait");
    let handle = Handle::open(&child.identity()).unwrap().unwrap();
    let begin = Instant::now();
    assert_eq!(os::wait_all(&[&handle], Duration::from_millis(30)), [0]);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    handle.signal(Signal::Kill).unwrap();
    let begin = Instant::now();
    assert_eq!(os::wait_all(&[&handle], PATIENCE), Vec::<usize>::new());
    assert!(begin.elapsed() < PATIENCE);
    assert_eq!(os::wait_all(&[], PATIENCE), Vec::<usize>::new());
}

#[test]
fn pids_that_are_never_signalled_have_no_handle() {
    for pid in [0, 1] {
        let identity = Identity {
            boot: String::new(),
            pid,
            start: 0,
        };
        assert!(!matches!(Handle::open(&identity), Ok(Some(_))), "pid {pid}");
    }
}

#[test]
fn the_end_of_a_child_is_noticed_in_time() {
    let mut child = start("wait");
    child.word();
    assert!(!os::ends_within(&mut child.child, Duration::from_millis(20)));
    drop(child.stdin.take());
    assert!(os::ends_within(&mut child.child, PATIENCE));
    assert_eq!(child.child.wait().unwrap().code(), Some(0));
}
