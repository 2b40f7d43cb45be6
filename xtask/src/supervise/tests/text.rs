//! Scripts for the machine, and what it does, as text.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::duration;
use crate::plan::{Condition, Restart};
use crate::supervise::diagnosis::{Diagnosis, FailureKind};
use crate::supervise::{Action, Cause, Event, ExitStatus, Machine, ProbeResult, Spec, UnitId};

/// Plays `events` and returns the actions, one a line with the time in milliseconds. Probes and sweeps are left out,
/// unless the script begins with `all`.
pub(super) fn play(services: &str, events: &str) -> String {
    let mut world = World {
        specs: services
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(spec)
            .collect(),
        machine: Machine::default(),
        left: BTreeMap::new(),
        fails: BTreeMap::new(),
        seen: Vec::new(),
        all: false,
    };
    for line in events.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "all" {
            world.all = true;
            continue;
        }
        let (at, what) = line.split_once(' ').unwrap_or((line, "until"));
        world.pass_time(Duration::from_millis(
            at.parse().expect("an event begins with its time"),
        ));
        let at = Duration::from_millis(at.parse().unwrap());
        let words: Vec<&str> = what.split_whitespace().collect();
        if let Some(event) = world.event(&words) {
            world.step(at, event);
        }
    }
    world.seen.join("\n")
}

struct World {
    specs: Vec<Spec>,
    machine: Machine,
    /// Processes that a sweep finds, by unit.
    /// `None`: they cannot be counted.
    left: BTreeMap<UnitId, Option<usize>>,
    /// Units that cannot be spawned.
    fails: BTreeMap<String, String>,
    seen: Vec<String>,
    all: bool,
}

impl World {
    /// Meets every deadline up to `until`.
    fn pass_time(&mut self, until: Duration) {
        while let Some(at) = self.machine.next_deadline().filter(|at| *at < until) {
            self.step(at, Event::Tick);
            let next = self.machine.next_deadline();
            assert!(
                next.is_none_or(|next| next > at),
                "a deadline that is met is over: {next:?}"
            );
        }
    }

    fn step(&mut self, now: Duration, event: Event) {
        let mut answers = std::collections::VecDeque::from([event]);
        while let Some(event) = answers.pop_front() {
            for action in self.machine.step(now, event) {
                if self.all || !matches!(action, Action::Probe(_) | Action::CountProcesses(_)) {
                    let line = self.shown(&action);
                    self.seen.push(format!("{} {line}", now.as_millis()));
                }
                answers.extend(self.answer(&action));
            }
        }
    }

    /// What the driver would answer at once.
    fn answer(&mut self, action: &Action) -> Option<Event> {
        match action {
            Action::Spawn(unit) => Some(match self.fails.get(self.name(*unit)) {
                Some(message) => Event::SpawnFailed {
                    unit: *unit,
                    message: message.clone(),
                    exit: crate::diagnostic::Exit::Missing,
                },
                None => {
                    self.left.insert(*unit, Some(1));
                    Event::Spawned { unit: *unit, pid: 1 }
                }
            }),
            Action::CountProcesses(unit) => Some(Event::Swept {
                unit: *unit,
                left: self
                    .left
                    .get(unit)
                    .map_or(Ok(0), |left| left.ok_or_else(|| "too many open files".to_owned())),
            }),
            Action::Probe(_) | Action::Terminate(_) | Action::Kill(_) => None,
            Action::Announce { .. } | Action::Settled { .. } => None,
        }
    }

    fn event(&mut self, words: &[&str]) -> Option<Event> {
        let unit = |name: &str| self.machine.unit(name).expect("the script names units that exist");
        Some(match words {
            ["until"] => Event::Tick,
            ["begin", rest @ ..] => self.start(rest),
            ["ready", name] => Event::Probed {
                unit: unit(name),
                answer: ProbeResult::Passed { detail: String::new() },
            },
            ["unready", name, why @ ..] => Event::Probed {
                unit: unit(name),
                answer: ProbeResult::Failed { detail: why.join(" ") },
            },
            ["unasked", name, why @ ..] => Event::Probed {
                unit: unit(name),
                answer: ProbeResult::Unasked { detail: why.join(" ") },
            },
            ["exit", name, rest @ ..] => {
                let unit = unit(name);
                let left = rest.iter().find_map(|word| word.strip_prefix("left="));
                self.left.insert(unit, left.map_or(Some(0), |left| left.parse().ok()));
                Event::Exited {
                    unit,
                    status: status(rest.first().copied().filter(|word| !word.starts_with("left="))),
                    diagnosis: rest.contains(&"busy").then(port_busy),
                }
            }
            ["gone", name] => {
                let unit = unit(name);
                self.left.insert(unit, Some(0));
                return None;
            }
            ["missing", name, why @ ..] => {
                self.fails.insert((*name).to_owned(), why.join(" "));
                return None;
            }
            ["stop"] => Event::Stop { units: None },
            ["stop", names @ ..] => Event::Stop {
                units: Some(names.iter().map(|name| unit(name)).collect()),
            },
            ["restart", names @ ..] => {
                let units: Vec<_> = names.iter().map(|name| unit(name)).collect();
                Event::Restart {
                    units: match units.as_slice() {
                        [] => self.machine.restarted_by_itself(),
                        units => self.machine.restarted_with(units),
                    },
                }
            }
            ["change", spec @ ..] => Event::Change {
                specs: vec![self::spec(&spec.join(" "))],
            },
            // Its first restart, which comes at once, has been.
            ["restarted", name] => {
                let unit = unit(name);
                self.machine.units[unit].consecutive_restarts = 1;
                return None;
            }
            ["interrupt"] => Event::Interrupt,
            ["waits", name] => {
                let waits = self.machine.waiting_for(unit(name)).join(", ");
                self.seen.push(format!("{name} waits for [{waits}]"));
                return None;
            }
            ["restarts", name] => {
                let restarts = self.machine.restarts(unit(name));
                self.seen.push(format!("{name} was restarted {restarts} times"));
                return None;
            }
            ["end"] => {
                let (over, exit) = (self.machine.is_over(), self.machine.exit());
                self.seen.push(format!("over: {over}, exit {}", exit.code()));
                return None;
            }
            other => panic!("unknown event {other:?}"),
        })
    }

