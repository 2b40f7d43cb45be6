//! What comes in from outside while a command runs: signals, and answers to its questions.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::commands::{Context, tell};
use crate::diagnostic::{Diagnostic, Exit};
use crate::run::driver::Message;
use crate::system::interrupt::{self, Interrupt};
use crate::system::{os, terminal};

/// Everything that happens comes in here: signals and answers at first, all of the driver's where there is one.
pub(super) struct Inbox {
    pub(super) sender: Sender<Message>,
    pub(super) receiver: Receiver<Message>,
    pub(super) interrupt: Arc<Interrupt>,
}

/// Ctrl-C.
pub(super) struct Interrupted;

impl Inbox {
    /// From now on a signal to end is a message. A command that is blocked does not take it, and is ended, with
    /// `last_words` for whoever reads its stdout.
    pub(super) fn open(last_words: String) -> Result<Self, Diagnostic> {
        let inbox = Inbox::disconnected();
        let (hear, interrupt) = (inbox.sender.clone(), Arc::clone(&inbox.interrupt));
        let heard = move |heard: os::SignalEvent| {
            // Whoever has dropped the inbox waits for nothing.
            let tell = || drop(hear.send(Message::Signal(heard)));
            if !heard.is_interrupt() {
                return tell();
            }
            let last_words = last_words.clone();
            let end = || interrupt::end(Exit::Interrupted.code(), move || say_last(&last_words));
            interrupt.hear(tell, end);
        };
        os::on_signals(heard).map_err(|error| Diagnostic::new(format!("cannot listen for signals: {error}")))?;
        Ok(inbox)
    }

    /// For who asks nothing and waits for nothing.
    pub(super) fn disconnected() -> Self {
        let (sender, receiver) = channel();
        Inbox {
            sender,
            receiver,
            interrupt: Arc::default(),
        }
    }

    /// Waits; a signal ends it early.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Interrupted> {
        match self.receiver.recv_timeout(time) {
            Ok(Message::Signal(heard)) if heard.is_interrupt() => Err(Interrupted),
            // Nothing else can have come that matters before the driver begins.
            Ok(_) | Err(_) if self.interrupted() => Err(Interrupted),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Has Ctrl-C ever been pressed?
    pub(super) fn interrupted(&self) -> bool {
        self.interrupt.was_heard()
    }

    /// Asks a yes-or-no question; no is the default. Only what is typed from now on answers it.
    pub(super) fn confirm(&self, question: &str, context: &Context) -> Result<bool, Interrupted> {
        if self.interrupted() {
            return Err(Interrupted);
        }
        // All that was said before stands on the terminal: nobody else writes there now.
        os::forget_typed();
        tell(&format!("{question}  [y/N] "));
        if terminal::read_line({
            let sender = self.sender.clone();
            move |line| drop(sender.send(Message::StdinLine(line)))
        })
        .is_err()
        {
            // Without room for a thread nobody can answer.
            tell("\n");
            return Ok(false);
        }
        loop {
            match self.receiver.recv() {
                Ok(Message::StdinLine(line)) => {
                    if line.is_empty() {
                        context.say("");
                    }
                    return Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"));
                }
                Ok(Message::Signal(heard)) if !heard.is_interrupt() => {}
                Ok(Message::Signal(_)) | Err(_) => {
                    tell("\n");
                    return Err(Interrupted);
                }
                Ok(_) => {}
            }
        }
    }
}

fn say_last(words: &str) {
    tell("Interrupted.\n");
    let mut stdout = std::io::stdout().lock();
    // A reader that has gone away wants no more.
    let _ = stdout.write_all(words.as_bytes()).and_then(|()| stdout.flush());
}
