//! Script format for the machine: services, events, and resulting actions.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::config::duration;
use crate::diagnose::ExitStatus;
use crate::diagnose::{Diagnosis, FailureKind};
use crate::diagnostic::Exit;
use crate::plan::{Condition, Restart};
use crate::supervise::{Action, Cause, ChangedFiles, Event, Machine, ProbeResult, Spec, UnitId};

/// Without this line, probes and counts are not shown.
const WITH_PROBES: &str = "with probes and counts";

/// Longer lines of a script are wrapped, so that the source stays within 120 columns.
const WIDTH: usize = 112;

/// Plays the events of `script` and returns it with the actual actions after the arrows.
pub(super) fn play(script: &str) -> String {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_event = |line: &&str| line.starts_with(|letter: char| letter.is_ascii_digit());
    let (head, events) = lines.split_at(lines.iter().position(is_event).expect("something happens"));
    let services = head.iter().filter(|line| **line != WITH_PROBES);
    let mut world = World {
        specs: services.flat_map(|line| line.split(';')).map(spec).collect(),
        machine: Machine::default(),
        now: Duration::ZERO,
        left: BTreeMap::new(),
        fails: BTreeMap::new(),
        with_probes: head.contains(&WITH_PROBES),
        actions: Vec::new(),
        lines: head.iter().map(|line| (*line).to_owned()).collect(),
    };
    for line in events {
        let event = line.split("->").next().unwrap_or_default().trim();
        // A line without an event is a deadline or a continuation; both are generated.
        let Some((at, what)) = event.split_once(' ') else {
            continue;
        };
        let now = Duration::from_millis(at.parse().expect("an event begins with its time"));
        assert!(world.now <= now, "`{event}` comes too late in the script");
        world.pass_time(now);
        world.follow(now, &what.split_whitespace().collect::<Vec<_>>());
        world.write(event.to_owned());
        world.now = now;
    }
    world.lines.join("\n")
}

/// The machine, and the driver that the script plays.
struct World {
    specs: Vec<Spec>,
    machine: Machine,
    /// The time of the last event.
    now: Duration,
    /// How many processes of a unit are left; `None` if they cannot be counted.
    left: BTreeMap<UnitId, Option<usize>>,
    /// Services that cannot be spawned, and the reason.
    fails: BTreeMap<String, String>,
    with_probes: bool,
    /// The machine's actions since the last line.
    actions: Vec<String>,
    lines: Vec<String>,
}

impl World {
    /// Plays every deadline before `until`.
    fn pass_time(&mut self, until: Duration) {
        while let Some(at) = self.machine.next_deadline().filter(|at| *at < until) {
            self.step(at, Event::Tick);
            let next = self.machine.next_deadline();
            assert!(
                next.is_none_or(|next| next > at),
                "a deadline that is met is over: {next:?}"
            );
            if !self.actions.is_empty() {
                self.write(at.as_millis().to_string());
            }
        }
    }

    /// Writes a line: an event or the time of a deadline, and the resulting actions.
    fn write(&mut self, cause: String) {
        let mut line = cause;
        let mut mark = " -> ";
        for action in std::mem::take(&mut self.actions) {
            if line.len() + mark.len() + action.len() > WIDTH {
                self.lines.push(std::mem::replace(&mut line, "   ".to_owned()));
                mark = " -> ";
            }
            line = line + mark + &action;
            mark = "; ";
        }
        self.lines.push(line);
    }

    fn step(&mut self, now: Duration, event: Event) {
        let mut answers = VecDeque::from([event]);
        while let Some(event) = answers.pop_front() {
            for action in self.machine.step(now, event) {
                if self.with_probes || !matches!(action, Action::Probe(_) | Action::CountProcesses(_)) {
                    self.actions.push(self.shown(&action));
                }
                answers.extend(self.answer(&action));
            }
        }
    }

