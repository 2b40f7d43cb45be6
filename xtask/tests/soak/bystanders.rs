//! Processes beside the stack that are none of its own: they must live on, whatever happens.

use std::io::Read;
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::census::{Process, process};
use crate::it::sandbox::{Running, Sandbox, port};

pub(crate) struct Bystanders {
    all: Vec<(Running, Process)>,
}

impl Bystanders {
    /// The same program in the same directory, clients of all ports, a service of another checkout.
    pub(crate) fn start(sandbox: &Sandbox, ports: &[u16]) -> Bystanders {
        let program = |name: &str| sandbox.other(sandbox.project().join(name));
        let mut same = program("service");
        same.args(["--listen", &format!("127.0.0.1:{}", port()), "--announce", "here I am"]);
        let mut other = program("service");
        other.args(["--listen", &format!("127.0.0.1:{}", port()), "--announce", "here I am"]);
        other.env("DEVTASKS_PROJECT", "project").env("DEVTASKS_SERVICE", "s0");
        other
            .env("DEVTASKS_CHECKOUT", sandbox.home())
            .env("DEVTASKS_RUN", "19ab-1");
        let mut client = program("client");
        client.args(ports.iter().map(ToString::to_string));
        let all = [same, other, client].into_iter().map(|command| {
            let running = Running::start(command);
            running.wait_for("here I am");
            let process = process(running.pid()).expect("it has just spoken");
            (running, process)
        });
        Bystanders { all: all.collect() }
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.all.iter().map(|(_, process)| process.pid).collect()
    }

    /// Those that ended, were suspended or are others now, in words.
    pub(crate) fn harmed(&self) -> Vec<String> {
        let harm = |(_, before): &(Running, Process)| match process(before.pid) {
            Some(now) if now.start == before.start && !matches!(now.state, 'T' | 'Z') => None,
            now => Some(format!("bystander {before:?} is {now:?} now")),
        };
        self.all.iter().filter_map(harm).collect()
    }
}

/// Connects to each of the ports as often as somebody lets it.
pub(crate) fn client(ports: impl Iterator<Item = String>) -> ExitCode {
    let ports: Vec<u16> = ports.map(|port| port.parse().expect("ports are numbers")).collect();
    let mut connections: Vec<Option<TcpStream>> = ports.iter().map(|_| None).collect();
    println!("here I am");
    loop {
        for (port, connection) in ports.iter().zip(&mut connections) {
            let is_open = connection.as_mut().is_some_and(|stream| {
                stream.set_nonblocking(true).is_ok()
                    && stream
                        .read(&mut [0])
                        .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
            });
            if !is_open {
                *connection = TcpStream::connect(("127.0.0.1", *port)).ok();
            }
        }
        thread::park_timeout(Duration::from_millis(200));
    }
}
