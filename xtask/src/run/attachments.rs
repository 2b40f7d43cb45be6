//! Those attached to a service: what they see of it, which of them types, and the size of its terminal meanwhile.
//!
//! Whoever types writes by itself, without the driver: a service that does not read delays nobody else.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::diagnostic::Diagnostic;
use crate::protocol::{Bytes, Reply, Size};
use crate::system::os;
use crate::system::terminal::pause;

/// The input of a service, and those who are attached.
pub(crate) struct Attachments {
    service: Arc<str>,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The end of what the service has written, as it wrote it.
    recent: Vec<u8>,
    viewers: Vec<Viewer>,
    /// The id of the next viewer.
    next: u64,
    /// Who typed first of those that are attached.
    typist: Option<u64>,
    /// The write end of its stdin, or our side of its terminal. Without it, a service that closes the terminal and lives on
    /// would get SIGHUP.
    input: Option<Arc<File>>,
    tty: bool,
    /// The size that its terminal has if no viewer has a terminal.
    own_size: Size,
    viewer_size: Option<(u64, Size)>,
}

struct Viewer {
    id: u64,
    to: SyncSender<Reply>,
    /// Of its terminal.
    size: Option<Size>,
    /// The number of bytes that found no room.
    missed: usize,
}

/// How much recent output is kept, in bytes: more than a screenful.
const KEPT_BYTES: usize = 8 * 1024;

/// How many pieces of output wait for a slow viewer, each at most the 64 KiB that are read at once.
const MAX_WAITING: usize = 64;

/// How long a service may leave its input unread before whoever types is told.
const UNREAD: Duration = Duration::from_secs(1);

/// The pause before the next attempt to write, doubled on each further one.
const MIN_PAUSE: Duration = Duration::from_millis(1);
const MAX_PAUSE: Duration = Duration::from_millis(50);

impl Attachments {
    pub(crate) fn new(service: &str) -> Arc<Self> {
        Arc::new(Attachments {
            service: service.into(),
            inner: Mutex::new(Inner {
                recent: Vec::new(),
                viewers: Vec::new(),
                next: 0,
                typist: None,
                input: None,
                tty: false,
                own_size: Size::USUAL,
                viewer_size: None,
            }),
        })
    }

    /// A new process of the service reads from this.
    pub(crate) fn connect(&self, input: Arc<File>, tty: bool) {
        os::write_without_waiting(&*input);
        let mut inner = self.lock();
        (inner.input, inner.tty) = (Some(input), tty);
    }

    /// Closes the input of the process.
    pub(crate) fn disconnect(&self) {
        self.lock().input = None;
    }

    /// Forgets the output of the last process.
    pub(crate) fn begin(&self) {
        self.lock().recent.clear();
    }

    /// The size for its terminal, if `own` is what it has without viewers.
    pub(crate) fn resize(&self, own: Size) -> Size {
        let mut inner = self.lock();
        inner.own_size = own;
        inner.apply_size()
    }

    /// Shows what the service has written.
    pub(crate) fn show(&self, written: &[u8]) {
        let mut inner = self.lock();
        inner.remember(written);
        let service = &self.service;
        inner.viewers.retain_mut(|viewer| viewer.show(service, written));
    }

    /// Tells everybody, as far as there is room.
    pub(crate) fn tell(&self, reply: impl Fn() -> Reply) {
        for viewer in &self.lock().viewers {
            let _ = viewer.to.try_send(reply());
        }
    }

    /// The service has ended: nobody is attached any more.
    pub(crate) fn end(&self) {
        self.tell(|| Reply::Ending);
        self.lock().viewers.clear();
    }

    /// Attaches a viewer, perhaps with a terminal of this size. The replies begin with [`Reply::Attached`] and, for a
    /// terminal, the last screenful.
    pub(crate) fn attach(self: &Arc<Self>, tty: bool, size: Option<Size>) -> (Attachment, Receiver<Reply>) {
        let (to, output) = sync_channel(MAX_WAITING);
        let mut inner = self.lock();
        let id = inner.next;
        inner.next += 1;
        // There is room for both.
        let _ = to.try_send(Reply::Attached { tty });
        if let Some(size) = size {
            let last = last_lines(&inner.recent, usize::from(size.rows).saturating_sub(1));
            let _ = to.try_send(Reply::Output(Bytes(last.to_vec())));
        }
        let missed = 0;
        inner.viewers.push(Viewer { id, to, size, missed });
        inner.choose_size(id);
        drop(inner);
        let attachment = Attachment {
            to: Arc::clone(self),
            id,
            is_told: false,
        };
        (attachment, output)
    }

    fn remark(&self, id: u64, text: String) {
        let inner = self.lock();
        if let Some(viewer) = inner.viewers.iter().find(|viewer| viewer.id == id) {
            let _ = viewer.to.try_send(Reply::Remark(Diagnostic::new(text)));
        }
    }

    fn write(&self, id: u64, bytes: &[u8]) -> Written {
        let mut inner = self.lock();
        match inner.typist {
            Some(typist) if typist == id => {}
            Some(_) => return Written::AnotherTypes,
            None => {
                inner.typist = Some(id);
                inner.choose_size(id);
            }
        }
        let Some(input) = &inner.input else {
            return Written::NotRunning;
        };
        match (&**input).write(bytes) {
            Ok(length) => Written::Took(length),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Written::Took(0),
            // It has closed its input, or is about to end.
            Err(_) => Written::NotRunning,
        }
    }

