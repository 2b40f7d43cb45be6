//! Events while a command runs: signals and replies to its questions.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::commands::answer::{self, Choice, NO, YES};
use crate::commands::{Context, tell};
use crate::diagnostic::{Diagnostic, Exit};
use crate::run::driver::Message;
use crate::system::interrupt::{self, Interrupt};
use crate::system::{os, terminal};

/// Receives all events: at first signals and replies to questions; later those of the driver, if there is one.
pub(super) struct Inbox {
    pub(super) sender: Sender<Message>,
    pub(super) receiver: Receiver<Message>,
    pub(super) interrupt: Arc<Interrupt>,
    /// Where signals are sent to.
    listener: Arc<Mutex<Sender<Message>>>,
}

/// Ctrl-C was pressed.
pub(super) struct Interrupted;

impl Inbox {
    /// From now on, termination signals are messages. A blocked command does not receive them and is ended;
    /// `last_words` is then written to stdout.
    pub(super) fn open(last_words: String) -> Result<Self, Diagnostic> {
        let inbox = Inbox::disconnected();
        let (listener, interrupt) = (Arc::clone(&inbox.listener), Arc::clone(&inbox.interrupt));
        let heard = move |heard: os::SignalEvent| {
            // The receiver may have been dropped.
            let tell = || {
                let listener = listener.lock().unwrap_or_else(PoisonError::into_inner);
                drop(listener.send(Message::Signal(heard)));
            };
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

    /// For commands that never ask or wait.
    pub(super) fn disconnected() -> Self {
        let (sender, receiver) = channel();
        Inbox {
            listener: Arc::new(Mutex::new(sender.clone())),
            sender,
            receiver,
            interrupt: Arc::default(),
        }
    }

    /// For the next part of a command: without the events of this one, which may still arrive here.
    pub(super) fn next(self) -> Self {
        let (sender, receiver) = channel();
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = sender.clone();
        self.interrupt.forget();
        Inbox {
            sender,
            receiver,
            ..self
        }
    }

    /// Sleeps; a signal ends it early.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Interrupted> {
        match self.receiver.recv_timeout(time) {
            Ok(Message::Signal(heard)) if heard.is_interrupt() => Err(Interrupted),
            // Before the driver starts, no other message matters.
            Ok(_) | Err(_) if self.interrupted() => Err(Interrupted),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether Ctrl-C was pressed at any time.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupt.was_heard()
    }

    /// Asks a yes-or-no question; the default is no.
    pub(super) fn confirm(&self, question: &str, context: &Context) -> Result<bool, Interrupted> {
        let choices = [(true, 'y', &YES[..]), (false, 'n', &NO[..])];
        let choices = choices.map(|(means, letter, words)| Choice { means, letter, words });
        self.choose(&format!("{question}  "), &choices, 1, context)
    }

    /// Asks until the answer is one of the choices, or empty, which means the `default`; so does the end of the input.
    pub(super) fn choose<T: Copy>(
        &self,
        question: &str,
        choices: &[Choice<T>],
        default: usize,
        context: &Context,
    ) -> Result<T, Interrupted> {
        let keys = context.paint_stderr().bold(&answer::keys(choices, default));
        let mut prompt = format!("{question}{keys} ");
        loop {
            let Some(line) = self.ask(&prompt, context)?.filter(|line| !line.trim().is_empty()) else {
                return Ok(choices[default].means);
            };
            if let Some(choice) = answer::meant(&line, choices) {
                return Ok(choice.means);
            }
            prompt = format!("  {} {keys} ", answer::asked_again(choices));
        }
    }

    /// The line that is typed next; `None` at the end of the input. Earlier input is ignored.
    fn ask(&self, prompt: &str, context: &Context) -> Result<Option<String>, Interrupted> {
        if self.interrupted() {
            return Err(Interrupted);
        }
        // All output so far is on the terminal, and no other thread writes to it now.
        os::forget_typed();
        tell(prompt);
        if terminal::read_line({
            let sender = self.sender.clone();
            move |line| drop(sender.send(Message::StdinLine(line)))
        })
        .is_err()
        {
            // Without a thread, the reply cannot be read.
            tell("\n");
            return Ok(None);
        }
        loop {
            match self.receiver.recv() {
                Ok(Message::StdinLine(line)) => {
                    if line.is_empty() {
                        context.say("");
                    }
                    return Ok((!line.is_empty()).then_some(line));
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
    // The reader may have closed the pipe.
    let _ = stdout.write_all(words.as_bytes()).and_then(|()| stdout.flush());
}
