//! Reports the events of `up` as they happen: states, the progress line, failures, the summary.

mod taken;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::addresses::{address, front};
use super::timings::TimingsRequest;
use crate::commands::long_wait::RareTimes;
use crate::commands::lost_ports::found_port_busy;
use crate::commands::screen::Screen;
use crate::commands::{Context, watching};
use crate::diagnostic::Exit;
use crate::plan::{self, Plan};
use crate::ports::Endpoint;
use crate::protocol::Mode;
use crate::protocol::{ServiceProgress, StartNotice, Transition};
use crate::report::failure::{failure, opened_twice};
use crate::report::{self, cause, json, status, words};
use crate::run::driver::{Observer, RunOutcome};
use crate::run::run_status;
use crate::supervise::{Cause, Spec, State};
use crate::system::clock::wall;

pub(super) struct UpReporter<'a> {
    pub(super) screen: Arc<Screen>,
    pub(super) context: &'a Context,
    pub(super) checkout: PathBuf,
    pub(super) project: String,
    began: Timestamp,
    name_width: usize,
    /// When each service began to start.
    starting: BTreeMap<String, Timestamp>,
    /// `None` until all are ready or one has failed.
    settled: Option<bool>,
    /// Services that have been ready at some time.
    ready: BTreeSet<String>,
    /// The last state of each service.
    states: BTreeMap<String, State>,
    /// The services that no other depends on, each with its URL.
    front: Vec<(String, String)>,
    /// Reports of failures during the start, which are shown last.
    failures: Vec<String>,
    /// What the end of the stack does not stop.
    left_running: BTreeSet<String>,
    /// Stopped services, and whether each is a task.
    stopped: BTreeMap<String, bool>,
    mode: Mode,
    /// A task of `run` follows, and what to do next is up to that.
    pub(super) is_for_task: bool,
    /// Another process holds a port of a service that failed.
    has_lost_a_port: bool,
    ports: Vec<Endpoint>,
    /// When progress is told off a terminal.
    rare_times: RareTimes,
    /// Until they were shown.
    pub(super) timings: Option<TimingsRequest>,
}

impl<'a> UpReporter<'a> {
    pub(super) fn new(screen: Arc<Screen>, plan: &Plan, context: &'a Context, began: Timestamp, mode: Mode) -> Self {
        UpReporter {
            screen,
            context,
            checkout: plan.checkout.clone(),
            project: plan.project.clone(),
            began,
            name_width: words::widest(plan.services.iter().map(|service| service.name.as_str())),
            starting: BTreeMap::new(),
            settled: None,
            ready: BTreeSet::new(),
            states: BTreeMap::new(),
            front: front(plan),
            failures: Vec::new(),
            left_running: BTreeSet::new(),
            stopped: BTreeMap::new(),
            mode,
            is_for_task: false,
            has_lost_a_port: false,
            ports: plan
                .services
                .iter()
                .flat_map(|service| &service.ports)
                .map(Endpoint::from)
                .collect(),
            rare_times: RareTimes::new(),
            timings: None,
        }
    }

    /// The final report after everything has stopped; returns the exit code.
    pub(super) fn finish(&mut self, outcome: &RunOutcome) -> Exit {
        let exit = match outcome.exit {
            Exit::NotReady if self.has_lost_a_port => Exit::PortBusy,
            exit => exit,
        };
        self.screen.draw("");
        self.show_timings();
        let has_failed = !self.failures.is_empty();
        for report in std::mem::take(&mut self.failures) {
            self.screen.tell(&format!("\n{}", report.trim_end()));
        }
        if !outcome.runs_on() {
            for line in words::not_exported(&outcome.last.log_export) {
                self.screen
                    .tell(&format!("{} {line}", self.screen.paint().warn("warning:")));
            }
        }
        for line in words::left_alone(&outcome.last.left_alone) {
            self.screen.say(&line);
        }
        for name in &self.left_running {
            self.screen.say(&format!("`{name}` is left running."));
        }
        for survivor in &outcome.survivors {
            self.screen.tell_problem(survivor);
        }
        if self.settled == Some(false) && has_failed && !self.stopped.is_empty() {
            self.screen.say(&self.others_stopped());
        } else if outcome.survivors.is_empty() && !self.stopped.is_empty() && !outcome.runs_on() {
            // Of the last state of the stack: another `up` may have added services or moved ports.
            let stopped = outcome
                .last
                .services
                .iter()
                .filter(|it| self.stopped.contains_key(&it.name));
            let ports: Vec<Endpoint> = stopped.flat_map(|it| &it.ports).map(Endpoint::from).collect();
            let which = self.n_stopped();
            let who = if outcome.by_request {
                " as asked from another terminal"
            } else {
                ""
            };
            self.screen.say(&format!(
                "Stopped {which}{who}; nothing is left{}.",
                watching::free(&ports)
            ));
        }
        if self.context.json {
            self.screen
                .event(&watching::summary(exit, &run_status::observe(&outcome.last).services));
        }
        exit
    }

