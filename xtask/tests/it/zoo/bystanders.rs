//! Who is near a busy port and never its owner: clients, and those who come after the owner was shown.

use std::io::{PipeWriter, Write};
use std::process::Command;

use rustix::process::Signal;

use super::namespace::Namespace;
use super::{Zoo, lives};
use crate::sandbox::{Ended, Running, service, signal};

#[test]
fn a_client_is_counted_and_lives_on_when_the_owner_is_ended() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--hang --listen 127.0.0.1:PORT");
    let mut client = zoo.sandbox.other("bash");
    let connect = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{} && echo open && exec sleep infinity",
        zoo.port
    );
    client.args(["-c", &connect]);
    zoo.follow("client", client);
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening 127.0.0.1:[port], clients 1
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder])
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();

    let client = zoo.pid("client");
    zoo.names.remove(&client);
    zoo.is_ended(&["SIGTERM [holder]"]);
    assert!(lives(client), "the client was ended");
}

#[test]
fn who_takes_the_port_after_the_question_is_left_alone() {
    let mut zoo = Zoo::new();
    zoo.start("first", "--listen 127.0.0.1:PORT");
    let up = Asked::start(zoo.sandbox.other("script"));
    up.wait_for_the_question();
    zoo.kill("first");
    zoo.start("second", "--listen 127.0.0.1:PORT");
    up.answer_yes()
        .is_told(&zoo, "port [port] was taken again at once, by `service` (pid [second])");
}

/// The same process number, and the same port: only its start tells that it is another one.
#[test]
fn who_got_the_pid_of_the_owner_that_was_shown_is_left_alone_needs_root() {
    let mut zoo = Zoo::new();
    let processes = Namespace::processes(&mut zoo);
    let first = processes.inside(&zoo, service());
    zoo.start_by("entered", first, "--pid --listen 127.0.0.1:PORT");
    zoo.name_the_others(&["first"]);
    let up = Asked::start(processes.inside(&zoo, "script"));
    up.wait_for_the_question();

    let number = number_inside(&zoo, "entered");
    let first = zoo.pid("first");
    zoo.names.remove(&first);
    signal(first, Signal::KILL);
    zoo.names.remove(&zoo.pid("entered"));
    zoo.running.remove("entered").unwrap().wait();

    let mut again = processes.inside(&zoo, "sh");
    let last = number - 1;
    let script = format!("echo {last} > /proc/sys/kernel/ns_last_pid; \"$@\" & wait");
    again.args(["-c", &script, "sh"]).arg(service());
    zoo.start_by("again", again, "--pid --listen 127.0.0.1:PORT");
    assert_eq!(number_inside(&zoo, "again"), number);
    up.answer_yes().is_told(
        &zoo,
        &format!("port [port] was taken again at once, by `service` (pid {number})"),
    );
}

/// What the fixture calls its own pid.
fn number_inside(zoo: &Zoo, name: &str) -> u32 {
    let said = zoo.running[name].stdout();
    said.lines()
        .find_map(|line| line.strip_prefix("pid "))
        .unwrap()
        .parse()
        .unwrap()
}

/// `up` on a terminal, where somebody can be asked.
struct Asked {
    running: Running,
    keyboard: PipeWriter,
}

impl Asked {
    /// By script(1), which gives it one.
    fn start(mut script: Command) -> Self {
        let (keys, keyboard) = std::io::pipe().unwrap();
        let up = format!("{} up", env!("CARGO_BIN_EXE_xtask"));
        script
            .args(["--quiet", "--return", "--command", &up, "/dev/null"])
            .stdin(keys);
        Asked {
            running: Running::start(script),
            keyboard,
        }
    }

    #[track_caller]
    fn wait_for_the_question(&self) {
        self.running.wait_for("stop it");
    }

    fn answer_yes(mut self) -> Told {
        self.keyboard.write_all(b"y\n").unwrap();
        Told(self.running.wait())
    }
}

struct Told(Ended);

impl Told {
    /// And nobody was signalled.
    #[track_caller]
    fn is_told(&self, zoo: &Zoo, expected: &str) {
        let Told(ended) = self;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        let said = zoo.named(&ended.stdout);
        assert!(said.contains(expected), "{said}");
        zoo.all_live();
        assert!(!zoo.audit_log().exists(), "somebody was signalled: {said}");
    }
}
