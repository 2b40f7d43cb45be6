//! Event loop: waits for the next event or deadline, steps the state machine and performs its actions in order.
//!
//! All events come through one channel. Only the driver's thread spawns, signals and reaps.

mod attach;
mod beside;
mod changes;
mod checks;
mod ends;
mod guarding;
mod instance;
mod measuring;
mod membership;
mod outcome;
mod processes;
mod progress;
mod ready;
mod starts;
mod trouble;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::log_export::LogExport;
use super::logs::{self, Follower, Sink};
use super::metrics::{Conflicts, Measures};
use super::watchdog::Watchdog;
use crate::diagnose::OomKills;
use crate::diagnostic::Diagnostic;
use crate::plan::{self, OnExit};
use crate::preflight::limit;
use crate::process::Identity;
use crate::process::left_alone::LeftAlone;
use crate::protocol::Record;
use crate::protocol::{Reply, Request, ServiceProgress, Size, Snapshot, StartNotice, Transition};
use crate::supervise::{Action, Event, Machine, ProbeResult, Spec, UnitId};
use crate::system::clock::Clock;
use crate::system::interrupt::Interrupt;
use crate::system::os::{self, SignalEvent};
use crate::system::runs::StateDir;
use crate::system::watch::{WatchNotice, Watcher};
pub(crate) use attach::{Attached, attach};
use checks::RunningCheck;
use guarding::Guarding;
use instance::ServiceInstance;
use membership::AdoptedProcesses;
pub(crate) use outcome::RunOutcome;
pub(crate) use starts::InitialRequest;
use starts::PendingStart;
use watch::Waiter;

/// Is notified of events as they happen.
pub(crate) trait Observer {
    /// A service entered a state.
    fn transition(&mut self, transition: &Transition, service: &plan::Service);
    /// All services of the first request are ready, or have failed.
    fn settled(&mut self, ready: bool, after: Duration);
    /// The services that start or stop. If progress is told, this is called ten times a second while there are any,
    /// and once when there are none.
    fn progress(&mut self, under_way: &[ServiceProgress]);
    fn tells_progress(&self) -> bool;
    /// A service takes long to start, and this was seen.
    fn start_notice(&mut self, notice: &StartNotice);
}

/// An event from another thread.
pub(crate) enum Message {
    /// We received a signal.
    Signal(SignalEvent),
    /// A line from the terminal, in reply to a question.
    StdinLine(String),
    /// Our output is no longer read.
    OutputClosed,
    Probed {
        unit: UnitId,
        generation: u32,
        answer: ProbeResult,
        /// The HTTP status, if that made it fail.
        status: Option<u16>,
        took: Duration,
    },
    PipeEnded {
        unit: UnitId,
        generation: u32,
    },
    Request(Request, Sender<Reply>),
    /// Somebody wants to see a service and type into it.
    Attach {
        service: String,
        size: Option<Size>,
        reply: Sender<Result<Attached, Diagnostic>>,
    },
    Watch(WatchNotice),
    /// Metrics are asked for.
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody asks"))]
    Measure(Sender<Measures>),
    /// From the supervisor, if we are its client.
    Replied(Result<Reply, Diagnostic>),
}

/// Where the lines of services go.
pub(crate) struct Outputs {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) follower: Follower,
    pub(crate) log_export: Arc<LogExport>,
}

pub(crate) struct Driver<'a> {
    clock: Clock,
    machine: Machine,
    /// Indexed by unit.
    services: Vec<ServiceInstance>,
    inbox: Receiver<Message>,
    sender: Sender<Message>,
    events: VecDeque<Event>,
    checks: Vec<RunningCheck>,
    waiters: Vec<Waiter>,
    starts: Vec<PendingStart>,
    family: Option<AdoptedProcesses>,
    /// The value when the first process of this turn was started.
    oom_kills: Option<OomKills>,
    /// Signals were sent since the last scan: a process that exited may have left us its children.
    has_signalled: bool,
    /// Our children may include orphans that no service has started: we are the first process of a container; or we, or
    /// the program that exec replaced with us, had children before the run.
    adopts_strangers: bool,
    /// Processes that services started and we do not stop.
    left_alone: BTreeMap<Identity, LeftAlone>,
    audience: &'a mut dyn Observer,
    sink: Arc<dyn Sink>,
    follower: Follower,
    log_export: Arc<LogExport>,
    interrupt: Arc<Interrupt>,
    directory: &'a StateDir,
    record: Record,
    /// `None` while none can be started.
    watchdog: Option<Watchdog>,
    guarding: Guarding,
    conflicts: Conflicts,
    /// `None` while no service is watched.
    watcher: Option<Watcher>,
    /// When progress was last shown.
    shown_at: Duration,
    on_exit: OnExit,
    ended_by: Option<EndedBy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndedBy {
    Interrupt,
    Down,
    OutputClosed,
}