    /// All are ready except those that another command stopped meanwhile.
    fn settled_without(&self, stopped: &BTreeSet<String>, n_up: usize) {
        let left = match n_up {
            1 => "the other one is ready".to_owned(),
            n => format!("the other {n} are ready"),
        };
        let what = watching::stopped_elsewhere(stopped);
        self.screen
            .say(&format!("\n{what}; {left}.{}\n{}", self.urls(), self.next()));
    }

    /// The URLs of the services that no other depends on.
    fn urls(&self) -> String {
        let there = self.front.iter().filter(|(name, _)| self.is_up(name));
        there.map(|(_, url)| format!("  {url}")).collect()
    }

    fn is_up(&self, name: &str) -> bool {
        self.states.get(name).is_some_and(|state| state.is_up())
    }

    /// The commands that are useful now.
    fn next(&self) -> String {
        let (program, width) = (&self.context.program, self.context.terminals.width);
        match self.mode {
            Mode::Foreground => {
                let text = format!("Ctrl-C stops everything; `{program} status` shows it from another terminal.");
                words::wrapped(&text, width) + "\n"
            }
            Mode::Background if self.is_for_task => String::new(),
            Mode::Background => {
                let text =
                    format!("It runs in the background: `{program} logs -f` shows its log, `{program} down` stops it.");
                words::wrapped(&text, width)
            }
        }
    }

    fn others_stopped(&self) -> String {
        match self.stopped.values().collect::<Vec<_>>()[..] {
            [true] => "The other task was stopped.".to_owned(),
            [false] => "The other service was stopped.".to_owned(),
            _ => format!("The other {} were stopped.", self.n_stopped()),
        }
    }

    fn n_stopped(&self) -> String {
        let n_tasks = self.stopped.values().filter(|task| **task).count();
        words::services_and_tasks(self.stopped.len() - n_tasks, n_tasks)
    }

    fn line(&self, transition: &Transition, rest: &str) {
        self.line_with(transition, status::word(transition.state, transition.task), rest);
    }

    fn line_with(&self, transition: &Transition, word: &str, rest: &str) {
        let paint = self.screen.paint();
        let state = status::in_colour(transition.state, &format!("{word:<9}"), paint);
        let name = format!("{:<width$}", transition.service, width = self.name_width);
        let mark = status::mark(transition.state, paint);
        self.screen
            .say(format!("  {mark} {}  {state}  {rest}", paint.bold(&name)).trim_end());
    }

    fn failed(&mut self, transition: &Transition, service: &plan::Service, why: &Cause) {
        let (paint, program) = (self.screen.paint(), &self.context.program);
        let mut findings = self.lost_ports(service, why);
        self.has_lost_a_port |= !findings.is_empty();
        let mut hints = why.advice(service, &self.checkout);
        if hints.is_empty() && findings.is_empty() && found_port_busy(why) {
            hints.push(opened_twice(service));
        }
        if self.settled == Some(true) && Spec::from(service).watched {
            hints.push(format!("change a file of its `watch`, which starts `{}` again", service.name).into());
        }
        let mut text = failure(service, why, &transition.tail, &hints, program, paint);
        findings.extend(transition.trouble.as_ref().map(|it| it.finding()));
        for finding in findings {
            let reader = self.context.reader(self.screen.paint());
            text.push_str(&format!("\n{}", report::finding::conflict(&finding, &reader)));
            self.screen.event(&watching::finding(json::finding(&finding, program)));
        }
        if self.settled == Some(true) {
            self.screen.tell(&format!("\n{}", text.trim_end()));
        } else {
            self.line(transition, "");
            self.failures.push(text);
        }
    }
}

