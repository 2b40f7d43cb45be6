//! Processes for a bench: servers to be found, and a load of the kind that a desktop runs to search in.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// Processes of ours that say one line each and then wait for the end of their input, which comes with our own end.
pub(crate) struct Crowd {
    children: Vec<Child>,
    said: Vec<String>,
    input: Option<PipeWriter>,
}

impl Crowd {
    /// So many that listen on a port each, and those ports.
    pub(crate) fn servers(count: usize) -> (Crowd, Vec<u16>) {
        let crowd = Crowd::new("listen", count);
        let ports = crowd.said.iter().map(|port| port.parse().unwrap()).collect();
        (crowd, ports)
    }

    pub(crate) fn load(count: usize) -> Crowd {
        Crowd::new("load", count)
    }

    fn new(role: &str, count: usize) -> Crowd {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut crowd = Crowd {
            children: Vec::new(),
            said: Vec::new(),
            input: Some(writer),
        };
        for _ in 0..count {
            crowd.add(role, &reader);
        }
        crowd
    }

    fn add(&mut self, role: &str, input: &PipeReader) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(role)
            .stdin(input.try_clone().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        self.children.push(child);
        self.said.push(said.trim().to_owned());
    }

    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> + '_ {
        self.children.iter().map(Child::id)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.input.take());
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

/// What this process is by its first argument; `false` where it is the bench itself.
pub(crate) fn plays(role: Option<&str>) -> bool {
    match role {
        Some("listen") => listen(),
        Some("load") => load(),
        _ => return false,
    }
    true
}

fn say_and_wait(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

fn listen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    say_and_wait(&listener.local_addr().unwrap().port().to_string());
}

/// Eight ends of TCP connections, four of Unix sockets, eight files.
fn load() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs = (0..4).map(|_| (TcpStream::connect(address).unwrap(), listener.accept().unwrap()));
    let connections: Vec<_> = pairs.collect();
    drop(listener);
    let unix: Vec<_> = (0..2).map(|_| UnixStream::pair().unwrap()).collect();
    let files: Vec<_> = (0..8).map(|_| File::open("/proc/self/exe").unwrap()).collect();
    say_and_wait("ready");
    drop((connections, unix, files));
}
