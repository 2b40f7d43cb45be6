//! Stops real processes; the reported progress and the outcome are compared.
//!
//! Needs Unix, `sh` and `python3`: its processes fork, and hear signals or not. What a stop is on Windows, where nobody can be
//! asked to end, `escalation` tests, and `tests/main_paths` with `port kill`.

#![cfg(unix)]

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::process::Identity;
use crate::system::os::{Handle, identity, process, processes};

/// A child with descendants, all killed on drop. Each process prints `LABEL PID` when it is ready.
struct Scene {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<(String, Identity)>,
    grace: Duration,
    may_kill: bool,
    interrupt: bool,
}

/// Functions for the Python processes of a scene.
const SAY: &str = "
import os, signal, socket, subprocess, sys, time
def say(label): os.write(1, f'{label} {os.getpid()}\\n'.encode())
def deaf(): signal.signal(signal.SIGTERM, signal.SIG_IGN)
def fork(then):
    if os.fork() == 0:
        then()
        os._exit(0)
def rest(): time.sleep(99)
";

impl Scene {
    /// Runs `code` in python3 and waits until `ready` processes have printed their labels.
    fn python(code: &str, ready: usize) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", &format!("{SAY}\n{code}")]);
        Scene::start(command, ready)
    }

    fn start(mut command: Command, ready: usize) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        let mut scene = Scene {
            child,
            lines,
            seen: Vec::new(),
            grace: Duration::from_secs(20),
            may_kill: false,
            interrupt: false,
        };
        for _ in 0..ready {
            scene.meet();
        }
        scene
    }

    /// Waits for the next label.
    fn meet(&mut self) {
        let line = self.lines.recv_timeout(Duration::from_secs(20)).unwrap();
        let (label, pid) = line.split_once(' ').unwrap();
        let identity = identity(pid.parse().unwrap()).unwrap().unwrap();
        self.seen.push((label.to_owned(), identity));
        self.seen.sort();
    }

    /// All processes seen so far, by label; `first` of them are signalled first.
    fn tree(&self, first: usize) -> Tree {
        let target = |(label, identity): &(String, Identity)| Target {
            identity: identity.clone(),
            name: label.as_str().into(),
            user: None,
        };
        Tree {
            processes: self.seen.iter().map(target).collect(),
            n_first_wave: first,
        }
    }

    #[track_caller]
    fn check(&self, tree: &Tree, expected: &str) {
        self.compare(expected, end, tree);
    }

    #[track_caller]
    fn check_port(&self, tree: &Tree, port: &Port<'_>, expected: &str) {
        let act = |request: &StopRequest<'_>, talk: &mut StopCallbacks<'_>, audit: &mut Audit| {
            stop(request, port, talk, audit)
        };
        self.compare(expected, act, tree);
    }

    /// Also compares the audit log with the reported signals.
    #[track_caller]
    fn compare(
        &self,
        expected: &str,
        act: impl FnOnce(&StopRequest<'_>, &mut StopCallbacks<'_>, &mut Audit) -> StopOutcome,
        tree: &Tree,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("audit.jsonl");
        let said = RefCell::new(Vec::new());
        let signals = RefCell::new(Vec::new());
        let request = StopRequest {
            tree,
            signal: Signal::Term,
            grace: self.grace,
            why: "a test",
        };
        let outcome = act(
            &request,
            &mut StopCallbacks {
                confirm_kill: &mut |survivors, why| {
                    assert_eq!(why, KillReason::StillThere);
                    said.borrow_mut().push(format!("kill {}?", names(survivors)));
                    self.may_kill
                },
                progress: &mut |progress| match progress {
                    Progress::Sent { signal, target } => {
                        said.borrow_mut().push(format!("{} {}", signal.name(), target.name));
                        signals.borrow_mut().push(format!("{} {}", signal.name(), target.name));
                    }
                    Progress::StillThere { .. } => {}
                    Progress::NotAudited(problem) => panic!("{}", problem.message),
                },
                interrupted: &|| self.interrupt,
            },
            &mut Audit::new(log.clone(), "a test".to_owned()),
        );
        let mut said = said.into_inner();
        said.push(match outcome {
            StopOutcome::Stopped { killed: false, .. } => "stopped".to_owned(),
            StopOutcome::Stopped { killed: true, .. } => "killed".to_owned(),
            StopOutcome::Gone => "gone".to_owned(),
            StopOutcome::Refused(reason) => format!("refused: {reason}"),
            StopOutcome::Denied(_) => "denied".to_owned(),
            StopOutcome::Survived(survivors) => format!("survived: {}", names(&survivors)),
            StopOutcome::Respawned(holder) => format!("respawned by {}", holder.parent.unwrap().name),
            StopOutcome::StillBusy => "still busy".to_owned(),
            StopOutcome::Interrupted(survivors) => format!("interrupted: {}", names(&survivors)),
        });
        assert_eq!(said.join(", "), expected);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let logged = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            format!(
                "{} {}",
                line["signal"].as_str().unwrap(),
                line["name"].as_str().unwrap()
            )
        });
        assert_eq!(logged.collect::<Vec<_>>(), signals.into_inner());
    }

    fn is_alive(&self, label: &str) -> bool {
        self.seen
            .iter()
            .filter(|(name, _)| name == label)
            .any(|(_, identity)| open(identity).is_some_and(|handle| !handle.is_gone()))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // The root first, so that it restarts nothing; then repeatedly, to catch forks.
        let mut known: Vec<Identity> = self.seen.iter().map(|(_, identity)| identity.clone()).collect();
        known.extend(identity(self.child.id()).unwrap());
        loop {
            let table = processes().unwrap_or_default();
            let below: Vec<Identity> = table
                .into_iter()
                .filter(|process| process.state != ProcessState::Zombie)
                .filter(|process| known.iter().any(|known| known.pid == process.parent))
                .map(|process| process.identity)
                .filter(|identity| !known.contains(identity))
                .collect();
            let _ = self.child.kill();
            for handle in known.iter().chain(&below).filter_map(open) {
                let _ = handle.signal(Signal::Kill);
            }
            if below.is_empty() {
                break;
            }
            known.extend(below);
        }
        let _ = self.child.wait();
    }
}

