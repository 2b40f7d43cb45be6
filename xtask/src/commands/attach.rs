//! `attach`: shows what one service writes and types into it, over the socket of the running stack.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::commands::{AS_BEFORE, CommandResult, Context, tell, unwritable};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan;
use crate::protocol::{Bytes, Input, Reply, Request, Size, Transition};
use crate::report::cause;
use crate::report::status::word;
use crate::run::control::{Client, InputSender, REPLY_TIMEOUT};
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::State;
use crate::system::clock::Clock;
use crate::system::os::{self, KeyMode, SignalEvent};
use crate::system::runs::StateDir;
use crate::system::terminal::{LEAVE, Output, Typing};
use crate::system::threads::{self, Stack};

/// Type into a service of the running stack and see what it writes; Ctrl-] leaves it running
#[derive(clap::Args)]
#[command(after_help = "\
The service needs `tty = true`, for debuggers, prompts and keys, or `stdin = \"open\"`, for lines.
With a terminal, the last screenful is shown first. With `tty`, every key goes to the service, also Ctrl-C.
Several may look at once; who types first types until leaving.
Without a terminal, stdin is copied to the service. It ends half a second after the last output.

Examples:
  devtasks attach backend                 answer a `breakpoint()`
  echo h | devtasks attach frontend       press `h` and Enter in Vite

Exit codes:
  0    left with Ctrl-], at the end of stdin, or the service ended without an error
  1    nothing runs, the service takes no input, or it failed meanwhile
  2    wrong usage, or devtasks.toml is wrong
  130  interrupted by Ctrl-C; the service runs on")]
pub(crate) struct Args {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
}

/// What happens while we are attached.
enum Event {
    /// The service has written something.
    Output {
        /// The cursor stands at the start of a line.
        ends_line: bool,
    },
    Reply(Box<Result<Reply, Diagnostic>>),
    /// stdout cannot be written.
    Unwritable(std::io::Error),
    /// Ctrl-] was pressed.
    Left,
    /// stdin is at its end.
    InputEnded,
    Signal(SignalEvent),
}

/// How long the service must be silent after the end of stdin.
const QUIET: Duration = Duration::from_millis(500);

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let name = &args.service;
    if !project.service_names().any(|known| known == name) {
        return Err(plan::unknown("service", name, project.service_names()).into());
    }
    let connect = || run_status::client(&StateDir::existing(&project.checkout)?);
    let (mut client, _) = connect().ok_or_else(nothing_runs)?;
    let on_terminal = context.terminals.interactive && context.terminals.stdout_is_tty;
    let size = on_terminal.then(Size::of_ours).flatten();
    client.send(&Request::Attach {
        service: name.clone(),
        size,
    });
    let tty = match client.receive(Some(REPLY_TIMEOUT))? {
        Reply::Attached { tty } => tty,
        Reply::Refused(problem) => return Err(problem.into()),
        _ => return Err(nothing_runs().into()),
    };
    let (sender, events) = channel();
    let signals = sender.clone();
    os::on_signals(move |heard| drop(signals.send(Event::Signal(heard))))
        .map_err(|error| Diagnostic::new(format!("cannot listen for signals: {error}")))?;
    let typing = if tty { Typing::Raw } else { Typing::Lines };
    let mode = on_terminal.then(|| KeyMode::enter(typing, |_| {}));
    let mode = mode.transpose().map_err(|error| no_keys(&error))?;
    let attached = Attached {
        service: name,
        is_raw: mode.is_some() && tty,
        input: client.input(),
        context,
    };
    if mode.is_some() {
        let keys = if tty {
            "keys go to it, also Ctrl-C"
        } else {
            "lines go to it"
        };
        attached.say(&format!("Attached to {name}: {keys}; Ctrl-] leaves it running."));
    }
    let input = attached.input.clone();
    let is_over = Arc::new(AtomicBool::new(false));
    let (to_main, has_left) = (sender.clone(), Arc::clone(&is_over));
    threads::start("input", Stack::Usual, move || read_input(on_terminal, &input, &to_main))?;
    threads::start("output", Stack::Usual, move || show_output(client, &sender, &has_left))?;
    let ended = {
        let _until_its_end = mode;
        attached.wait(&events)
    };
    is_over.store(true, Ordering::Relaxed);
    if attached.is_raw {
        tell(AS_BEFORE);
    }
    let (text, exit) = ended?;
    context.say(&text);
    Ok(exit)
}

struct Attached<'a> {
    service: &'a str,
    /// Line feeds are not turned into line ends.
    is_raw: bool,
    input: InputSender,
    context: &'a Context,
}

