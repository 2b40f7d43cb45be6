//! The page at `/metrics`: a small HTTP/1.1 responder on threads of its own. One request a connection, then it is closed.
//!
//! Whoever connects and says nothing costs a thread and a descriptor until the time is up. There are at most
//! [`MAX_CONNECTIONS`]; a new one then ends the oldest, so that a scrape waits for nobody.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::exposition::Format;
use super::request::{Answer, Heard, MAX_HEAD_BYTES, Refusal, hear};
use super::scraper::{Reader, Scraper};
use crate::diagnostic::Diagnostic;
use crate::run::health::reachable;
use crate::system::cause;
use crate::system::terminal::pause;
use crate::system::threads::{self, Stack};

/// How many connections are open at the same time.
pub(super) const MAX_CONNECTIONS: usize = 32;

/// How long a client may take for its request, from the accept on.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to read a part of the answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client may take to close its side after the answer. Closing ours first would discard the answer if something
/// more was sent.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause after a failed accept: the system has no descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped; then the port is free again.
pub(crate) struct Responder {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    /// Disconnected when the listening socket is closed.
    closed: Receiver<()>,
}

/// Limits, shorter in tests.
#[derive(Debug, Clone, Copy)]
struct Limits {
    request: Duration,
    write: Duration,
}

/// The page in this format; `None` if there is none any more.
type WritePage = dyn Fn(Format) -> Option<String> + Send + Sync;

impl Responder {
    /// # Errors
    /// The address cannot be bound, or the system has no room for a thread.
    pub(crate) fn start(address: SocketAddr, scraper: Arc<Scraper>) -> Result<Responder, Diagnostic> {
        let listener = TcpListener::bind(address)
            .map_err(|error| Diagnostic::new(format!("cannot serve metrics at {address}: {}", cause(&error))))?;
        let limits = Limits {
            request: REQUEST_TIMEOUT,
            write: WRITE_TIMEOUT,
        };
        Responder::with(listener, limits, move |format| scraper.page(format, Reader::Scrape))
    }

    fn with(
        listener: TcpListener,
        limits: Limits,
        page: impl Fn(Format) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Responder, Diagnostic> {
        let address = listener.local_addr().map_err(|error| Diagnostic::new(cause(&error)))?;
        let (tell, closed) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let door = Door {
            open: Arc::default(),
            page: Arc::new(page),
            limits,
            stop: Arc::clone(&stop),
        };
        threads::start("metrics", Stack::Small, move || door.attend(listener, tell))?;
        Ok(Responder { address, stop, closed })
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread. If that fails, the socket is closed with the process.
        if TcpStream::connect_timeout(&reachable(self.address), CLOSE_TIMEOUT).is_ok() {
            let _ = self.closed.recv_timeout(CLOSE_TIMEOUT);
        }
    }
}

/// Open connections, the oldest first.
#[derive(Default)]
struct Connections(Mutex<VecDeque<Arc<TcpStream>>>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the oldest if there is no room.
    fn add(&self, stream: &Arc<TcpStream>) {
        let mut open = self.lock();
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            // Its thread closes it; it may just have done so.
            let _ = oldest.shutdown(Shutdown::Both);
        }
        open.push_back(Arc::clone(stream));
    }

    fn remove(&self, stream: &Arc<TcpStream>) {
        self.lock().retain(|open| !Arc::ptr_eq(open, stream));
    }
}

struct Door {
    open: Arc<Connections>,
    page: Arc<WritePage>,
    limits: Limits,
    stop: Arc<AtomicBool>,
}

impl Door {
    /// `_closed` is dropped after the socket.
    fn attend(self, listener: TcpListener, _closed: Sender<()>) {
        loop {
            let accepted = listener.accept();
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            match accepted {
                Ok((stream, _)) => self.let_in(stream),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => pause(ACCEPT_PAUSE),
            }
        }
        drop(listener);
    }

    fn let_in(&self, stream: TcpStream) {
        let until = Instant::now() + self.limits.request;
        let stream = Arc::new(stream);
        self.open.add(&stream);
        let (open, page, write) = (Arc::clone(&self.open), Arc::clone(&self.page), self.limits.write);
        let its = Arc::clone(&stream);
        let talk = move || {
            // The client may have gone away.
            let _ = converse(&its, until, write, &*page);
            open.remove(&its);
        };
        // A page of many services needs more than a small stack has to spare.
        if threads::start("scrape", Stack::Usual, talk).is_err() {
            self.open.remove(&stream);
        }
    }
}

fn converse(stream: &TcpStream, until: Instant, write: Duration, page: &WritePage) -> io::Result<()> {
    let Some(Answer { content, is_head }) = listen(stream, until)? else {
        return Ok(());
    };
    let page = content.and_then(|format| Ok((format, page(format).ok_or(Refusal::Unavailable)?)));
    let answer = match page {
        Ok((format, page)) => respond("200 OK", format.content_type(), &page, is_head),
        Err(refusal) => {
            let (status, words) = refusal.words();
            respond(status, "text/plain; charset=utf-8", words, is_head)
        }
    };
    stream.set_write_timeout(Some(write))?;
    let mut stream = stream;
    stream.write_all(&answer)?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(CLOSE_TIMEOUT))?;
    let mut rest = [0; 1024];
    for _ in 0..MAX_HEAD_BYTES / rest.len() {
        if stream.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Reads a request; `None` if the client goes away before that is complete.
fn listen(mut stream: &TcpStream, until: Instant) -> io::Result<Option<Answer>> {
    let local = stream.local_addr()?;
    let mut head = vec![0; MAX_HEAD_BYTES];
    let mut length = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Some(Refusal::Timeout.into()));
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut head[length..]) {
            Ok(0) => return Ok(None),
            Ok(more) => length += more,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if let Heard::Answer(answer) = hear(&head[..length], local) {
            return Ok(Some(answer));
        }
    }
}

fn respond(status: &str, content_type: &str, body: &str, is_head: bool) -> Vec<u8> {
    let allow = if status.starts_with("405") {
        "Allow: GET, HEAD\r\n"
    } else {
        ""
    };
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{allow}Connection: close\r\n\r\n"
    );
    if !is_head {
        answer.push_str(body);
    }
    answer.into_bytes()
}

#[cfg(test)]
mod tests;
