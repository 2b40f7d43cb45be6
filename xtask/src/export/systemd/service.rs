//! The unit of a service or a task.

use std::time::Duration;

use super::syntax::{UnitText, is_quotable, is_variable, quoted};
use super::{Manager, Stack, commands, sandbox};
use crate::config::MAX_RESTARTS;
use crate::diagnostic::{Diagnostic, Exit};
use crate::export::process::{Process, SearchPath};
use crate::plan::{Condition, Restart, Runs, Service, StopSignal};

/// Between two starts.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// The first start and as many restarts as `up` tries in a row, within the time after which `up` forgets them if a service
/// was ready for ten seconds each time.
const STARTS: (u32, Duration) = (1 + MAX_RESTARTS, Duration::from_secs(60));

/// A start again does not help: no permission (126) or no such program (127), from `env` or a shell; no such directory
/// (200) or no such program (203), from systemd.
///
/// Source: POSIX.1-2024, `env`, "Exit Status"; systemd.exec(5), "Process Exit Codes".
const PERMANENT: &str = "126 127 200 203";

/// What systemd cannot hold.
pub(super) fn refused(process: &Process) -> Vec<Diagnostic> {
    let service = process.service;
    let refused = process.variables.iter().filter(|(name, _)| !is_variable(name));
    let refused = refused.map(|(name, _)| {
        let (service, name) = (&service.name, name.escape_debug());
        let problem =
            format!("systemd would drop variable `{name}` of `{service}`: its name is not made of A-Z, a-z, 0-9 and _");
        Diagnostic::new(problem).hint("give the variable another name")
    });
    let directory = service.working_dir.display().to_string();
    let unquotable = (!is_quotable(&directory)).then(|| {
        let problem = format!(
            "the working directory `{}` cannot be written in a unit",
            directory.escape_debug()
        );
        Diagnostic::new(problem).at(&service.working_dir_place)
    });
    refused
        .chain(unquotable)
        .map(|problem| problem.exit(Exit::Usage))
        .collect()
}

/// The whole `PATH`, if the project sets it.
pub(super) fn own_path<'a>(process: &Process<'a>) -> Option<&'a str> {
    match process.search_path {
        Some(SearchPath::Own(path)) => Some(path),
        Some(SearchPath::After(_)) | None => None,
    }
}

pub(super) fn description(stack: &Stack, of: &str) -> String {
    quoted(&format!("{}: {of}", stack.request.plan.project))
}

pub(super) fn unit(stack: &Stack, process: &Process) -> String {
    let service = process.service;
    let mut unit = UnitText::default();
    unit.section("Unit");
    unit.set("Description", description(stack, &service.name));
    relations(&mut unit, stack, service);
    if service.restart != Restart::No {
        let (burst, interval) = STARTS;
        unit.set("StartLimitIntervalSec", seconds(interval));
        unit.set("StartLimitBurst", burst);
    }
    unit.section("Service");
    unit.set("Type", if service.task { "oneshot" } else { "exec" });
    if service.task {
        unit.set("RemainAfterExit", "yes");
    }
    if stack.manager == Manager::System {
        // Without a user, systemd sets no HOME.
        unit.set("User", stack.request.user().unwrap_or("root"));
    }
    unit.set("WorkingDirectory", quoted(&service.working_dir.display().to_string()));
    let env_file = stack.names.env_file(&service.name);
    unit.set("EnvironmentFile", format!("{}/{env_file}", stack.manager.directory()));
    unit.set("SyslogIdentifier", stack.names.plain(&service.name));
    for command in commands::before(stack, process) {
        unit.set("ExecStartPre", command);
    }
    unit.set("ExecStart", commands::by_env(process, &process.words));
    if let Some(command) = commands::until_ready(process) {
        unit.set("ExecStartPost", command);
    }
    if !service.task {
        unit.set("TimeoutStartSec", seconds(start_timeout(stack, service)));
    }
    stop(&mut unit, service);
    restart(&mut unit, service.restart);
    sandbox::set(&mut unit, stack, process);
    unit.text()
}

fn relations(unit: &mut UnitText, stack: &Stack, service: &Service) {
    let of = |name: &String| stack.names.unit(name);
    unit.set("PartOf", stack.names.target());
    // It is stopped and started again with these, after a crash too.
    for name in &service.restarts_with {
        unit.set("PartOf", of(name));
    }
    if service.listen {
        let socket = stack.names.socket(&service.name);
        unit.set("Requires", &socket);
        unit.set("After", socket);
    }
    for (name, condition) in &service.depends_on {
        let dependency = stack.request.plan.services.iter().find(|it| it.name == *name);
        if dependency.is_some_and(|it| it.runs == Runs::External) {
            continue;
        }
        let key = match condition {
            Condition::Completed => "Requires",
            Condition::Healthy | Condition::Started => "Wants",
        };
        unit.set(key, of(name));
        unit.set("After", of(name));
    }
    match (&service.runs, stack.manager) {
        (Runs::Compose(_), Manager::System) => unit.set("After", "network.target docker.service"),
        (Runs::Command | Runs::External, Manager::System) => unit.set("After", "network.target"),
        // A user's systemd does not know the units of the machine.
        (_, Manager::User) => {}
    }
}

/// Of each command of the start. A wait for an external service has a limit of its own.
fn start_timeout(stack: &Stack, service: &Service) -> Duration {
    let outside = stack
        .request
        .plan
        .services
        .iter()
        .filter(|it| it.runs == Runs::External);
    let waits = outside.filter(|it| service.depends_on.iter().any(|(name, _)| *name == it.name));
    let longest = waits.map(|it| it.start_period + Duration::from_secs(1)).max();
    longest.unwrap_or_default().max(service.start_period)
}

/// All processes of the unit get the signal, and after the grace period SIGKILL, as with `down`.
fn stop(unit: &mut UnitText, service: &Service) {
    // A process that ends by one of the first three has stopped cleanly; a shell or a wrapper says so with a code.
    let (is_clean, code) = match service.stop_signal {
        StopSignal::Hup => (true, 129),
        StopSignal::Int => (true, 130),
        StopSignal::Term => (true, 143),
        StopSignal::Quit => (false, 131),
        StopSignal::Kill => (false, 137),
        StopSignal::Usr1 => (false, 138),
        StopSignal::Usr2 => (false, 140),
    };
    let signal = service.stop_signal.name();
    unit.set("KillSignal", signal);
    unit.set("TimeoutStopSec", seconds(service.stop_grace_period));
    match is_clean {
        // A task that was stopped has not completed.
        _ if service.task => {}
        true => unit.set("SuccessExitStatus", code),
        false => unit.set("SuccessExitStatus", format!("{code} {signal}")),
    }
}

fn restart(unit: &mut UnitText, restart: Restart) {
    let restart = match restart {
        Restart::No => return,
        Restart::OnFailure => "on-failure",
        Restart::Always => "always",
    };
    unit.set("Restart", restart);
    unit.set("RestartSec", seconds(RESTART_PAUSE));
    unit.set("RestartPreventExitStatus", PERMANENT);
}

/// A number of seconds. Zero would mean that there is no limit.
fn seconds(duration: Duration) -> f64 {
    duration.max(Duration::from_millis(1)).as_secs_f64()
}
