//! Spawns the services' processes, reads their output, reaps them and announces each change of state.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::instance::{PIPE_DRAIN_TIMEOUT, ServiceInstance};
use super::{Driver, Message, Reply, UnitId};
use crate::diagnose::ExitStatus;
use crate::diagnose::{Diagnosis, FailureKind, OomKills, diagnosis, refused};
use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::preflight::needs::node_modules::install;
use crate::process::Tag;
use crate::protocol::{LastExit, LastRestart, Transition};
use crate::run::logs::{Log, OutputSource, RunId, StateRecord, Stream};
use crate::run::metrics::Counts;
use crate::run::spawn;
use crate::run::spawn::Started;
use crate::supervise::change_loop::ChangeLoop;
use crate::supervise::{Cause, Event, State};
use crate::system::clock::wall;
use crate::system::{attribution, observe, os, pidfiles};

impl Driver<'_> {
    /// `logs` are the numbers of its log files.
    pub(super) fn instance(&self, service: plan::Service, logs: Vec<u64>) -> ServiceInstance {
        let run = RunId {
            id: self.record.run.clone(),
            began: self.record.started_at,
        };
        ServiceInstance {
            log: Log::open(
                &service.name,
                &self.directory.logs(),
                run,
                logs,
                Arc::clone(&self.sink),
                Arc::clone(&self.log_export),
            ),
            service,
            next: None,
            pid: None,
            group: None,
            leader: None,
            generation: 0,
            open_pipes: 0,
            sockets: None,
            hold: None,
            has_listened: false,
            is_left_running: false,
            answers_at: None,
            oom_kills: OomKills::default(),
            ending: None,
            swept: None,
            since: wall(),
            started_at: None,
            in_state_since: Duration::ZERO,
            states: VecDeque::new(),
            clients: None,
            exit: None,
            cause: None,
            probed: None,
            answers: VecDeque::new(),
            mismatch: None,
            http_status: None,
            looked_at: None,
            trouble: None,
            lost_port: None,
            restarted: None,
            change_loop: ChangeLoop::default(),
            is_unwatched: false,
            counts: Counts::default(),
        }
    }

    pub(super) fn spawn(&mut self, unit: UnitId) {
        let tag = self.tag(unit);
        let oom_kills = *self.oom_kills.get_or_insert_with(os::oom_kills);
        let instance = &mut self.services[unit];
        if let Some(next) = instance.next.take() {
            instance.service = *next;
        }
        if instance.service.listen {
            instance.hold = None;
        }
        instance.open_sockets();
        instance.generation += 1;
        instance.change_loop.started(self.clock.now());
        instance.log.begin();
        instance.oom_kills = oom_kills;
        if instance.service.runs == plan::Runs::External {
            (instance.started_at, instance.is_left_running) = (Some(wall()), true);
            instance.counts.started(self.clock.now());
            self.events.push_back(Event::Spawned { unit });
            return;
        }
        if let Some(path) = &instance.service.pidfile {
            pidfiles::remove_if_stale(path);
        }
        let sockets = instance
            .sockets
            .as_ref()
            .map(|opened| opened.as_ref().map_err(Clone::clone));
        let started = sockets.transpose().and_then(|sockets| {
            let note = self.directory.container_note(&instance.service.name);
            spawn::service(
                &instance.service,
                sockets,
                instance.hold.take(),
                &tag,
                instance.log.attachments().resize(self.sink.size()),
                note,
                self.sink.shows_colours(),
            )
        });
        match started {
            Ok(started) => {
                let pid = started.child.id();
                instance.pid = Some(pid);
                instance.group = instance.pid;
                instance.started_at = Some(wall());
                instance.leader = attribution::note(self.directory, pid, &tag);
                match self.follow(unit, started) {
                    Ok(()) => {
                        self.services[unit].counts.started(self.clock.now());
                        self.events.push_back(Event::Spawned { unit });
                    }
                    Err(problem) => {
                        // Its output would not be read. It is an unreaped child, so the group number is its own.
                        os::signal_group(pid, os::Signal::Kill);
                        self.services[unit].pid = None;
                        self.not_spawned(unit, problem);
                    }
                }
            }
            Err(problem) => self.not_spawned(unit, problem),
        }
    }

    fn not_spawned(&mut self, unit: UnitId, problem: Diagnostic) {
        let Diagnostic { message, exit, .. } = problem;
        self.events.push_back(Event::SpawnFailed { unit, message, exit });
    }

    /// Reads its output; the child itself is reaped by pid.
    fn follow(&mut self, unit: UnitId, started: Started) -> Result<(), Diagnostic> {
        let Started { mut child, terminal } = started;
        let instance = &mut self.services[unit];
        let (number, pid) = (instance.generation, child.id());
        let ended = |sender: &Sender<Message>| {
            let sender = sender.clone();
            move || {
                drop(sender.send(Message::PipeEnded {
                    unit,
                    generation: number,
                }))
            }
        };
        let attachments = instance.log.attachments();
        if let Some(terminal) = terminal {
            attachments.connect(Arc::clone(&terminal), true);
            instance.open_pipes = 1;
            let ended = ended(&self.sender);
            return self
                .follower
                .follow(&instance.log, OutputSource::Terminal, pid, terminal, ended);
        }
        if let Some(stdin) = child.stdin.take() {
            let stdin = File::from(os::Descriptor::from(stdin));
            attachments.connect(Arc::new(stdin), false);
        }
        instance.open_pipes = 2;
        let mut numbers = Vec::new();
        let stdout = child.stdout.take().map(os::Descriptor::from);
        let stderr = child.stderr.take().map(os::Descriptor::from);
        for (stream, pipe) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
            let pipe = Arc::new(File::from(pipe.expect("both are pipes")));
            let (number, ended) = (os::pipe_number(&*pipe), ended(&self.sender));
            self.follower
                .follow(&instance.log, OutputSource::Pipe(stream), pid, pipe, ended)?;
            numbers.push(number);
        }
        self.hand_on(numbers);
        Ok(())
    }

    /// Our terminal was resized, so the services' terminals are too.
    pub(super) fn resize_terminals(&self) {
        let size = self.sink.size();
        for instance in &self.services {
            instance.log.attachments().resize(size);
        }
    }

    pub(super) fn reap(&mut self) {
        for (pid, status) in os::reap() {
            if let Some(unit) = self.services.iter().position(|instance| instance.pid == Some(pid)) {
                let wait = if status.code == Some(0) {
                    Duration::ZERO
                } else {
                    PIPE_DRAIN_TIMEOUT
                };
                let instance = &mut self.services[unit];
                instance.pid = None;
                instance.ending = Some((status, self.clock.now() + wait));
            } else if self.watchdog.as_ref().is_some_and(|watchdog| watchdog.pid == pid) {
                self.watchdog_ended();
            } else {
                self.check_ended(pid, status);
            }
        }
    }

    /// Reports exited processes to the machine, once their last output has been read.
    pub(super) fn pass_on_endings(&mut self) {
        let now = self.clock.now();
        for unit in self.machine.units() {
            let instance = &self.services[unit];
            let stopping = self.machine.state(unit) == State::Stopping;
            match instance.ending {
                Some((status, at)) if at <= now || instance.open_pipes == 0 || stopping => {
                    let diagnosis = (!stopping).then(|| self.diagnosis(unit, status)).flatten();
                    let instance = &mut self.services[unit];
                    instance.ending = None;
                    instance.exit = Some(LastExit {
                        status,
                        at: wall(),
                        cause: None,
                    });
                    self.events.push_back(Event::Exited {
                        unit,
                        status,
                        diagnosis,
                    });
                }
                Some(_) | None => {}
            }
        }
    }

    /// Why its main process exited on its own, considering the rest of the stack.
    fn diagnosis(&mut self, unit: UnitId, status: ExitStatus) -> Option<Diagnosis> {
        if status.code == Some(0) {
            // A task may leave processes behind and still be done.
            let is_task = self.services[unit].service.task;
            let left = !is_task && self.all_members(unit).is_ok_and(|left| !left.is_empty());
            return left.then(|| Diagnosis::new(FailureKind::Daemonized));
        }
        let instance = &self.services[unit];
        let memory = os::oom_kills().since(instance.oom_kills);
        let mut found = diagnosis(status, &instance.log.tail(), memory)?;
        if let Some(module) = found
            .module()
            .filter(|module| instance.service.command.runs_module(module))
        {
            // Most modules that are run have a program of their name.
            let near = observe::near(module, &instance.service, &self.record.checkout);
            let hint = near.map(|near| format!("did you mean `{near}`?").into());
            found.hints.extend(hint);
        }
        if found.may_need_packages() {
            let checkout = &self.record.checkout;
            let node = observe::node_of(&instance.service, checkout);
            let install = node.map(|node| install(instance.service.place.seen_from(checkout), &node));
            let hint = install.map(|install| format!("install what is missing with `{install}`").into());
            found.hints.extend(hint);
        }
        if found.kind == FailureKind::Refused {
            let stack = self.machine.units();
            let stack: Vec<_> = stack
                .map(|unit| {
                    let state = self.machine.state(unit);
                    let is_down = state.is_over() || state == State::Backoff;
                    (&self.services[unit].service, is_down.then(|| state.name()))
                })
                .collect();
            found
                .hints
                .extend(refused::hint(found.subject.as_ref(), &instance.service, &stack));
        }
        Some(found)
    }

    pub(super) fn announce(&mut self, unit: UnitId, state: State, cause: Option<Cause>) {
        let instance = &mut self.services[unit];
        instance.since = wall();
        instance.note_state(self.clock.now(), state);
        instance.counts.entered(instance.in_state_since, state, cause.as_ref());
        instance.cause = cause.clone();
        if let Some(Cause::FilesChanged(files)) = &cause {
            instance.restarted = Some(LastRestart {
                at: instance.since,
                files: files.clone(),
            });
        }
        if state == State::Starting {
            (instance.looked_at, instance.trouble) = (None, None);
        }
        instance.clients = None;
        if state.is_over() {
            (instance.sockets, instance.hold) = (None, None);
        }
        if !state.is_alive() {
            instance.log.attachments().disconnect();
        }
        if let (true, Some(exit), Some(cause)) = (instance.pid.is_none(), &mut instance.exit, &cause) {
            exit.cause = Some(cause.last().clone());
        }
        let tail = match state {
            State::Failed => instance.log.tail(),
            _ => Vec::new(),
        };
        let transition = Transition {
            at: instance.since,
            service: instance.service.name.clone(),
            task: instance.service.task,
            state,
            left_running: instance.is_left_running,
            pid: instance.pid,
            url: instance.url(),
            trouble: match cause {
                Some(Cause::NotReady { .. }) => instance.start_trouble().map(Box::new),
                _ => None,
            },
            cause,
            tail,
        };
        instance.log.mark(&StateRecord {
            state,
            task: transition.task,
            pid: transition.pid,
            cause: transition.cause.clone(),
        });
        if matches!(state, State::Waiting | State::Backoff) {
            instance.reserve(false);
        }
        self.audience.transition(&transition, &instance.service);
        self.tell_waiters(&transition);
        let attachments = self.services[unit].log.attachments();
        attachments.tell(|| Reply::Transition(transition.clone()));
        if state.is_over() {
            attachments.end();
        }
    }

    pub(super) fn tag(&self, unit: UnitId) -> Tag {
        Tag {
            project: self.record.project.clone().into(),
            service: self.services[unit].service.name.clone().into(),
            checkout: self.record.checkout.clone().into(),
            run: self.record.run.clone().into(),
        }
    }
}
