//! The supervisor's end: clients are let in, heard, and answered, each on a thread of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions};

use super::{Envelope, PROTOCOL, Reply, Request, other_version};
use crate::error::{Exit, Problem};
use crate::world::{os, problem};

/// Listens for clients until the program ends.
pub(crate) struct Server {
    open: Arc<Conversations>,
}

/// How many clients have not had their last reply yet.
#[derive(Default)]
struct Conversations {
    count: Mutex<usize>,
    fewer: Condvar,
}

impl Server {
    /// Each request comes to `ask` with a channel for its replies.
    ///
    /// A socket that a dead supervisor left at `path` is replaced: whoever holds the checkout's lock may.
    pub(crate) fn start(
        path: &Path,
        ask: impl Fn(Request, Sender<Reply>) + Clone + Send + 'static,
    ) -> Result<Server, Problem> {
        let listener = listen(path).map_err(|error| problem("listen at", path, &error))?;
        let open = Arc::new(Conversations::default());
        let conversations = Arc::clone(&open);
        let accept = move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (ask, conversations) = (ask.clone(), Arc::clone(&conversations));
                conversations.add(1);
                let talk = move || {
                    let answers = match os::is_same_user(&stream) {
                        true => hear(&stream, ask),
                        false => refuse(Problem::new("this stack belongs to another user").exit(Exit::Refused)),
                    };
                    answer(&stream, answers);
                    conversations.add(-1);
                };
                // Out of threads: this client is turned away by the closed connection, the next may be lucky.
                let _ = std::thread::Builder::new().name("client".into()).spawn(talk);
            }
        };
        let thread = std::thread::Builder::new()
            .name("control".into())
            .stack_size(128 * 1024)
            .spawn(accept);
        thread.map_err(|error| problem("listen at", path, &error))?;
        Ok(Server { open })
    }

    /// Waits until every client has had its last reply, at most for `patience`.
    pub(crate) fn finish(self, patience: Duration) {
        let count = self.open.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.open.fewer.wait_timeout_while(count, patience, |count| *count > 0));
    }
}

impl Conversations {
    fn add(&self, more: isize) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add_signed(more);
        self.fewer.notify_all();
    }
}

fn listen(path: &Path) -> std::io::Result<Listener> {
    let name = path.to_fs_name::<GenericFilePath>()?;
    os::private_socket(
        ListenerOptions::new()
            .name(name)
            .try_overwrite(true)
            .reclaim_name(false),
    )
    .create_sync()
}

/// The client that a supervisor in the background was started by.
pub(crate) struct FirstClient {
    pub(crate) request: Request,
    pub(crate) replies: Sender<Reply>,
    /// Hung up when it has had its last reply.
    pub(crate) told: Receiver<()>,
}

/// The client at the other end of our stdin and stdout; `None` if it went away before it said what it wants.
pub(crate) fn first_client() -> Option<FirstClient> {
    let (ask, asked) = channel();
    let answers = hear(std::io::stdin(), move |request, replies| {
        drop(ask.send((request, replies)))
    });
    let (tell, told) = channel();
    let talk = move || {
        answer(std::io::stdout(), answers);
        drop(tell);
    };
    std::thread::Builder::new()
        .name("client".into())
        .stack_size(128 * 1024)
        .spawn(talk)
        .expect("the system has room for a thread");
    let (request, replies) = asked.recv().ok()?;
    Some(FirstClient { request, replies, told })
}

/// Takes one client's request; its replies come through the channel.
fn hear(from: impl Read, ask: impl FnOnce(Request, Sender<Reply>)) -> Receiver<Reply> {
    let mut line = String::new();
    let limited = BufReader::new(from).take(REQUEST_AT_MOST).read_line(&mut line);
    let envelope: Option<Envelope> = limited.ok().and_then(|_| serde_json::from_str(&line).ok());
    let request = match envelope {
        Some(Envelope {
            protocol: PROTOCOL,
            request,
        }) => serde_json::from_value(request).ok(),
        Some(_) | None => None,
    };
    let Some(request) = request else {
        return refuse(other_version("it does not understand this request"));
    };
    let (replies, answers) = channel();
    ask(request, replies);
    answers
}

fn refuse(problem: Problem) -> Receiver<Reply> {
    let (replies, answers) = channel();
    // Nobody hears it once the client has gone.
    let _ = replies.send(Reply::Refused(problem));
    answers
}

/// Passes the replies on, up to the last one.
fn answer(mut to: impl Write, answers: Receiver<Reply>) {
    for reply in answers {
        let last = reply.is_last();
        let mut line = serde_json::to_vec(&reply).expect("a reply is plain data");
        line.push(b'\n');
        // A client that went away wants no answer.
        if to.write_all(&line).and_then(|()| to.flush()).is_err() || last {
            return;
        }
    }
}

/// Bytes of a request; an environment may be large.
const REQUEST_AT_MOST: u64 = 256 * 1024 * 1024;