fn open(identity: &Identity) -> Option<Handle> {
    Handle::open(identity).unwrap()
}

fn names(survivors: &[Survivor]) -> String {
    let names = survivors.iter().map(|survivor| match survivor.state {
        None => format!("{} (unseen)", survivor.target.name),
        Some(ProcessState::Suspended) => format!("{} (suspended)", survivor.target.name),
        Some(ProcessState::Running | ProcessState::Zombie) => survivor.target.name.raw().clone(),
    });
    names.collect::<Vec<_>>().join(" ")
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "what it waits for sends no event")]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Binds like a server: the standard library sets `SO_REUSEADDR` on Unix.
fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_server_ends_when_asked() {
    let scene = Scene::python("say('a'); rest()", 1);
    scene.check(&scene.tree(1), "SIGTERM a, stopped");
    assert!(!scene.is_alive("a"));
}

#[test]
fn one_that_ignores_the_request_is_killed_only_after_a_second_yes() {
    let mut scene = Scene::python("deaf(); say('a'); rest()", 1);
    scene.grace = Duration::from_millis(100);
    scene.check(&scene.tree(1), "SIGTERM a, kill a?, survived: a");
    assert!(scene.is_alive("a"));
    scene.may_kill = true;
    scene.check(&scene.tree(1), "SIGTERM a, kill a?, SIGKILL a, killed");
    assert!(!scene.is_alive("a"));
}

#[test]
fn a_suspended_one_goes_on_to_hear_the_request() {
    let scene = Scene::python("say('a'); os.kill(os.getpid(), signal.SIGSTOP); rest()", 1);
    let pid = scene.seen[0].1.pid;
    eventually("it is suspended", || {
        process(pid).unwrap().unwrap().state == ProcessState::Suspended
    });
    scene.check(&scene.tree(1), "SIGTERM a, SIGCONT a, stopped");
}

#[test]
fn workers_that_their_master_ends_are_not_signalled() {
    let scene = Scene::python(
        "
fork(lambda: (say('b'), rest()))
worker = os.fork()
if worker == 0: say('c'); rest()
signal.signal(signal.SIGTERM, lambda *_: (os.kill(worker, signal.SIGKILL), os.waitpid(worker, 0), os._exit(0)))
say('a'); rest()",
        3,
    );
    scene.check(&scene.tree(1), "SIGTERM a, SIGTERM b, stopped");
    assert!(!scene.is_alive("c"));
}

#[test]
fn a_whole_group_is_asked_at_once() {
    let scene = Scene::python("fork(lambda: (say('b'), rest())); say('a'); rest()", 2);
    scene.check(&scene.tree(2), "SIGTERM a, SIGTERM b, stopped");
}

