//! Reads the keys of a foreground `up`, and does what they ask for.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::addresses::front;
use super::connection::Connection;
use super::keypad::{HELP, Keypad, Wish};
use crate::commands::Context;
use crate::commands::screen::Screen;
use crate::plan::Plan;
use crate::protocol::{Reply, Request};
use crate::report;
use crate::run::driver::Message;
use crate::run::run_status;
use crate::system::browser;
use crate::system::clock::wall;
use crate::system::os::{self, KeyMode, SignalEvent};
use crate::system::terminal::{Typing, pause};
use crate::system::threads::{self, Stack};

/// While it lives, keys are read, and the line at the bottom stays.
pub(super) struct Keyboard {
    screen: Arc<Screen>,
    connection: Connection,
    _mode: KeyMode,
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.connection.end();
        self.screen.leave_bottom();
    }
}

/// Begins to read keys. `None` if the terminal does not allow it; `up` works without them.
pub(super) fn listen(
    screen: &Arc<Screen>,
    plan: &Plan,
    driver: &Sender<Message>,
    context: &Context,
) -> Option<Keyboard> {
    let paused = Arc::clone(screen);
    let mode = KeyMode::enter(Typing::Keys, move |begins| match begins {
        true => paused.pause(),
        false => paused.draw(""),
    });
    let connection = Connection::new(screen);
    let keyboard = Keyboard {
        connection: connection.clone(),
        screen: Arc::clone(screen),
        _mode: mode.ok()?,
    };
    let hands = Hands {
        connection,
        screen: Arc::clone(screen),
        driver: driver.clone(),
        url: front(plan).into_iter().next().map(|(_, url)| url),
        width: context.terminals.width,
    };
    let services = plan.services.iter().filter(|service| !service.task);
    let keypad = Keypad::new(services.map(|service| service.name.clone()).collect());
    screen.change_bottom(|line| line.reach(hands.url.clone().unwrap_or_default()));
    threads::start("keys", Stack::Usual, move || hands.read(keypad)).ok()?;
    screen.keep_bottom();
    Some(keyboard)
}

struct Hands {
    connection: Connection,
    screen: Arc<Screen>,
    driver: Sender<Message>,
    url: Option<String>,
    width: usize,
}

/// How often it is looked whether we are in the foreground again.
const BACKGROUND_INTERVAL: Duration = Duration::from_millis(500);

impl Hands {
    /// Reads keys until the end of the input.
    fn read(self, mut keypad: Keypad) {
        os::fail_in_background();
        loop {
            match os::read_keys() {
                Ok(bytes) if bytes.is_empty() => return,
                Ok(bytes) if self.connection.takes(&bytes) => {}
                Ok(bytes) => keys(&bytes).for_each(|key| self.press(&mut keypad, key)),
                Err(_) if os::is_in_foreground() => return,
                Err(_) => pause(BACKGROUND_INTERVAL),
            }
        }
    }

    fn press(&self, keypad: &mut Keypad, key: char) {
        let Some(wish) = keypad.press(key) else { return };
        self.fulfil(wish);
        let prompt = keypad.prompt();
        self.screen.change_bottom(|line| line.ask(prompt));
    }

    fn fulfil(&self, wish: Wish) {
        match wish {
            Wish::Nothing => {}
            Wish::Restart(services) => self.ask(Request::Restart { services }),
            Wish::Status => self.ask(Request::Status),
            Wish::ShowLines(service) => self.screen.show_only(service),
            Wish::Connect(service) => {
                let connected = self.connection.connect(&service, &self.driver);
                connected.unwrap_or_else(|problem| self.screen.tell_problem(&problem));
            }
            Wish::Clear => self.screen.clear(),
            Wish::Help => {
                let paint = self.screen.paint();
                let lines = HELP.map(|(key, what)| format!("  {}  {what}\n", paint.bold(key)));
                self.screen.answer(&format!("\n{}", lines.concat()));
            }
            Wish::Open => match &self.url {
                Some(url) if browser::open(url) => self.screen.answer(&format!("  {url} is opened in a browser.")),
                Some(url) => self.screen.answer(&format!("  No browser was found; the URL is {url}")),
                None => self.screen.answer("  No service has a URL."),
            },
            // As Ctrl-C; the driver may have ended.
            Wish::Stop => drop(self.driver.send(Message::Signal(SignalEvent::Interrupt))),
        }
    }

    /// Asks the driver, as another command would over the socket. Changes of state are reported anyway.
    fn ask(&self, request: Request) {
        let (sender, replies) = channel();
        let _ = self.driver.send(Message::Request(request, sender));
        let (screen, width) = (Arc::clone(&self.screen), self.width);
        let listen = move || {
            for reply in replies {
                match reply {
                    Reply::Status(snapshot) => {
                        let status = run_status::observe(&snapshot);
                        let table = report::status::table(&status, wall(), screen.paint(), width);
                        screen.answer(&format!("\n{table}"));
                    }
                    Reply::Refused(problem) => screen.tell_problem(&problem),
                    _ => {}
                }
            }
        };
        if let Err(problem) = threads::start("replies", Stack::Usual, listen) {
            self.screen.tell_problem(&problem);
        }
    }
}

/// Keys from bytes: letters of any script, and Esc by itself. The sequences of other keys, such as arrows, are left out.
fn keys(bytes: &[u8]) -> impl Iterator<Item = char> {
    const ESCAPE: u8 = 0x1b;
    let bytes = match bytes {
        [ESCAPE, _, ..] => &[],
        bytes => bytes,
    };
    String::from_utf8_lossy(bytes).chars().collect::<Vec<_>>().into_iter()
}
