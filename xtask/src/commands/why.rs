//! `why`: what is known of one service and how it came into its state.

use crate::commands::{CommandResult, Context, exit_after_print, lost_ports};
use crate::diagnostic::{Exit, Hint};
use crate::plan::{self, Selection};
use crate::report;
use crate::report::status::HealthStatus;
use crate::report::why::{Answer, Reason, WhyDocument};
use crate::report::{advice, cause, failure, json, status};
use crate::supervise::State;
use crate::world::clock::wall;
use crate::world::control;
use crate::world::project::Project;
use crate::world::run_status;

/// Explain a service's state: what it waits for, its health, its last exit, the next retry
#[derive(clap::Args)]
#[command(after_help = "\
Asks the running stack. If none runs, it says so.

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
    // Names that do not exist are the plan's to refuse. What else is wrong in it does not keep it from being explained.
    let (plan, _) = project.plan(&asked)?;
    let service = plan.services.iter().find(|service| service.name == args.service);
    let why = match run_status::why(&project.checkout, &args.service)? {
        Some(why) => why_document(*why, service, context),
        None => {
            let run = run_status::run(&project.checkout);
            WhyDocument {
                schema_version: json::SCHEMA_VERSION,
                project: plan.project.clone(),
                checkout: plan.checkout.display().to_string(),
                reason: run.as_ref().map(|_| Reason {
                    message: "it is not part of the running stack".to_owned(),
                    evidence: Vec::new(),
                }),
                run,
                name: args.service.clone(),
                state: State::Stopped,
                pid: None,
                since: None,
                waiting_for: Vec::new(),
                answers: Vec::new(),
                exit: None,
                restart: service.map_or("no", |service| service.restart.name()),
                restarts: 0,
                next_try_at: None,
                now: Vec::new(),
                hints: json::hints(
                    &[Hint::run("start it with", format!("up {}", args.service))],
                    &context.program,
                ),
            }
        }
    };
    let text = match context.json {
        true => json::line(&why),
        false => report::why::text(&why, wall(), context.paint()),
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

fn why_document(why: control::Explanation, planned: Option<&plan::Service>, context: &Context) -> WhyDocument {
    let control::Explanation { record, service, .. } = why;
    let ports = lost_ports::now(&service, &record);
    let exit = service.exit.as_ref();
    let reason = service.cause.as_ref();
    let is_down = service.state.is_over() || service.state == State::Backoff;
    let tail = if is_down { why.tail.as_slice() } else { &[] };
    let mut hints = match (reason, planned) {
        (Some(reason), Some(planned)) => advice::advice(planned, reason, &record.checkout),
        (_, None) | (None, _) => Vec::new(),
    };
    hints.extend(ports.hints);
    if service.state.is_over() && (hints.is_empty() || ports.is_taken) {
        let when = if ports.is_taken { " once the port is free" } else { "" };
        hints.push(Hint::run("start it again with", format!("up {}", service.name)).then(when));
    }
    WhyDocument {
        schema_version: json::SCHEMA_VERSION,
        project: record.project,
        checkout: record.checkout.display().to_string(),
        run: Some(record.run),
        state: service.state,
        pid: service.pid,
        since: Some(service.since),
        answers: why.answers.into_iter().map(answer).collect(),
        exit: exit.map(|exit| status::Ended {
            code: exit.status.code,
            signal: exit.status.signal,
            cause: exit.cause.as_ref().map(cause::cause),
            at: exit.at,
        }),
        reason: reason.map(|reason| Reason {
            message: cause::cause(reason),
            evidence: failure::evidence(reason, tail),
        }),
        restart: why.restart.name(),
        restarts: service.restarts,
        next_try_at: why.next_try_at,
        name: service.name,
        waiting_for: service.waiting_for,
        now: ports.facts,
        hints: json::hints(&hints, &context.program),
    }
}

fn answer(answered: control::ProbeRecord) -> Answer {
    Answer {
        at: answered.at,
        times: answered.times,
        status: match answered.probed.passed {
            true => HealthStatus::Ok,
            false => HealthStatus::Failing,
        },
        detail: answered.probed.detail,
    }
}