    /// The driver's immediate replies.
    fn answer(&mut self, action: &Action) -> Option<Event> {
        match action {
            Action::Spawn(unit) => Some(match self.fails.get(self.name(*unit)) {
                Some(message) => Event::SpawnFailed {
                    unit: *unit,
                    message: message.clone(),
                    exit: Exit::Missing,
                },
                None => {
                    self.left.insert(*unit, Some(1));
                    Event::Spawned { unit: *unit }
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

    fn follow(&mut self, now: Duration, words: &[&str]) {
        let unit = |name: &str| self.machine.unit(name).expect("the script names units that exist");
        let probed = |name: &str, answer| Event::Probed {
            unit: unit(name),
            answer,
        };
        let event = match words {
            ["until"] => Event::Tick,
            ["begin", rest @ ..] => self.start(rest),
            ["up", rest @ ..] => return self.bring_up(now, rest),
            ["ready", name] => probed(name, ProbeResult::Passed { detail: String::new() }),
            ["unready", name, why @ ..] => probed(name, ProbeResult::Failed { detail: why.join(" ") }),
            ["unasked", name, why @ ..] => probed(name, ProbeResult::Unasked { detail: why.join(" ") }),
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
                return;
            }
            ["missing", name, why @ ..] => {
                self.fails.insert((*name).to_owned(), why.join(" "));
                return;
            }
            ["stop"] => Event::Stop { units: None },
            ["stop", names @ ..] => Event::Stop {
                units: Some(names.iter().map(|name| unit(name)).collect()),
            },
            ["restart"] => Event::Restart {
                units: self.machine.restarted_by_itself(),
            },
            ["restart", names @ ..] => {
                let units: Vec<_> = names.iter().map(|name| unit(name)).collect();
                Event::Restart {
                    units: self.machine.restarted_with(&units),
                }
            }
            ["unwatch", name] => Event::Watched {
                unit: unit(name),
                watched: false,
            },
            ["edit", name, file] => Event::FilesChanged {
                unit: unit(name),
                files: ChangedFiles {
                    names: vec![(*file).to_owned()],
                    total: 1,
                },
            },
            ["change", spec @ ..] => Event::Change {
                specs: vec![self::spec(&spec.join(" "))],
            },
            ["restarted", name] => {
                let unit = unit(name);
                self.machine.units[unit].consecutive_restarts = 1;
                return;
            }
            ["interrupt"] => Event::Interrupt,
            ["waits", name] => {
                let waits = self.machine.waiting_for(unit(name)).join(", ");
                self.actions
                    .push(if waits.is_empty() { "nothing".to_owned() } else { waits });
                return;
            }
            ["restarts", name] => {
                let restarts = self.machine.restarts(unit(name));
                self.actions.push(restarts.to_string());
                return;
            }
            ["end"] => {
                let (over, exit) = (self.machine.is_over(), self.machine.exit());
                self.actions.push(format!("over: {over}, exit {}", exit.code()));
                return;
            }
            other => panic!("unknown event {other:?}"),
        };
        self.step(now, event);
    }

    /// The named services, or all.
    fn named(&self, words: &[&str]) -> Vec<Spec> {
        let names: Vec<_> = words.iter().filter(|word| !word.contains('=')).collect();
        let specs = self.specs.iter();
        let named = specs.filter(|spec| names.is_empty() || names.contains(&&&*spec.name));
        named.cloned().collect()
    }

    fn start(&self, words: &[&str]) -> Event {
        let timeout = words.iter().find_map(|word| word.strip_prefix("timeout="));
        Event::Start {
            specs: self.named(words),
            give_up_after: timeout.map(|it| duration::parse(it).unwrap()),
        }
    }

    /// Starts services that become ready, and tasks that complete, immediately. The actions are not shown.
    fn bring_up(&mut self, now: Duration, words: &[&str]) {
        self.step(now, self.start(words));
        for spec in self.named(words) {
            if spec.task {
                self.follow(now, &["exit", &spec.name]);
            } else if spec.probed {
                self.follow(now, &["ready", &spec.name]);
            }
        }
        let actions = std::mem::take(&mut self.actions);
        let last = actions.last().map(String::as_str).unwrap_or_default();
        assert!(
            last.starts_with("batch ") && last.ends_with(" is ready"),
            "{actions:#?}"
        );
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
            Action::CountProcesses(unit) => format!("count {}", self.name(*unit)),
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
        Cause::FilesChanged(files) => format!("{} changed", files.names.join(" ")),
        Cause::Again { last, pause } => format!("{}, again in {}", why(last), pause.as_millis()),
        Cause::GaveUp { last, n_restarts } => format!("{}, gave up after {n_restarts}", why(last)),
    }
}

/// A permanent cause: another start would fail the same way.
fn port_busy() -> Diagnosis {
    Diagnosis::new(FailureKind::PortBusy)
}

/// The exit status: `0`, `1`, or `signal9` for SIGKILL; 0 if omitted.
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

/// A service, written as `web: db, api(started) grace=2s unprobed`.
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
        watched: false,
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
            None if word == "watched" => spec.watched = true,
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
