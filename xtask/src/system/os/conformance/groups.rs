//! Groups: started, reported when they end, ended as a whole.
//!
//! [`os::reap`] takes every child of the process, so this runs in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};

use super::{MARK, PATIENCE, Running, command, end, eventually};
use crate::diagnose::ExitStatus;
use crate::system::os::{self, Signal, SignalEvent};

#[test]
fn groups_are_started_reported_and_ended_as_a_whole() {
    let mut child = command("groups");
    let output = child.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
}

/// The role `groups`.
pub(super) fn in_own_process() {
    let (sender, heard) = channel();
    os::on_signals(move |event| {
        let _ = sender.send(event);
    })
    .unwrap();
    an_exit_code_is_reported(&heard);
    a_group_is_killed_with_what_it_started(&heard);
    a_session_is_reported_as_well(&heard);
    end(0);
}

/// The status of the child, once its end was announced.
fn status_of(pid: u32, heard: &Receiver<SignalEvent>) -> ExitStatus {
    loop {
        let event = heard.recv_timeout(PATIENCE).expect("the end of a child is announced");
        assert_eq!(event, SignalEvent::ChildEnded);
        if let Some((_, status)) = os::reap().into_iter().find(|(ended, _)| *ended == pid) {
            return status;
        }
    }
}

#[expect(clippy::zombie_processes, reason = "`reap` reaps it")]
fn an_exit_code_is_reported(heard: &Receiver<SignalEvent>) {
    let child = os::spawn_group(&mut command("fail")).unwrap();
    let expected = ExitStatus {
        code: Some(7),
        signal: None,
    };
    assert_eq!(status_of(child.id(), heard), expected);
}

#[expect(clippy::zombie_processes, reason = "`reap` reaps it")]
fn a_group_is_killed_with_what_it_started(heard: &Receiver<SignalEvent>) {
    let mut child = os::spawn_group(&mut command("parent")).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let inner: u32 = loop {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it has ended without a word");
        if let Some((_, word)) = line.split_once(MARK) {
            break word.trim().parse().unwrap();
        }
    };
    let group = os::process(child.id()).unwrap().unwrap().group;
    assert_eq!(group, child.id(), "it leads its group");
    assert_eq!(os::process(inner).unwrap().unwrap().group, group);
    let identity = os::identity(inner).unwrap();
    os::signal_group(group, Signal::Kill);
    assert_ne!(status_of(child.id(), heard).code, Some(0));
    eventually("the end of what it started", || {
        let ended = |process: crate::process::Process| process.state == crate::process::ProcessState::Zombie;
        let found = os::process(inner)
            .unwrap()
            .filter(|process| Some(&process.identity) == identity.as_ref());
        found.is_none_or(ended)
    });
    assert!(os::unadopted(&[group]).unwrap().iter().all(|it| it.group.is_none()));
}

fn a_session_is_reported_as_well(heard: &Receiver<SignalEvent>) {
    let mut child = Running::of(os::spawn_session(&mut command("wait")).unwrap());
    child.word();
    drop(child.stdin.take());
    let expected = ExitStatus {
        code: Some(0),
        signal: None,
    };
    assert_eq!(status_of(child.pid(), heard), expected);
    // It was reaped, and must not be reaped twice.
    std::mem::forget(child);
}