/// Descriptors for connected clients and other needs.
const SPARE_DESCRIPTORS: u64 = 64;

/// How often the progress line is redrawn.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

impl<'a> Driver<'a> {
    /// `inbox` receives all events; other threads send to `sender`.
    pub(crate) fn new(
        (sender, inbox): (Sender<Message>, Receiver<Message>),
        directory: &'a StateDir,
        record: Record,
        outputs: Outputs,
        interrupt: Arc<Interrupt>,
        audience: &'a mut dyn Observer,
    ) -> Self {
        Driver {
            clock: Clock::start(),
            machine: Machine::default(),
            services: Vec::new(),
            inbox,
            sender,
            events: VecDeque::new(),
            checks: Vec::new(),
            waiters: Vec::new(),
            starts: Vec::new(),
            family: None,
            oom_kills: None,
            has_signalled: false,
            // If the children cannot be listed, assume that there are some.
            adopts_strangers: std::process::id() == 1 || !os::own_children().is_ok_and(|children| children.is_empty()),
            left_alone: BTreeMap::new(),
            audience,
            sink: outputs.sink,
            follower: outputs.follower,
            log_export: outputs.log_export,
            interrupt,
            directory,
            record,
            watchdog: None,
            guarding: Guarding::default(),
            conflicts: Conflicts::new(),
            watcher: None,
            shown_at: Duration::ZERO,
            on_exit: OnExit::default(),
            ended_by: None,
        }
    }

    /// Runs until all services have stopped.
    ///
    /// # Errors
    /// No watchdog could be started. Nothing was started then.
    pub(crate) fn run(mut self, first: InitialRequest, on_exit: OnExit) -> Result<RunOutcome, Diagnostic> {
        self.on_exit = on_exit;
        if on_exit == OnExit::Keep {
            os::keep_groups();
        }
        if let Err(problem) = self.begin(first) {
            self.directory.forget(&self.record);
            return Err(problem);
        }
        loop {
            self.work();
            if self.machine.is_over() {
                return Ok(self.finish());
            }
            match self.wait() {
                Ok(message) => self.receive(message),
                Err(RecvTimeoutError::Timeout) => self.events.push_back(Event::Tick),
                Err(RecvTimeoutError::Disconnected) => unreachable!("the driver holds a sender itself"),
            }
            // Events that have accumulated share one scan of the process table.
            self.receive_all();
        }
    }

    fn receive_all(&mut self) {
        while let Ok(message) = self.inbox.try_recv() {
            self.receive(message);
        }
    }

    /// Registers services that [`Driver::work`] will start, or restart: if they have changed, or are to run `again`.
    fn enlist(&mut self, services: Vec<plan::Service>, again: &[String], give_up_after: Option<Duration>) {
        self.raise_grace_period(&services);
        let known = self.services.iter().map(ServiceInstance::wanted);
        os::make_room(limit::descriptors(known.chain(&services)) + SPARE_DESCRIPTORS);
        let specs = services.iter().map(Spec::from).collect();
        let (mut changed, mut edited) = (Vec::new(), Vec::new());
        let mut logs = logs::numbers(&self.directory.logs());
        for service in services {
            match self.machine.unit(&service.name) {
                Some(unit) if !self.machine.state(unit).is_over() => {
                    let instance = &mut self.services[unit];
                    if *instance.wanted() != service || again.contains(&service.name) {
                        changed.push(Spec::from(&service));
                        (instance.next, instance.hold) = (Some(Box::new(service)), None);
                        edited.push(unit);
                    }
                }
                Some(unit) => {
                    self.services[unit].restart_with(service);
                    self.services[unit].open_sockets();
                }
                // The machine numbers new units in the order of their specs.
                None => {
                    let logs = logs.remove(&service.name).unwrap_or_default();
                    let mut instance = self.instance(service, logs);
                    instance.open_sockets();
                    self.services.push(instance);
                }
            }
        }
        // After all changes, because a port may move between services. All others will be announced as waiting.
        for unit in edited {
            self.services[unit].reserve(self.machine.state(unit).is_alive());
        }
        self.events.push_back(Event::Start { specs, give_up_after });
        if !changed.is_empty() {
            self.events.push_back(Event::Change { specs: changed });
        }
        self.watch_all();
    }

