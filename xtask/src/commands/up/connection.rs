//! The keyboard of a foreground `up`, connected to one service: the same as `attach`, without the socket.

use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::commands::screen::Screen;
use crate::diagnostic::Diagnostic;
use crate::protocol::Reply;
use crate::run::attachments::Attachment;
use crate::run::driver::{self, Message};
use crate::system::clock::Clock;
use crate::system::os;
use crate::system::terminal::{LEAVE, Typing};
use crate::system::threads::{self, Stack};

/// The service that the keyboard is connected to, if any.
#[derive(Clone)]
pub(super) struct Connection {
    screen: Arc<Screen>,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    /// Counts connections: what belongs to an earlier one is dropped.
    number: u64,
    attachment: Option<Attachment>,
}

/// How long keys wait for a service that does not read; then the rest of them is left out.
const PATIENCE: Duration = Duration::from_secs(1);

impl Connection {
    pub(super) fn new(screen: &Arc<Screen>) -> Self {
        Connection {
            screen: Arc::clone(screen),
            current: Arc::default(),
        }
    }

    /// Connects the keyboard.
    ///
    /// # Errors
    /// The service takes no input or does not run.
    pub(super) fn connect(&self, service: &str, driver: &Sender<Message>) -> Result<(), Diagnostic> {
        let (attachment, output) = driver::attach(driver, service, Screen::size_above())?;
        let Ok(Reply::Attached { tty }) = output.recv() else {
            return Ok(());
        };
        let resize = attachment.resizer();
        let mut current = self.lock();
        current.number += 1;
        current.attachment = Some(attachment);
        let number = current.number;
        drop(current);
        os::change_typing(if tty { Typing::Raw } else { Typing::Lines });
        let text = match tty {
            true => format!("every key goes to {service}   Ctrl-] returns"),
            false => format!("lines go to {service}   Ctrl-] returns, Ctrl-C stops everything"),
        };
        self.screen.connect(text, tty, resize);
        let show = self.clone();
        let shown = threads::start("output", Stack::Usual, move || show.show(number, &output));
        shown.inspect_err(|_| self.leave(number))
    }

    /// Passes keys on; `false` if the keyboard is not connected.
    pub(super) fn takes(&self, bytes: &[u8]) -> bool {
        let mut current = self.lock();
        let Some(attachment) = &mut current.attachment else {
            return false;
        };
        let end = memchr::memchr(LEAVE, bytes);
        let began = Clock::start();
        attachment.enter(&bytes[..end.unwrap_or(bytes.len())], || began.now() > PATIENCE);
        let number = current.number;
        drop(current);
        if end.is_some() {
            self.leave(number);
        }
        true
    }

    /// Disconnects the keyboard, if it is connected.
    pub(super) fn end(&self) {
        let number = self.lock().number;
        self.leave(number);
    }

    /// Shows the output until the service ends or the keyboard is disconnected.
    fn show(&self, number: u64, output: &Receiver<Reply>) {
        for reply in output {
            if self.lock().number != number {
                return;
            }
            match reply {
                Reply::Output(bytes) => self.screen.pass_on(&bytes.0),
                Reply::Remark(remark) => self.screen.say(&remark.message),
                Reply::Ending => break,
                // States are shown anyway.
                _ => {}
            }
        }
        self.leave(number);
    }

    fn leave(&self, number: u64) {
        let mut current = self.lock();
        if current.number == number && current.attachment.take().is_some() {
            current.number += 1;
            os::change_typing(Typing::Keys);
            self.screen.disconnect();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