    fn start(&self, words: &[&str]) -> Event {
        let timeout = words.iter().find_map(|word| word.strip_prefix("timeout="));
        let names: Vec<_> = words.iter().filter(|word| !word.contains('=')).collect();
        let specs = self
            .specs
            .iter()
            .filter(|spec| names.is_empty() || names.contains(&&&*spec.name));
        Event::Start {
            specs: specs.cloned().collect(),
            give_up_after: timeout.map(|it| duration::parse(it).unwrap()),
        }
    }

    fn name(&self, unit: UnitId) -> &str {
        let name = self
            .specs
            .iter()
            .find(|spec| self.machine.unit(&spec.name) == Some(unit));
        &name.expect("units come from specs").name
    }

    fn shown(&self, action: &Action) -> String {
        match action {
            Action::Spawn(unit) => format!("spawn {}", self.name(*unit)),
            Action::Probe(unit) => format!("probe {}", self.name(*unit)),
            Action::Terminate(unit) => format!("terminate {}", self.name(*unit)),
            Action::Kill(unit) => format!("kill {}", self.name(*unit)),
            Action::CountProcesses(unit) => format!("sweep {}", self.name(*unit)),
            Action::Announce { unit, state, cause } => {
                let cause = cause.as_ref().map(|cause| format!(": {}", why(cause)));
                format!("{} {}{}", self.name(*unit), state.name(), cause.unwrap_or_default())
            }
            Action::Settled { batch, ready: true } => format!("batch {batch} is ready"),
            Action::Settled { batch, ready: false } => format!("batch {batch} has failed"),
        }
    }
}

fn why(cause: &Cause) -> String {
    match cause {
        Cause::Exited {
            status,
            after,
            before_ready,
            diagnosis: _,
        } => {
            let how = match (status.code, status.signal) {
                (Some(code), _) => format!("code {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => "unknown".to_owned(),
            };
            let when = if *before_ready { " before ready" } else { "" };
            format!("{how} after {}{when}", after.as_millis())
        }
        Cause::NotReady { after, detail } => format!("not ready after {}: {detail}", after.as_millis()),
        Cause::NotSpawned { message, .. } => message.clone(),
        Cause::Dependency { name } => format!("without {name}"),
        Cause::Unhealthy { detail } => detail.clone(),
        Cause::Survived { left } => format!("{left} survived"),
        Cause::Unverified { detail } => format!("unverified: {detail}"),
        Cause::Again { last, pause } => format!("{}, again in {}", why(last), pause.as_millis()),
        Cause::GaveUp { last, n_restarts } => format!("{}, gave up after {n_restarts}", why(last)),
    }
}

/// A cause that another start would meet again.
fn port_busy() -> Diagnosis {
    Diagnosis {
        kind: FailureKind::PortBusy,
        evidence: String::new(),
        exit: crate::diagnostic::Exit::PortBusy,
        hints: Vec::new(),
    }
}

/// `0`, `1`, `SIGKILL` as `signal9`; 0 if nothing is said.
fn status(word: Option<&str>) -> ExitStatus {
    let word = word.unwrap_or("0");
    match word.strip_prefix("signal") {
        Some(signal) => ExitStatus {
            code: None,
            signal: signal.parse().ok(),
        },
        None => ExitStatus {
            code: Some(word.parse().expect("an exit code")),
            signal: None,
        },
    }
}

/// `web: db, api(started) grace=2s unprobed`.
fn spec(line: &str) -> Spec {
    let (name, rest) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
    let mut spec = Spec {
        name: name.to_owned(),
        task: false,
        depends_on: Vec::new(),
        restarts_with: Vec::new(),
        probed: true,
        interval: None,
        retries: 1,
        start_period: Duration::from_secs(60),
        restart: Restart::No,
        grace: Duration::from_secs(10),
    };
    for word in rest.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word.split_once('=') {
            Some(("grace", value)) => spec.grace = duration::parse(value).unwrap(),
            Some(("start", value)) => spec.start_period = duration::parse(value).unwrap(),
            Some(("restart", "on-failure")) => spec.restart = Restart::OnFailure,
            Some(("restart", "always")) => spec.restart = Restart::Always,
            Some(("interval", value)) => spec.interval = duration::parse(value).ok(),
            Some(("retries", value)) => spec.retries = value.parse().unwrap(),
            Some((other, _)) => panic!("unknown option {other}"),
            None if word == "unprobed" => spec.probed = false,
            None if word == "task" => spec.task = true,
            None => {
                let (name, how) = word.trim_end_matches(')').split_once('(').unwrap_or((word, ""));
                let mut condition = Condition::Healthy;
                for how in how.split('+').filter(|how| !how.is_empty()) {
                    match how {
                        "started" => condition = Condition::Started,
                        "completed" => condition = Condition::Completed,
                        "restart" => spec.restarts_with.push(name.to_owned()),
                        other => panic!("unknown condition {other}"),
                    }
                }
                spec.depends_on.push((name.to_owned(), condition));
            }
        }
    }
    spec
}