    /// Handles all pending events.
    fn work(&mut self) {
        self.family = None;
        self.oom_kills = None;
        self.guard_again();
        self.pass_on_endings();
        self.pass_on_sweeps();
        self.give_up_checks();
        while let Some(event) = self.events.pop_front() {
            for action in self.machine.step(self.clock.now(), event) {
                self.perform(action);
            }
        }
        self.note_starts();
        self.answer_waiters();
        self.show_progress();
    }

    fn wait(&self) -> Result<Message, RecvTimeoutError> {
        let endings = self
            .services
            .iter()
            .filter_map(|instance| instance.ending)
            .map(|(_, at)| at);
        let sweeps = self.services.iter().filter_map(|instance| instance.swept);
        let checks = self.checks.iter().map(|check| check.until);
        let under_way = self.machine.units().any(|unit| self.is_under_way(unit));
        let redraw = (under_way && self.tells_progress()).then(|| self.shown_at + REDRAW_INTERVAL);
        match self
            .machine
            .next_deadline()
            .into_iter()
            .chain(endings)
            .chain(sweeps)
            .chain(checks)
            .chain(redraw)
            .chain(self.guards_again_at())
            .min()
        {
            Some(at) => self.inbox.recv_timeout(at.saturating_sub(self.clock.now())),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn receive(&mut self, message: Message) {
        if matches!(message, Message::Signal(heard) if heard.is_interrupt()) {
            self.interrupt.take();
        }
        match message {
            Message::Signal(SignalEvent::ChildEnded) => self.reap(),
            Message::Signal(SignalEvent::Resized) => self.resize_terminals(),
            // Replies to questions from before the driver started.
            Message::StdinLine(_) | Message::Replied(_) => {}
            // Output still goes to the files without the terminal.
            Message::Signal(SignalEvent::HangUp) if self.on_exit == OnExit::Keep => {}
            Message::Signal(SignalEvent::Interrupt | SignalEvent::Terminate | SignalEvent::HangUp) => {
                self.ended_by.get_or_insert(EndedBy::Interrupt);
                self.events.push_back(Event::Interrupt);
            }
            Message::OutputClosed => {
                self.ended_by.get_or_insert(EndedBy::OutputClosed);
                self.events.push_back(Event::Stop { units: None });
            }
            Message::Probed {
                unit,
                generation,
                answer,
                status,
                took,
            } => {
                if self.services[unit].generation == generation {
                    self.services[unit].http_status = status;
                    self.count_check(unit, &answer, took);
                    self.answer(unit, answer);
                }
            }
            Message::PipeEnded { unit, generation } => {
                if self.services[unit].generation == generation {
                    self.services[unit].open_pipes -= 1;
                }
            }
            Message::Watch(notice) => self.hear_of_files(notice),
            // Who asked may have given up.
            Message::Measure(reply) => drop(reply.send(self.measures())),
            Message::Attach { service, size, reply } => drop(reply.send(self.attach(&service, size))),
            Message::Request(request, reply) => {
                self.handle_request(request, reply);
                // Its new units exist before the next request is handled.
                self.work();
            }
        }
    }

    fn perform(&mut self, action: Action) {
        if self.has_signalled && matches!(action, Action::Kill(_) | Action::CountProcesses(_)) {
            self.family = None;
        }
        match action {
            Action::Spawn(unit) => self.spawn(unit),
            Action::Probe(unit) => self.probe(unit),
            Action::Terminate(unit) => self.terminate(unit),
            Action::Kill(unit) => self.kill(unit),
            Action::CountProcesses(unit) => self.sweep(unit),
            Action::Announce { unit, state, cause } => self.announce(unit, state, cause),
            Action::Settled { batch: 0, ready } => {
                self.note_starts();
                self.audience.settled(ready, self.clock.now());
            }
            // Clients that requested a later batch are answered by `answer_waiters`.
            Action::Settled { .. } => {}
        }
    }
}
