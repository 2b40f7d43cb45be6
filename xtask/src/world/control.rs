//! The conversation between a running supervisor and later commands: a socket file, one JSON document a line.
//!
//! A client sends one [`Request`]; the supervisor answers with [`Reply`]s until `Done` or `Refused`.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ConnectOptions, GenericFilePath, Listener, ListenerOptions, Stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::runs::Record;
use super::{os, problem};
use crate::error::{Exit, Problem};
use crate::plan;
use crate::preflight::verdict::Mismatch;
use crate::supervise::{Cause, State, Status};

/// Raised when a change would make an older client or supervisor misunderstand.
const PROTOCOL: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Status,
    /// Why one service is in its state.
    Why {
        service: String,
    },
    /// Start those that do not run yet, and say when `names` are ready.
    Up {
        services: Vec<plan::Service>,
        names: Vec<String>,
        give_up_after: Option<Duration>,
    },
    /// Stop these, or everything if empty, start them again, and say when they are ready.
    Restart {
        services: Vec<String>,
    },
    /// Stop these, or everything if empty.
    Down {
        services: Vec<String>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Status(Snapshot),
    /// `None`: there is no such service in this run.
    Why(Option<Box<Why>>),
    Transition(Transition),
    Done {
        exit: Exit,
        snapshot: Snapshot,
    },
    Refused(Problem),
    /// The run is just ending and takes nothing new, or its supervisor is gone.
    Ending,
}

impl Reply {
    /// Does it end the conversation?
    fn is_last(&self) -> bool {
        match self {
            Reply::Transition(_) => false,
            Reply::Status(_) | Reply::Why(_) | Reply::Done { .. } | Reply::Refused(_) | Reply::Ending => true,
        }
    }
}

/// A run as its supervisor sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) record: Record,
    /// In the order of their start.
    pub(crate) services: Vec<Service>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    /// When it came into this state.
    pub(crate) since: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) exit: Option<Ended>,
    pub(crate) cause: Option<Cause>,
    pub(crate) ports: Vec<plan::Port>,
    pub(crate) health: Option<plan::Health>,
    pub(crate) url: Option<String>,
    /// What the last probe said.
    pub(crate) probed: Option<Probed>,
    pub(crate) waiting_for: Vec<String>,
    /// How often it was started again.
    #[serde(default)]
    pub(crate) restarts: u32,
}

/// All that is known of one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Why {
    pub(crate) record: Record,
    pub(crate) service: Service,
    pub(crate) restart: plan::Restart,
    /// What its probes said, the oldest first.
    pub(crate) answers: Vec<Answered>,
    pub(crate) next_try_at: Option<Timestamp>,
    /// The end of its log.
    pub(crate) tail: Vec<String>,
}

/// The same answer of a probe, once or more in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The last time.
    pub(crate) at: Timestamp,
    pub(crate) times: u32,
    pub(crate) probed: Probed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) passed: bool,
    pub(crate) detail: String,
}

/// How a service's process ended last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) at: Timestamp,
    /// What followed from that; `None` until it is settled.
    #[serde(default)]
    pub(crate) cause: Option<Cause>,
}

/// A service came into a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transition {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<Cause>,
    /// What kept it from being ready, if that was it.
    pub(crate) mismatch: Option<Box<Mismatch>>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    protocol: u32,
    request: serde_json::Value,
}

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
                    converse(&stream, ask);
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

/// One client, from its request to the last reply.
fn converse(stream: &Stream, ask: impl Fn(Request, Sender<Reply>)) {
    let (replies, answers) = channel();
    match hear(stream) {
        Ok(request) => ask(request, replies),
        Err(problem) => drop(replies.send(Reply::Refused(problem))),
    }
    for reply in answers {
        let last = reply.is_last();
        let mut line = serde_json::to_vec(&reply).expect("a reply is plain data");
        line.push(b'\n');
        let mut to = stream;
        // A client that went away wants no answer.
        if to.write_all(&line).is_err() || last {
            return;
        }
    }
}

fn hear(stream: &Stream) -> Result<Request, Problem> {
    if !os::is_same_user(stream) {
        return Err(Problem::new("this stack belongs to another user").exit(Exit::Refused));
    }
    let mut line = String::new();
    let limited = BufReader::new(stream).take(REQUEST_AT_MOST).read_line(&mut line);
    let envelope: Option<Envelope> = limited.ok().and_then(|_| serde_json::from_str(&line).ok());
    let request = match envelope {
        Some(Envelope {
            protocol: PROTOCOL,
            request,
        }) => serde_json::from_value(request).ok(),
        Some(_) | None => None,
    };
    request.ok_or_else(|| {
        Problem::new("the running supervisor is of another version and does not understand this request")
            .hint("stop it with Ctrl-C in its terminal, then start it again")
    })
}

/// Bytes of a request; an environment may be large.
const REQUEST_AT_MOST: u64 = 256 * 1024 * 1024;

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
        let request = serde_json::to_value(request).expect("a request is plain data");
        let mut line = serde_json::to_vec(&Envelope {
            protocol: PROTOCOL,
            request,
        })
        .expect("it is plain data");
        line.push(b'\n');
        let _ = self.stream.get_mut().write_all(&line);
    }

    /// The next reply; waits at most `patience`.
    pub(crate) fn receive(&mut self, patience: Option<Duration>) -> Result<Reply, Problem> {
        let mut line = String::new();
        let set = self.stream.get_ref().set_recv_timeout(patience);
        match set.and_then(|()| self.stream.read_line(&mut line)) {
            Ok(0) => Ok(Reply::Ending),
            Ok(_) => serde_json::from_str(&line).map_err(|_| {
                Problem::new("the running supervisor is of another version: its answer makes no sense here")
                    .hint("stop it with Ctrl-C in its terminal, then start it again")
            }),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                Err(
                    Problem::new("the running supervisor does not answer; it may be suspended")
                        .hint("look for it with `fg` in the terminal it was started in"),
                )
            }
            Err(_) => Ok(Reply::Ending),
        }
    }
}

impl Client {
    /// Hands every reply to `hear`, on a thread of its own, up to the last one or the problem in its place.
    pub(crate) fn follow(mut self, hear: impl Fn(Result<Reply, Problem>) + Send + 'static) {
        let listen = move || {
            let mut more = true;
            while more {
                let reply = self.receive(None);
                more = reply.as_ref().is_ok_and(|reply| !reply.is_last());
                hear(reply);
            }
        };
        std::thread::Builder::new()
            .name("replies".into())
            .spawn(listen)
            .expect("the system has room for a thread");
    }
}
