//! The client's end: sends a request and receives replies.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ConnectOptions, GenericFilePath, Stream};

use super::{Envelope, PROTOCOL, other_version};
use crate::diagnostic::{Diagnostic, Hint};
use crate::protocol::{Input, Reply, Request};
use crate::system::os;
use crate::system::threads::{self, Stack};

/// The maximum time to the first reply: the supervisor replies without waiting for anything.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to the supervisor.
pub(crate) struct Client {
    stream: BufReader<Patient>,
}

/// A stream whose reads have a time limit.
struct Patient {
    stream: Arc<Stream>,
    /// For each read; `None` means forever.
    patience: Option<Duration>,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.patience {
            Some(patience) if !os::receives_within(&self.stream, patience) => Err(ErrorKind::TimedOut.into()),
            Some(_) | None => (&*self.stream).read(buffer),
        }
    }
}

impl Client {
    /// `None` if no process listens there, or one that may not.
    pub(crate) fn connect(path: &Path) -> Option<Client> {
        let name = path.to_fs_name::<GenericFilePath>().ok()?;
        let stream = ConnectOptions::new().name(name).connect_sync().ok()?;
        let stream = Patient {
            stream: Arc::new(stream),
            patience: None,
        };
        os::is_trusted_server(&stream.stream).then(|| Client {
            stream: BufReader::new(stream),
        })
    }

    /// A request that does not arrive is answered with [`Reply::Ending`].
    pub(crate) fn send(&mut self, request: &Request) {
        // A large request blocks until it is read; a supervisor that does not read does not reply either.
        let mut stream = &*self.stream.get_mut().stream;
        let _ = os::set_send_timeout(stream, Some(REPLY_TIMEOUT));
        // If it fails, the supervisor closes the connection.
        let _ = ask(&mut stream, request);
    }

    /// The next reply; waits at most `patience`.
    pub(crate) fn receive(&mut self, patience: Option<Duration>) -> Result<Reply, Diagnostic> {
        self.stream.get_mut().patience = patience;
        receive(&mut self.stream)
    }

    /// Sends input once the first reply is [`Reply::Attached`].
    pub(crate) fn input(&self) -> InputSender {
        let stream = Arc::clone(&self.stream.get_ref().stream);
        // A service that does not read makes it wait.
        let _ = os::set_send_timeout(&stream, None);
        InputSender { stream }
    }

    /// Passes every reply to `hear` on its own thread, or the error; see [`listen`]. The first reply must come within
    /// [`REPLY_TIMEOUT`], because the supervisor reports immediately what is under way. A successful connection does
    /// not show that it is alive: the kernel accepts it.
    pub(crate) fn follow(mut self, hear: impl Fn(Result<Reply, Diagnostic>) + Clone + Send + 'static) {
        let unheard = hear.clone();
        let follow = move || {
            let first = self.receive(Some(REPLY_TIMEOUT));
            let more = is_followed(&first);
            hear(first);
            self.stream.get_mut().patience = None;
            if more {
                listen(self.stream, hear);
            }
        };
        if let Err(problem) = threads::start("replies", Stack::Usual, follow) {
            let look = Hint::run("look with", "status").then(" what became of it: it was asked for");
            unheard(Err(problem.hint(look)));
        }
    }
}

/// The way of an attached client to its service.
#[derive(Clone)]
pub(crate) struct InputSender {
    stream: Arc<Stream>,
}

impl InputSender {
    /// # Errors
    /// The supervisor has closed the connection.
    pub(crate) fn send(&self, input: &Input) -> io::Result<()> {
        let mut line = serde_json::to_vec(input).expect("input is plain data");
        line.push(b'\n');
        (&*self.stream).write_all(&line)
    }
}

/// Sends a request.
///
/// # Errors
/// It was not sent completely.
pub(crate) fn ask(to: &mut impl Write, request: &Request) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Envelope {
        protocol: PROTOCOL,
        request,
    })
    .expect("a request is plain data");
    line.push(b'\n');
    to.write_all(&line)
}

/// Passes every reply to `hear` up to [`Reply::Ending`], which also stands for the end of the stream, or the error.
pub(crate) fn listen(mut from: impl BufRead, hear: impl Fn(Result<Reply, Diagnostic>)) {
    let mut more = true;
    while more {
        let reply = receive(&mut from);
        more = is_followed(&reply);
        hear(reply);
    }
}

fn is_followed(reply: &Result<Reply, Diagnostic>) -> bool {
    !matches!(reply, Ok(Reply::Ending) | Err(_))
}

fn receive(from: &mut impl BufRead) -> Result<Reply, Diagnostic> {
    let mut line = String::new();
    match from.read_line(&mut line) {
        Ok(0) => Ok(Reply::Ending),
        Ok(_) => serde_json::from_str(&line).map_err(|_| other_version("its answer is not understood here")),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(Diagnostic::new(
            "the running supervisor does not answer; it may be suspended",
        )
        .hint("look for it with `fg` in the terminal it was started in")),
        Err(_) => Ok(Reply::Ending),
    }
}
