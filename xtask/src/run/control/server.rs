//! The supervisor's end: accepts clients and answers each on its own thread.
//!
//! A supervisor that is out of threads or descriptors still replies, at least with that error.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::iter;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions, Stream};

use super::{Envelope, PROTOCOL, Version, attached, other_version};
use crate::diagnostic::{Diagnostic, Exit, Hint, Platform};
use crate::protocol::{Reply, Request, Size};
use crate::run::driver::Attached;
use crate::system::terminal::pause;
use crate::system::threads::{self, Stack};
use crate::system::{os, problem};

/// Attaches a client, perhaps with a terminal of this size, to a service.
pub(crate) type Attach = Box<dyn Fn(&str, Option<Size>) -> Result<Attached, Diagnostic> + Send + Sync>;

/// Accepts clients until the program exits.
pub(crate) struct Server {
    open: Arc<Conversations>,
}

#[derive(Default)]
struct Conversations {
    count: Mutex<Count>,
    fewer: Condvar,
}

#[derive(Default)]
struct Count {
    /// Clients that have not received their last reply.
    open: usize,
    /// Those of them that have not sent their request.
    unheard: usize,
}

/// How long a client may take to send its request after it was accepted.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum number of clients without a request, because each takes a thread and a descriptor.
const MAX_PENDING_CLIENTS: usize = 32;

/// How long a client may take to read when its socket is full.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after a failed accept, doubled on each further failure.
const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);

impl Server {
    /// `ask` gets each request with a channel for the replies.
    ///
    /// A socket at `path` that a dead supervisor left is replaced; the caller holds the checkout's lock.
    pub(crate) fn start(
        path: &Path,
        ask: impl Fn(Request, Sender<Reply>) + Send + Sync + 'static,
        attach: Attach,
    ) -> Result<Server, Diagnostic> {
        let listener = listen(path).map_err(|error| problem("listen at", path, &error))?;
        let open = Arc::new(Conversations::default());
        let door = Door {
            listener,
            ask,
            attach,
            open: Arc::clone(&open),
            spare: Mutex::new(os::nothing().ok()),
        };
        let door = Arc::new(door);
        threads::start("control", Stack::Usual, move || door.attend())?;
        Ok(Server { open })
    }

    /// Waits until every client has received its last reply, at most for `patience`.
    pub(crate) fn finish(self, patience: Duration) {
        let count = self.open.lock();
        drop(
            self.open
                .fewer
                .wait_timeout_while(count, patience, |count| count.open > 0),
        );
    }
}

/// The listening socket and what its threads share.
struct Door<A> {
    listener: Listener,
    ask: A,
    attach: Attach,
    open: Arc<Conversations>,
    /// Closed when no other descriptor is left, so that one client can be accepted and told.
    spare: Mutex<Option<File>>,
}

impl<A: Fn(Request, Sender<Reply>) + Send + Sync + 'static> Door<A> {
    /// Accepts clients one after another. Before serving one, it starts another thread that accepts, if possible.
    fn attend(self: Arc<Self>) {
        loop {
            let stream = self.let_in();
            let conversation = Conversation::begin(&self.open);
            let next = Arc::clone(&self);
            let is_relieved = threads::start("control", Stack::Usual, move || next.attend()).is_ok();
            self.talk(stream, conversation);
            if is_relieved {
                return;
            }
        }
    }

    /// Waits for a client that can be served.
    ///
    /// Source: `__sys_accept4` in net/socket.c takes the new descriptor first, so without one it fails at once, client or not.
    fn let_in(&self) -> Stream {
        let mut wait = MIN_PAUSE;
        loop {
            let stream = match self.listener.accept() {
                Ok(stream) => stream,
                // The next client can use the spare descriptor.
                Err(_) if self.spare().take().is_some() => continue,
                Err(_) => {
                    pause(wait);
                    wait = MAX_PAUSE.min(wait * 2);
                    continue;
                }
            };
            wait = MIN_PAUSE;
            let mut spare = self.spare();
            if spare.is_none() {
                *spare = os::nothing().ok();
            }
            if spare.is_some() {
                return stream;
            }
            let _ = answer(&stream, refuse(out_of_descriptors()));
            drop(stream);
            *spare = os::nothing().ok();
        }
    }

    fn spare(&self) -> MutexGuard<'_, Option<File>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn talk(&self, stream: Stream, mut conversation: Conversation<'_>) {
        let heard = if !os::is_same_user(&stream) {
            Err(Diagnostic::new("this stack belongs to another user").exit(Exit::Refused))
        } else if conversation.is_one_too_many {
            Err(too_many())
        } else {
            let until = Instant::now() + REQUEST_TIMEOUT;
            hear(Hurried { stream: &stream, until })
        };
        conversation.heard();
        let answers = match heard {
            Ok(Request::Attach { service, size }) => return attached::serve(stream, (self.attach)(&service, size)),
            Ok(request) => replies_to(request, &self.ask),
            Err(problem) => refuse(problem),
        };
        // Without it, a client that never reads would block this thread forever.
        let _ = os::set_send_timeout(&stream, Some(READ_TIMEOUT));
        // The client may have disconnected.
        let _ = answer(&stream, answers);
    }
}

/// A client's input, up to a deadline.
struct Hurried<'a> {
    stream: &'a Stream,
    until: Instant,
}

impl Read for Hurried<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        if !os::receives_within(self.stream, left) {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.read(buffer)
    }
}