impl Observer for UpReporter<'_> {
    fn transition(&mut self, transition: &Transition, service: &plan::Service) {
        let Transition {
            at,
            state,
            pid,
            cause: why,
            ..
        } = transition;
        let name = &transition.service;
        let change = json::state_change(name, *state, *pid, why.as_ref());
        self.screen.event(&json::line(&json::event(*at, "state", change)));
        self.states.insert(name.clone(), *state);
        self.screen.change_bottom(|line| line.note(name, *state));
        match (state, why) {
            (State::Starting, _) => drop(self.starting.insert(name.clone(), *at)),
            (State::Running, _) => {
                self.stopped.remove(name);
                self.starting.remove(name);
                let again = !self.ready.insert(name.clone());
                self.line(transition, if again { "again" } else { "" });
            }
            (State::Ready, _) => {
                self.stopped.remove(name);
                let again = !self.ready.insert(name.clone());
                let took = self.starting.remove(name).map(|since| between(since, *at));
                let took = took.map(words::duration);
                let address = address(service, transition.url.as_ref());
                for (_, url) in self.front.iter_mut().filter(|(it, _)| it == name) {
                    url.clone_from(&address);
                }
                let what = match took {
                    Some(took) if again => format!("again, {took}"),
                    None if again => "again".to_owned(),
                    took => format!("{:<7}  {address}", took.unwrap_or("0 ms".to_owned())),
                };
                self.line(transition, &what);
            }
            (State::Unhealthy | State::Backoff, Some(why)) => self.line(transition, &cause::cause(why)),
            (State::Failed, Some(why)) => self.failed(transition, service, why),
            (State::Completed, _) => {
                let took = self.starting.remove(name).map(|since| between(since, *at));
                self.line(transition, &words::duration(took.unwrap_or_default()));
            }
            (State::Exited, Some(why @ Cause::Exited { diagnosis: Some(_), .. })) => {
                self.line(transition, &format!("exit code 0: {}", cause::cause(why)));
            }
            (State::Exited, _) => self.line(transition, "exit code 0"),
            (State::Stopping | State::Waiting, Some(why)) => self.line_with(transition, RESTARTS, &cause::cause(why)),
            (State::Stopped, _) if transition.left_running => {
                self.left_running.insert(name.clone());
            }
            (State::Stopped, _) if self.starting.contains_key(name) || self.ready.contains(name) => {
                self.stopped.insert(name.clone(), transition.task);
            }
            (State::Waiting | State::Stopping | State::Stopped, _) => {}
            (State::Unhealthy | State::Backoff | State::Failed, _) => {}
        }
    }

    fn settled(&mut self, ready: bool, _: Duration) {
        let n_up = self.states.keys().filter(|name| self.is_up(name)).count();
        let stopped = self.states.iter().filter(|(_, state)| **state == State::Stopped);
        let stopped: BTreeSet<String> = stopped.map(|(name, _)| name.clone()).collect();
        // A service that has just failed is not recorded yet, and still starts or stops.
        let is_over = |state: &State| matches!(state, State::Exited | State::Completed | State::Stopped);
        let rest = self.states.values().filter(|state| is_over(state)).count();
        let without = n_up > 0 && !stopped.is_empty() && n_up + rest == self.states.len();
        self.settled = Some(ready || without);
        self.screen.draw("");
        if ready || without {
            self.show_timings();
        }
        if without {
            self.settled_without(&stopped, n_up);
        } else if ready && stopped.is_empty() {
            let took = words::duration(between(self.began, wall()));
            let all = match self.ready.len() {
                // The stack consists of tasks only.
                0 => {
                    return self
                        .screen
                        .say(&format!("\n{} in {took}.\n", self.screen.paint().good("Done")));
                }
                1 => "Ready".to_owned(),
                n => format!("All {n} ready"),
            };
            let all = self.screen.paint().good(&all);
            self.screen
                .say(&format!("\n{all} in {took}.{}\n{}", self.urls(), self.next()));
        }
    }

    fn progress(&mut self, under_way: &[ServiceProgress]) {
        if under_way.is_empty() {
            self.rare_times = RareTimes::new();
        }
        let text = match self.mode {
            // The log itself is there.
            Mode::Foreground => words::under_way(&without_lines(under_way)),
            Mode::Background => words::under_way(under_way),
        };
        let longest = under_way.iter().map(|it| it.elapsed).max().unwrap_or_default();
        if !self.screen.draws() {
            if self.rare_times.is_due(longest) {
                self.screen.say(&format!("  … {text}"));
            }
            return;
        }
        let again = under_way
            .iter()
            .any(|it| it.state == State::Stopping && it.elapsed > SLOW_STOP);
        let hint = if again { "   Ctrl-C again kills" } else { "" };
        let text = match text.as_str() {
            "" => text,
            text => format!("  … {text}{hint}"),
        };
        self.screen.draw(&text);
    }

    fn tells_progress(&self) -> bool {
        self.screen.tells_progress()
    }

    fn start_notice(&mut self, notice: &StartNotice) {
        let found = notice.trouble.finding();
        let program = &self.context.program;
        self.screen.event(&watching::finding(json::finding(&found, program)));
        let reader = self.context.reader(self.screen.paint());
        self.screen
            .say(&format!("{}\n", report::finding::finding(&found, &reader).trim_end()));
    }
}

/// The word for a service that stops because of changed files.
const RESTARTS: &str = "restarts";

/// How long stopping takes before the way to hurry is shown.
const SLOW_STOP: Duration = Duration::from_secs(2);

fn without_lines(under_way: &[ServiceProgress]) -> Vec<ServiceProgress> {
    let without = |it: &ServiceProgress| ServiceProgress {
        last_line: None,
        ..it.clone()
    };
    under_way.iter().map(without).collect()
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
