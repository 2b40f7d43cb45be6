//! The other end: a request goes out, replies come in.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ConnectOptions, GenericFilePath, Stream};

use super::{Envelope, PROTOCOL, Reply, Request, other_version};
use crate::error::Problem;
use crate::world::threads::{self, Stack};

/// A conversation as the client sees it.
pub(crate) struct Client {
    stream: BufReader<Stream>,
}

impl Client {
    /// `None` when nobody listens there.
    pub(crate) fn connect(path: &Path) -> Option<Client> {
        let name = path.to_fs_name::<GenericFilePath>().ok()?;
        let stream = ConnectOptions::new().name(name).connect_sync().ok()?;
        Some(Client {
            stream: BufReader::new(stream),
        })
    }

    /// What does not arrive is answered with [`Reply::Ending`].
    pub(crate) fn send(&mut self, request: &Request) {
        ask(self.stream.get_mut(), request);
    }

    /// The next reply; waits at most `patience`.
    pub(crate) fn receive(&mut self, patience: Option<Duration>) -> Result<Reply, Problem> {
        match self.stream.get_ref().set_recv_timeout(patience) {
            Ok(()) => receive(&mut self.stream),
            Err(_) => Ok(Reply::Ending),
        }
    }

    /// Hands every reply to `hear`, or why none can be heard; see [`follow`].
    pub(crate) fn follow(self, hear: impl Fn(Result<Reply, Problem>) + Clone + Send + 'static) {
        let set = self.stream.get_ref().set_recv_timeout(None);
        debug_assert!(set.is_ok(), "a socket can do without a timeout");
        if let Err(problem) = follow(self.stream, hear.clone()) {
            hear(Err(
                problem.hint("look with `devtasks status` what became of it: it was asked for")
            ));
        }
    }
}

/// Sends a request. What does not arrive is answered with [`Reply::Ending`].
pub(crate) fn ask(to: &mut impl Write, request: &Request) {
    let request = serde_json::to_value(request).expect("a request is plain data");
    let mut line = serde_json::to_vec(&Envelope {
        protocol: PROTOCOL,
        request,
    })
    .expect("it is plain data");
    line.push(b'\n');
    let _ = to.write_all(&line);
}

/// Hands every reply to `hear`, on a thread of its own, up to [`Reply::Ending`], which also is the end of the stream, or
/// the problem in its place.
///
/// # Errors
/// The system has no room for the thread.
pub(crate) fn follow(
    mut from: impl BufRead + Send + 'static,
    hear: impl Fn(Result<Reply, Problem>) + Send + 'static,
) -> Result<(), Problem> {
    let listen = move || {
        let mut more = true;
        while more {
            let reply = receive(&mut from);
            more = !matches!(reply, Ok(Reply::Ending) | Err(_));
            hear(reply);
        }
    };
    threads::start("replies", Stack::Usual, listen)
}

fn receive(from: &mut impl BufRead) -> Result<Reply, Problem> {
    let mut line = String::new();
    match from.read_line(&mut line) {
        Ok(0) => Ok(Reply::Ending),
        Ok(_) => serde_json::from_str(&line).map_err(|_| other_version("its answer makes no sense here")),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Problem::new(
            "the running supervisor does not answer; it may be suspended",
        )
        .hint("look for it with `fg` in the terminal it was started in")),
        Err(_) => Ok(Reply::Ending),
    }
}
