//! The machine's hands: waits for the next event or deadline, steps the machine, performs its actions in order.
//!
//! Everything that happens comes through one channel; the driver's own thread is the only one that spawns, signals and
//! reaps.

mod checks;
mod ends;
mod guarding;
mod instance;
mod membership;
mod processes;
mod progress;
mod ready;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::logs::{self, Follower, Sink};
use super::watchdog::Watchdog;
use crate::diagnose::OomKills;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{self, OnExit};
use crate::preflight::limit;
use crate::process::Identity;
use crate::process::left_alone::LeftAlone;
use crate::protocol::Record;
use crate::protocol::{Reply, Request, ServiceProgress, Snapshot, Transition};
use crate::supervise::{Action, Event, Machine, ProbeResult, Spec, UnitId};
use crate::system::clock::Clock;
use crate::system::interrupt::Interrupt;
use crate::system::os::{self, SignalEvent};
use crate::system::runs::StateDir;
use checks::RunningCheck;
use guarding::Guarding;
use instance::ServiceInstance;
use membership::AdoptedProcesses;
use watch::Waiter;

/// Who is told what happens, while it happens.
pub(crate) trait Observer {
    /// A service came into a state.
    fn transition(&mut self, transition: &Transition, service: &plan::Service);
    /// All that were asked for first are ready, or will never be.
    fn settled(&mut self, ready: bool, after: Duration);
    /// What is under way: services that start or stop. If it is drawn, told ten times a second while there are any, and
    /// once there are none.
    fn progress(&mut self, under_way: &[ServiceProgress]);
    fn draws_progress(&self) -> bool;
}

/// What a run begins with.
pub(crate) enum InitialRequest {
    Plan {
        services: Vec<plan::Service>,
        give_up_after: Option<Duration>,
    },
    /// What the first client of a supervisor in the background asks for.
    Request(Request, Sender<Reply>),
}

/// What comes in from other threads.
pub(crate) enum Message {
    /// A signal reached us.
    Signal(SignalEvent),
    /// A line at the terminal, in answer to a question.
    StdinLine(String),
    /// Nobody reads our output any more.
    OutputClosed,
    Probed {
        unit: UnitId,
        generation: u32,
        answer: ProbeResult,
    },
    PipeEnded {
        unit: UnitId,
        generation: u32,
    },
    Request(Request, Sender<Reply>),
    /// From the supervisor that we asked, where we are none ourselves.
    Replied(Result<Reply, Diagnostic>),
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    pub(crate) exit: Exit,
    /// Another command asked for it.
    pub(crate) by_request: bool,
    pub(crate) last: Snapshot,
    /// What is left although it was told to end.
    pub(crate) survivors: Vec<Diagnostic>,
}

impl RunOutcome {
    /// Services are left that nobody has stopped.
    pub(crate) fn runs_on(&self) -> bool {
        self.last.services.iter().any(|service| !service.state.is_over())
    }
}

pub(crate) struct Driver<'a> {
    clock: Clock,
    machine: Machine,
    /// By unit.
    services: Vec<ServiceInstance>,
    inbox: Receiver<Message>,
    sender: Sender<Message>,
    events: VecDeque<Event>,
    checks: Vec<RunningCheck>,
    waiters: Vec<Waiter>,
    family: Option<AdoptedProcesses>,
    /// As of the first process that was started in this turn.
    oom_kills: Option<OomKills>,
    /// Since the family was looked up: whoever has ended by that left its children to us.
    has_signalled: bool,
    /// A child of ours may be an orphan that no service has started: we are the first process of a container, or we, or
    /// what we replaced with exec, had children before the run began.
    adopts_strangers: bool,
    /// What services started and we do not end.
    left_alone: BTreeMap<Identity, LeftAlone>,
    audience: &'a mut dyn Observer,
    sink: Arc<dyn Sink>,
    follower: Follower,
    interrupt: Arc<Interrupt>,
    directory: &'a StateDir,
    record: Record,
    /// `None` while it cannot be had.
    watchdog: Option<Watchdog>,
    guarding: Guarding,
    /// When what is under way was shown last.
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

/// Descriptors for clients that stay, and for whatever else may happen.
const SPARE_DESCRIPTORS: u64 = 64;

/// How often the line that shows what is waited for is redrawn.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

impl<'a> Driver<'a> {
    /// `inbox` is where all that happens comes in; other threads have `sender`.
    pub(crate) fn new(
        (sender, inbox): (Sender<Message>, Receiver<Message>),
        directory: &'a StateDir,
        record: Record,
        sink: Arc<dyn Sink>,
        follower: Follower,
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
            family: None,
            oom_kills: None,
            has_signalled: false,
            // What cannot be looked up is no proof.
            adopts_strangers: std::process::id() == 1 || !os::own_children().is_ok_and(|children| children.is_empty()),
            left_alone: BTreeMap::new(),
            audience,
            sink,
            follower,
            interrupt,
            directory,
            record,
            watchdog: None,
            guarding: Guarding::default(),
            shown_at: Duration::ZERO,
            on_exit: OnExit::default(),
            ended_by: None,
        }
    }

    /// Runs everything that is asked for to its end.
    ///
    /// # Errors
    /// There is nobody to guard it. Nothing was started.
    pub(crate) fn run(mut self, first: InitialRequest, on_exit: OnExit) -> Result<RunOutcome, Diagnostic> {
        self.on_exit = on_exit;
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
            // What has piled up meanwhile shares one look at the process table.
            self.receive_all();
        }
    }

    fn receive_all(&mut self) {
        while let Ok(message) = self.inbox.try_recv() {
            self.receive(message);
        }
    }

    /// What is to be started, by [`Driver::work`].
    fn enlist(&mut self, services: Vec<plan::Service>, give_up_after: Option<Duration>) {
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
                    if *instance.wanted() != service {
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
        // Only now: a port may have changed hands among them. All others are about to be announced as waiting.
        for unit in edited {
            self.services[unit].reserve(self.machine.state(unit).is_alive());
        }
        self.events.push_back(Event::Start { specs, give_up_after });
        if !changed.is_empty() {
            self.events.push_back(Event::Change { specs: changed });
        }
    }

    /// Takes all events that are there through the machine.
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
        let redraw = (under_way && self.draws_progress()).then(|| self.shown_at + REDRAW_INTERVAL);
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
            // What was asked before the driver began.
            Message::StdinLine(_) | Message::Replied(_) => {}
            // The files still take what the terminal does not.
            Message::Signal(SignalEvent::HangUp) if self.on_exit == OnExit::Keep => {}
            Message::Signal(SignalEvent::Interrupt | SignalEvent::HangUp) => {
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
            } => {
                if self.services[unit].generation == generation {
                    self.answer(unit, answer);
                }
            }
            Message::PipeEnded { unit, generation } => {
                if self.services[unit].generation == generation {
                    self.services[unit].open_pipes -= 1;
                }
            }
            Message::Request(request, reply) => {
                self.handle_request(request, reply);
                // What it begins has its numbers before anybody else asks.
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
            Action::Settled { batch: 0, ready } => self.audience.settled(ready, self.clock.now()),
            // Those who asked for a later batch are answered by `answer_waiters`.
            Action::Settled { .. } => {}
        }
    }
}
