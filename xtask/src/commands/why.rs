//! `why`: explains the state of one service and how it got there.

use std::path::Path;

use crate::commands::{CommandResult, Context, exit_after_print, lost_ports};
use crate::diagnostic::{Exit, Hint};
use crate::plan::{Plan, Restart, Selection, Service};
use crate::protocol::{Explanation, ServiceStatus};
use crate::report;
use crate::report::why::{Reason, Why};
use crate::report::{cause, failure};
use crate::run::logs::{EndedService, ended};
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::{Cause, State};
use crate::system::clock::wall;
use crate::system::runs::StateDir;

/// Explain a service's state: what it waits for, its health, last exit and next retry
#[derive(clap::Args)]
#[command(after_help = "\
Asks the running stack. If none runs, it says how the service ended in the last run, by the files of `logs`.

Examples:
  devtasks why backend
  devtasks why backend --format json

Exit codes:
  0    it was explained, whatever the state is
  1    the running `up` does not answer
  2    wrong usage, or devtasks.toml is wrong")]
pub(crate) struct Args {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let asked = Selection {
        services: vec![args.service.clone()],
        ..Selection::default()
    };
    // The plan rejects unknown names. Other problems in it do not matter here.
    let (plan, _) = project.plan(&asked)?;
    let service = plan.services.iter().find(|service| service.name == args.service);
    let why = match run_status::why(&project.checkout, &args.service)? {
        Some(why) => explain(*why, service),
        None => match run_status::run(&project.checkout) {
            Some(run) => not_running(&plan, service, &args.service, Some(run)),
            None => match last_end(&project.checkout, &args.service) {
                Some(ended) => explain_end(ended, &plan, service, &args.service),
                None => not_running(&plan, service, &args.service, None),
            },
        },
    };
    let text = match context.json {
        true => report::why::json(&why, &context.program),
        false => report::why::text(&why, wall(), &context.program, context.paint()),
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

/// The service is not part of `run`, or nothing runs.
fn not_running(plan: &Plan, service: Option<&Service>, name: &str, run: Option<String>) -> Why {
    let stopped = ServiceStatus::stopped(service.expect("the plan holds what was asked for"));
    Why {
        project: plan.project.clone(),
        checkout: plan.checkout.clone(),
        reason: run.as_ref().map(|_| Reason {
            code: None,
            message: "it is not part of the running stack".to_owned(),
            evidence: Vec::new(),
        }),
        run,
        last_run: None,
        restart: service.map_or(Restart::No, |service| service.restart),
        service: stopped,
        answers: Vec::new(),
        next_try_at: None,
        now: Vec::new(),
        hints: vec![Hint::run("start it with", format!("up {name}"))],
    }
}

/// How the service ended in the last run, if it had a part in that.
fn last_end(checkout: &Path, name: &str) -> Option<EndedService> {
    let directory = StateDir::existing(checkout)?;
    // One that is just starting or ending has not ended.
    let is_over = directory.live_run().is_ok_and(|run| run.is_none());
    is_over.then(|| ended(&directory.logs(), name)).flatten()
}

fn explain_end(ended: EndedService, plan: &Plan, planned: Option<&Service>, name: &str) -> Why {
    let (since, last) = ended.state.map_or((ended.at, None), |(at, last)| (at, Some(last)));
    let over = last.as_ref().filter(|last| last.state.is_over());
    let cause = over.and_then(|last| last.cause.clone());
    let mut why = not_running(plan, planned, name, None);
    why.last_run = Some(ended.run);
    why.service.state = over.map_or(State::Stopped, |last| last.state);
    why.service.since = Some(if over.is_some() { since } else { ended.at });
    why.service.exit = ended.exit;
    why.reason = match (&cause, over) {
        (Some(cause), _) => Some(reason(cause, &ended.tail)),
        (None, Some(_)) => None,
        (None, None) => Some(Reason {
            code: None,
            message: "its supervisor was killed, which ended the run".to_owned(),
            evidence: failure::last_lines(&ended.tail),
        }),
    };
    if let (Some(cause), Some(planned)) = (&cause, planned) {
        let advice = cause.advice(planned, &plan.checkout);
        let again = Hint::run("start it again with", format!("up {name}"));
        why.hints = if advice.is_empty() { vec![again] } else { advice };
    }
    why.hints.extend(cause.as_ref().and_then(read_more));
    why.service.cause = cause;
    why
}

fn explain(why: Explanation, planned: Option<&Service>) -> Why {
    let Explanation { record, service, .. } = why;
    let ports = lost_ports::now(&service, &record);
    let is_down = service.state.is_over() || service.state == State::Backoff;
    let tail = if is_down { why.tail.as_slice() } else { &[] };
    let mut hints = match (&service.cause, planned) {
        (Some(cause), Some(planned)) => cause.advice(planned, &record.checkout),
        (_, None) | (None, _) => Vec::new(),
    };
    hints.extend(ports.hints);
    if service.state.is_over() && (hints.is_empty() || ports.is_taken) {
        let when = if ports.is_taken { " once the port is free" } else { "" };
        hints.push(Hint::run("start it again with", format!("up {}", service.name)).then(when));
    }
    hints.extend(service.cause.as_ref().and_then(read_more));
    Why {
        project: record.project,
        checkout: record.checkout,
        run: Some(record.run),
        last_run: None,
        reason: service.cause.as_ref().map(|cause| reason(cause, tail)),
        service,
        answers: why.answers,
        restart: why.restart,
        next_try_at: why.next_try_at,
        now: ports.facts,
        hints,
    }
}

fn reason(cause: &Cause, tail: &[String]) -> Reason {
    Reason {
        code: code(cause),
        message: cause::cause(cause),
        evidence: failure::evidence(cause, tail),
    }
}

/// The code of the diagnosis, if there is one.
fn code(cause: &Cause) -> Option<&'static str> {
    cause.diagnosis().map(|it| it.kind.code())
}

fn read_more(cause: &Cause) -> Option<Hint> {
    code(cause).map(|code| Hint::run("read more with", format!("explain {code}")))
}