#[test]
fn only_those_that_remain_are_killed() {
    let mut scene = Scene::python("fork(lambda: (deaf(), say('b'), rest())); say('a'); rest()", 2);
    scene.grace = Duration::from_millis(100);
    scene.may_kill = true;
    scene.check(&scene.tree(2), "SIGTERM a, SIGTERM b, kill b?, SIGKILL b, killed");
}

#[test]
fn what_has_vanished_is_not_signalled() {
    let mut scene = Scene::python("say('a'); rest()", 1);
    scene.child.kill().unwrap();
    eventually("it is a zombie", || !scene.is_alive("a"));
    scene.check(&scene.tree(1), "gone");
    scene.child.wait().unwrap();
    scene.check(&scene.tree(1), "gone");
}

#[test]
fn another_process_with_the_same_pid_is_never_signalled() {
    let scene = Scene::python("say('a'); rest()", 1);
    let mut tree = scene.tree(1);
    tree.processes[0].identity.start -= 1;
    scene.check(&tree, "gone");
    tree = scene.tree(1);
    tree.processes[0].identity.boot.push('0');
    scene.check(&tree, "gone");
    assert!(scene.is_alive("a"));
}

#[test]
fn an_interrupt_stops_the_waiting_and_kills_nobody() {
    let mut scene = Scene::python("deaf(); say('a'); rest()", 1);
    scene.interrupt = true;
    scene.check(&scene.tree(1), "SIGTERM a, interrupted: a");
    assert!(scene.is_alive("a"));
}

#[test]
fn the_first_process_is_never_signalled() {
    let scene = Scene::python("say('a'); rest()", 1);
    let mut tree = scene.tree(1);
    tree.processes[0].identity = identity(1).unwrap().unwrap();
    scene.check(&tree, "refused: pid 1 is never signalled");
}

const SERVE: &str = "
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(('127.0.0.1', int(sys.argv[1])))
server.listen()
say('server'); rest()";

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn server(port: u16) -> Scene {
    let mut command = Command::new("python3");
    command.args(["-c", &format!("{SAY}{SERVE}"), &port.to_string()]);
    Scene::start(command, 1)
}

#[test]
fn a_port_counts_as_free_once_it_can_be_bound() {
    let number = free_port();
    let scene = server(number);
    assert!(!is_free(number));
    let port = Port {
        still_holds: &|pids| pids == [scene.child.id()],
        is_free: &|| is_free(number),
        holder: &|| None,
    };
    scene.check_port(&scene.tree(1), &port, "SIGTERM server, stopped");
    assert!(is_free(number));
}

#[test]
fn one_that_let_go_of_the_port_is_not_signalled() {
    let scene = Scene::python("say('a'); rest()", 1);
    let mut port = Port {
        still_holds: &|_| false,
        is_free: &|| true,
        holder: &|| None,
    };
    scene.check_port(&scene.tree(1), &port, "gone");
    port.is_free = &|| false;
    scene.check_port(&scene.tree(1), &port, "still busy");
    assert!(scene.is_alive("a"));
}

#[test]
fn whoever_starts_it_again_is_named() {
    let number = free_port();
    let mut command = Command::new("sh");
    let script = "while :; do python3 -c \"$0\" \"$1\"; sleep 0.05; done";
    command.args(["-c", script, &format!("{SAY}{SERVE}"), &number.to_string()]);
    let scene = Scene::start(command, 1);
    let (first, shell) = (scene.seen[0].1.pid, scene.child.id());
    let holder = || {
        let next = processes().unwrap().into_iter().find(|process| {
            process.parent == shell && process.name == "python3" && process.identity.pid != first && !is_free(number)
        })?;
        let parent = process(shell).unwrap()?;
        Some(PortHolder {
            process: ProcessRef {
                pid: next.identity.pid,
                name: next.name,
            },
            parent: Some(Target {
                identity: parent.identity,
                name: parent.name,
                user: None,
            }),
            tag: None,
        })
    };
    let port = Port {
        still_holds: &|pids| pids == [first],
        is_free: &|| is_free(number),
        holder: &holder,
    };
    scene.check_port(&scene.tree(1), &port, "SIGTERM server, stopped");
    let taken = watch_port(&[&holder], Duration::from_secs(20), &|| false).remove(0);
    let starter = taken.unwrap().parent.unwrap();
    assert_eq!((starter.name.raw().as_str(), starter.identity.pid), ("sh", shell));
}