impl Attached<'_> {
    /// Waits for the end, and returns what is said about it.
    fn wait(&self, events: &Receiver<Event>) -> Result<(String, Exit), Diagnostic> {
        let name = self.service;
        let left = format!("Left {name}; it runs on.");
        let mut last: Option<Transition> = None;
        let mut break_line = "";
        // When the service was heard last, once stdin has ended.
        let mut quiet: Option<Clock> = None;
        loop {
            let patience = quiet.map(|since| QUIET.saturating_sub(since.now()));
            let event = match patience {
                Some(patience) => events.recv_timeout(patience),
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Err(_) => return Ok((String::new(), Exit::Done)),
                Ok(Event::Output { ends_line }) => {
                    quiet = quiet.map(|_| Clock::start());
                    break_line = if ends_line { "" } else { "\n" };
                }
                Ok(Event::InputEnded) => quiet = Some(Clock::start()),
                // Where lines are edited, the terminal has shown `^]`.
                Ok(Event::Left) if !self.is_raw => return Ok((format!("\n{left}"), Exit::Done)),
                Ok(Event::Left) => return Ok((format!("{break_line}{left}"), Exit::Done)),
                Ok(Event::Unwritable(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                    return Ok((String::new(), Exit::Done));
                }
                Ok(Event::Unwritable(error)) => return Err(unwritable(&error)),
                Ok(Event::Signal(heard)) if heard.is_interrupt() => {
                    return Ok((format!("\nInterrupted; {name} runs on."), Exit::Interrupted));
                }
                Ok(Event::Signal(SignalEvent::Resized)) => {
                    let size = Size::of_ours();
                    let _ = size.map(|size| self.input.send(&Input::Resized(size)));
                }
                Ok(Event::Signal(_)) => {}
                Ok(Event::Reply(reply)) => match *reply {
                    Ok(Reply::Transition(transition)) => {
                        if !transition.state.is_over() {
                            self.say(&state_of(&transition));
                        }
                        last = Some(transition);
                    }
                    Ok(Reply::Remark(remark)) => self.say(&remark.message),
                    Ok(_) => {
                        let (text, exit) = farewell(name, last.as_ref());
                        return Ok((format!("{break_line}{text}"), exit));
                    }
                    Err(problem) => return Err(problem),
                },
            }
        }
    }

    fn say(&self, text: &str) {
        let text = format!("{text}\n");
        if !self.context.quiet && !self.context.json {
            let text = self.context.paint_stderr().dim(&text);
            tell(&if self.is_raw { text.replace('\n', "\r\n") } else { text });
        }
    }
}

/// `-- api restarts: src/app.py changed`
fn state_of(transition: &Transition) -> String {
    let word = word(transition.state, transition.task);
    let cause = transition.cause.as_ref();
    let cause = cause.map(|it| format!(": {}", cause::cause(it))).unwrap_or_default();
    format!("-- {} {word}{cause}", transition.service)
}

fn farewell(name: &str, last: Option<&Transition>) -> (String, Exit) {
    match last {
        Some(last) if last.state == State::Failed => (state_of(last), Exit::Failed),
        Some(last) => (state_of(last), Exit::Done),
        None => (format!("The stack of {name} is gone."), Exit::Failed),
    }
}

/// Sends what is typed, or what stdin contains.
fn read_input(on_terminal: bool, input: &InputSender, events: &Sender<Event>) {
    while let Ok(bytes) = os::read_keys()
        && !bytes.is_empty()
    {
        let leave = memchr::memchr(LEAVE, &bytes).filter(|_| on_terminal);
        if leave.is_some() {
            let _ = events.send(Event::Left);
            return;
        }
        if input.send(&Input::Typed(Bytes(bytes))).is_err() {
            return;
        }
    }
    let _ = events.send(Event::InputEnded);
}

/// Writes the output, which may have to wait, and passes on the other replies.
fn show_output(mut client: Client, events: &Sender<Event>, has_left: &AtomicBool) {
    loop {
        let reply = client.receive(None);
        if has_left.load(Ordering::Relaxed) {
            return;
        }
        match reply {
            Ok(Reply::Output(bytes)) => {
                if let Err(error) = Output::Stdout.write(&bytes.0) {
                    let _ = events.send(Event::Unwritable(error));
                    return;
                }
                let ends_line = bytes.0.ends_with(b"\n");
                let _ = events.send(Event::Output { ends_line });
            }
            reply => {
                let is_last = !matches!(reply, Ok(Reply::Transition(_) | Reply::Remark(_)));
                let _ = events.send(Event::Reply(Box::new(reply)));
                if is_last {
                    return;
                }
            }
        }
    }
}

fn nothing_runs() -> Diagnostic {
    Diagnostic::new("nothing of this checkout is running, so there is nothing to attach to")
        .hint(Hint::run("start it with", "up"))
        .exit(Exit::Failed)
}

fn no_keys(error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("the keys of this terminal cannot be read: {error}"))
}
