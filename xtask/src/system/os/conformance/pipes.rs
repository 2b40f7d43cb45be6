//! Pipes of children: whether something can be read, and many at once. The control endpoint.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ConnectOptions, GenericFilePath, ListenerOptions};

use super::{MARK, PATIENCE, command, eventually, start};
use crate::system::os::{self, Poller};

#[test]
fn a_pipe_is_readable_when_it_has_something_or_has_ended() {
    let mut child = command("listen").spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = Vec::new();
    eventually("its word", || {
        let is_there = os::is_readable_within(&stdout, Duration::from_millis(50));
        if is_there {
            let mut some = [0; 256];
            let n = stdout.read(&mut some).unwrap();
            said.extend_from_slice(&some[..n]);
        }
        String::from_utf8_lossy(&said).contains(MARK) && said.ends_with(b"\n")
    });
    let begin = Instant::now();
    assert!(!os::is_readable_within(&stdout, Duration::from_millis(30)));
    assert!(begin.elapsed() >= Duration::from_millis(30));
    child.kill().unwrap();
    assert!(os::is_readable_within(&stdout, PATIENCE));
    child.wait().unwrap();
}

#[test]
fn what_is_in_a_pipe_now_is_read_without_waiting_for_its_end() {
    let mut child = start("wait");
    child.word();
    let mut all = command("wait").spawn().unwrap();
    let stdout = all.stdout.take().unwrap();
    let mut said = Vec::new();
    eventually("its word", || {
        said.extend(os::read_at_once(&stdout, 4096));
        String::from_utf8_lossy(&said).contains(&format!("{MARK}waiting"))
    });
    assert!(os::read_at_once(&stdout, 4096).is_empty());
    all.kill().unwrap();
    all.wait().unwrap();
}

#[test]
fn a_poller_tells_which_pipes_are_readable_and_their_ends() {
    let poller = Poller::new().unwrap();
    let mut children: Vec<_> = (0..3).map(|_| command("wait").spawn().unwrap()).collect();
    let pipes = children.iter_mut().map(|child| child.stdout.take().unwrap());
    let pipes: Vec<Arc<File>> = pipes
        .map(|pipe| Arc::new(File::from(os::Descriptor::from(pipe))))
        .collect();
    for (key, pipe) in (0..).zip(&pipes) {
        poller.add(pipe, key).unwrap();
    }
    let mut said = [Vec::new(), Vec::new(), Vec::new()];
    let mut has_ended = [false; 3];
    let deadline = Instant::now() + PATIENCE;
    let round = |said: &mut [Vec<u8>; 3], has_ended: &mut [bool; 3]| {
        assert!(Instant::now() < deadline, "{said:?} {has_ended:?}");
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(Duration::from_millis(100)));
        for key in ready {
            let at = usize::try_from(key).unwrap();
            let mut some = [0; 4096];
            match (&*pipes[at]).read(&mut some) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => {
                    has_ended[at] = true;
                    poller.remove(&pipes[at]);
                }
                Ok(n) => said[at].extend_from_slice(&some[..n]),
            }
        }
    };
    let spoke = |said: &[u8]| String::from_utf8_lossy(said).contains("waiting");
    while !said.iter().all(|said| spoke(said)) {
        round(&mut said, &mut has_ended);
    }
    assert_eq!(has_ended, [false; 3]);
    children[1].kill().unwrap();
    while !has_ended[1] {
        round(&mut said, &mut has_ended);
    }
    assert_eq!(has_ended, [false, true, false]);
    for mut child in children {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

#[test]
fn a_client_of_the_same_user_is_served_at_the_endpoint() {
    let directory = tempfile::TempDir::new().unwrap();
    let endpoint = os::control_endpoint(directory.path());
    let name = || endpoint.as_path().to_fs_name::<GenericFilePath>().unwrap();
    let listener = os::private_socket(ListenerOptions::new().name(name()))
        .create_sync()
        .unwrap();
    let client = ConnectOptions::new().name(name()).connect_sync().unwrap();
    let served = listener.accept().unwrap();
    assert!(os::is_same_user(&served));
    os::set_send_timeout(&served, Some(PATIENCE)).unwrap();
    (&served).write_all(b"hello\n").unwrap();
    assert!(os::receives_within(&client, PATIENCE));
    let mut client = BufReader::new(client);
    let mut line = String::new();
    client.read_line(&mut line).unwrap();
    assert_eq!(line, "hello\n");
    assert!(!os::receives_within(client.get_ref(), Duration::from_millis(20)));
    drop(served);
    assert_eq!(client.read_line(&mut line).unwrap_or(0), 0, "the end");
}

#[test]
fn a_write_into_a_full_pipe_does_not_wait() {
    let mut child = command("wait").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    os::write_without_waiting(&stdin);
    // Nobody reads: the child waits for the end of its input only after its word, and discards what it reads.
    child.kill().unwrap();
    child.wait().unwrap();
    let block = vec![b'x'; 1 << 20];
    assert!(stdin.write_all(&block).is_err(), "its reader has ended");
}