    fn resize_viewer(&self, id: u64, size: Size) {
        let mut inner = self.lock();
        if let Some(viewer) = inner.viewers.iter_mut().find(|viewer| viewer.id == id) {
            viewer.size = Some(size);
            inner.choose_size(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Written {
    /// So many bytes.
    Took(usize),
    AnotherTypes,
    /// No process reads.
    NotRunning,
}

impl Inner {
    fn remember(&mut self, written: &[u8]) {
        let written = &written[written.len().saturating_sub(KEPT_BYTES)..];
        if self.recent.len() + written.len() > 2 * KEPT_BYTES {
            let kept = KEPT_BYTES.saturating_sub(written.len());
            self.recent.drain(..self.recent.len().saturating_sub(kept));
        }
        self.recent.extend_from_slice(written);
    }

    /// A viewer has another size. That of the typist's terminal counts; before anybody types, the latest one.
    fn choose_size(&mut self, id: u64) {
        let viewer = self.viewers.iter().find(|viewer| viewer.id == id);
        let size = viewer.and_then(|viewer| viewer.size).map(|size| (id, size));
        let counts = self.typist.is_none_or(|typist| typist == id);
        if counts && size.is_some() && self.viewer_size != size {
            self.viewer_size = size;
            self.apply_size();
        }
    }

    fn apply_size(&mut self) -> Size {
        let size = self.viewer_size.map_or(self.own_size, |(_, size)| size);
        if let (Some(terminal), true) = (&self.input, self.tty) {
            // The terminal may be hung up.
            let _ = os::resize_terminal(terminal, size);
        }
        size
    }
}

impl Viewer {
    /// `false` if it has left.
    fn show(&mut self, service: &str, written: &[u8]) -> bool {
        if self.missed > 0 {
            let text = format!(
                "{} bytes of `{service}` are not shown: the output was read too slowly",
                self.missed
            );
            match self.to.try_send(Reply::Remark(Diagnostic::new(text))) {
                Ok(()) => self.missed = 0,
                Err(TrySendError::Full(_)) => {
                    self.missed += written.len();
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => return false,
            }
        }
        match self.to.try_send(Reply::Output(Bytes(written.to_vec()))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.missed += written.len(),
            Err(TrySendError::Disconnected(_)) => return false,
        }
        true
    }
}

/// The last `n` lines, the last of which may be incomplete.
fn last_lines(text: &[u8], n: usize) -> &[u8] {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    match memchr::memrchr_iter(b'\n', body).nth(n.saturating_sub(1)) {
        Some(before) => &text[before + 1..],
        None => text,
    }
}

/// One of those attached, until it is dropped.
pub(crate) struct Attachment {
    to: Arc<Attachments>,
    id: u64,
    /// It was told why nothing can be typed.
    is_told: bool,
}

impl Attachment {
    /// Types into the service. Waits while the service does not read, until `has_left`.
    pub(crate) fn enter(&mut self, bytes: &[u8], has_left: impl Fn() -> bool) {
        let (mut rest, mut wait, mut unread_since) = (bytes, MIN_PAUSE, Some(Instant::now()));
        while !rest.is_empty() {
            match self.to.write(self.id, rest) {
                Written::Took(0) => {
                    if unread_since.is_some_and(|since| since.elapsed() > UNREAD) {
                        unread_since = None;
                        let text = format!("`{}` does not read what is typed; it waits", self.to.service);
                        self.to.remark(self.id, text);
                    }
                    if has_left() {
                        return;
                    }
                    pause(wait);
                    wait = MAX_PAUSE.min(wait * 2);
                }
                Written::Took(length) => (rest, wait) = (&rest[length..], MIN_PAUSE),
                Written::AnotherTypes => {
                    return self.tell_once(|service| {
                        format!("another one types into `{service}`, until that one leaves; you only see it")
                    });
                }
                Written::NotRunning => {
                    return self
                        .tell_once(|service| format!("`{service}` does not read now: what is typed is left out"));
                }
            }
        }
        self.is_told = false;
    }

    fn tell_once(&mut self, text: impl FnOnce(&str) -> String) {
        if !std::mem::replace(&mut self.is_told, true) {
            self.to.remark(self.id, text(&self.to.service));
        }
    }

    /// Its terminal has this size now.
    pub(crate) fn resize(&self, size: Size) {
        self.to.resize_viewer(self.id, size);
    }

    /// The same from another thread.
    pub(crate) fn resizer(&self) -> impl Fn(Size) + Send + 'static {
        let (to, id) = (Arc::downgrade(&self.to), self.id);
        move |size| {
            if let Some(to) = to.upgrade() {
                to.resize_viewer(id, size);
            }
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut inner = self.to.lock();
        inner.viewers.retain(|viewer| viewer.id != self.id);
        inner.typist.take_if(|typist| *typist == self.id);
        if inner.viewer_size.take_if(|(id, _)| *id == self.id).is_some() {
            inner.apply_size();
        }
    }
}