/// A client from its accept to its last reply.
struct Conversation<'a> {
    all: &'a Conversations,
    is_heard: bool,
    is_one_too_many: bool,
}

impl<'a> Conversation<'a> {
    fn begin(all: &'a Conversations) -> Self {
        let mut count = all.lock();
        count.open += 1;
        count.unheard += 1;
        Conversation {
            all,
            is_heard: false,
            is_one_too_many: count.unheard > MAX_PENDING_CLIENTS,
        }
    }

    /// The client has sent its request, or never will.
    fn heard(&mut self) {
        if !std::mem::replace(&mut self.is_heard, true) {
            self.all.lock().unheard -= 1;
        }
    }
}

impl Drop for Conversation<'_> {
    fn drop(&mut self) {
        self.heard();
        self.all.lock().open -= 1;
        self.all.fewer.notify_all();
    }
}

impl Conversations {
    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn out_of_descriptors() -> Diagnostic {
    let end = "end it with Ctrl-C in its terminal, or with SIGTERM to its pid; see `ulimit -n` before the next `up`";
    // Windows has no such limit: a handle needs memory there.
    let pid = std::process::id();
    let taskkill = format!("end it with Ctrl-C in its terminal, or with `taskkill /pid {pid} /f`");
    Diagnostic::new("the running supervisor has no descriptor left for a client")
        .hint(Hint::from(end).on(Platform::Windows, taskkill))
}

fn too_many() -> Diagnostic {
    Diagnostic::new("too many others are about to ask the running supervisor something").hint("try it again")
}
fn listen(path: &Path) -> io::Result<Listener> {
    let name = path.to_fs_name::<GenericFilePath>()?;
    os::private_socket(
        ListenerOptions::new()
            .name(name)
            .try_overwrite(true)
            .reclaim_name(false),
    )
    .create_sync()
}

/// The client that started a background supervisor.
pub(crate) struct FirstClient {
    pub(crate) request: Request,
    pub(crate) replies: Sender<Reply>,
    /// Disconnected when the client has received its last reply.
    pub(crate) told: Receiver<()>,
}

/// The client at the other end of stdin and stdout. `None` if it disconnected before its request, or cannot be answered
/// and was told so.
pub(crate) fn first_client() -> Option<FirstClient> {
    let (ask, asked) = channel();
    let (give, given) = channel();
    let (tell, told) = channel();
    let talk = move || {
        let answered = given.recv().map(|answers| answer(io::stdout(), answers));
        if matches!(answered, Ok(Err(_))) {
            // It gets no further replies and must not wait for them.
            os::hang_up_stdout();
        }
        drop(tell);
    };
    if let Err(problem) = threads::start("client", Stack::Small, talk) {
        // A client that does not get the reply gets the end of the stream.
        let _ = answer(io::stdout(), refuse(problem));
        return None;
    }
    let answers = match hear(io::stdin()) {
        Ok(request) => replies_to(request, move |request, replies| drop(ask.send((request, replies)))),
        Err(problem) => {
            // Nothing will be asked.
            drop(ask);
            refuse(problem)
        }
    };
    let _ = give.send(answers);
    let (request, replies) = asked.recv().ok()?;
    Some(FirstClient { request, replies, told })
}

/// Reads one client's request.
///
/// # Errors
/// What the client is told instead.
fn hear(from: impl Read) -> Result<Request, Diagnostic> {
    let mut line = String::new();
    // Reads a pipe's whole buffer at once.
    let from = BufReader::with_capacity(64 * 1024, from);
    let limited = from.take(MAX_REQUEST_BYTES).read_line(&mut line);
    if limited.is_err_and(|error| matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)) {
        return Err(Diagnostic::new("the request did not come in time"));
    }
    let envelope = match serde_json::from_str(&line) {
        Ok(Version { protocol: PROTOCOL }) => serde_json::from_str(&line).ok(),
        Ok(_) | Err(_) => None,
    };
    match envelope {
        Some(Envelope { request, .. }) => Ok(request),
        None => Err(other_version("it does not understand this request")),
    }
}

/// The replies to a request come through the channel.
fn replies_to(request: Request, ask: impl FnOnce(Request, Sender<Reply>)) -> Receiver<Reply> {
    let (replies, answers) = channel();
    ask(request, replies);
    answers
}

pub(super) fn refuse(problem: Diagnostic) -> Receiver<Reply> {
    let (replies, answers) = channel();
    // The client may have disconnected.
    let _ = replies.send(Reply::Refused(problem));
    answers
}

/// Writes the replies up to the last one.
///
/// # Errors
/// The client can no longer be written to.
pub(super) fn answer(mut to: impl Write, answers: Receiver<Reply>) -> io::Result<()> {
    while let Ok(reply) = answers.recv() {
        // Replies that have accumulated are written together.
        let mut is_last = false;
        let mut lines = Vec::new();
        for reply in iter::once(reply).chain(answers.try_iter()) {
            serde_json::to_writer(&mut lines, &reply).expect("a reply is plain data");
            lines.push(b'\n');
            is_last = reply.is_last();
            if is_last {
                break;
            }
        }
        to.write_all(&lines).and_then(|()| to.flush())?;
        if is_last {
            break;
        }
    }
    Ok(())
}

/// In bytes; an environment may be large.
const MAX_REQUEST_BYTES: u64 = 256 * 1024 * 1024;
