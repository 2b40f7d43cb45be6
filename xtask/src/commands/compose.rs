//! `compose`: the protocol with which Docker Compose starts and stops services of other programs.
//!
//! Source: docker/compose, docs/extension.md. Everything on stdout is a message for Compose, one JSON object a line.

mod metadata;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{CommandResult, Context, duration, exit_after_print};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::plan::{Runs, Selection, Service, own_variable};
use crate::report::json;
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::run::again;
use crate::run::health::usual_address;
use crate::run::project::Project;
use crate::run::run_status;
use crate::system::caller;

/// Let Docker Compose start and stop services of devtasks.toml, as a provider
#[derive(clap::Args)]
#[command(after_help = "\
Docker Compose calls it for a service of its file, and starts the others when that is ready:

  services:
    backend:
      provider:
        type: devtasks
    web:
      image: web
      depends_on: [backend]

`web` gets BACKEND_URL, BACKEND_HOST, BACKEND_PORT, and BACKEND_PORT_<KEY> for each port. `down` and
`stop` end that service only. `provider.options` are file, host, on-conflict and timeout.

Exit codes:
  0    done
  1    the service failed, or asks for itself in a circle
  2 to 7 and 130 as those of `up` and `down`")]
pub(crate) struct Args {
    /// The project of Compose; the services are those of this checkout, whatever its name
    #[arg(long, value_name = "NAME")]
    project_name: Option<String>,
    /// up: start the service and what it depends on, in the background, and wait until it is ready.
    /// down, stop: stop the service. metadata: print the options
    #[arg(value_enum, value_name = "up|down|stop|metadata", hide_possible_values = true)]
    action: Action,
    /// As in devtasks.toml
    #[arg(value_name = "SERVICE", required_if_eq_any([("action", "up"), ("action", "down"), ("action", "stop")]))]
    service: Option<String>,
    /// The name by which containers reach this machine, such as host.docker.internal
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// For a busy port: fail, kill (stop its owner) or next (the next free port instead)
    #[arg(long, value_name = "HOW", value_parser = metadata::ON_CONFLICT, hide_possible_values = true)]
    on_conflict: Option<String>,
    /// How long the service may take to become ready
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    Up,
    Down,
    Stop,
    Metadata,
}

/// A message to Compose.
#[derive(Serialize)]
#[serde(tag = "type", content = "message", rename_all = "lowercase")]
enum Message<'a> {
    Info(&'a str),
    Error(&'a str),
    Setenv(&'a str),
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let ended = match (args.action, args.service.as_deref()) {
        (Action::Up, Some(service)) => up(service, args, context),
        (Action::Down | Action::Stop, Some(service)) => down(service, context),
        (Action::Metadata, _) | (_, None) => {
            let printed = context.print(&json::line(&metadata::metadata()));
            return Ok(exit_after_print(printed, Exit::Done));
        }
    };
    Ok(ended.unwrap_or_else(|Diagnostics(problems)| {
        let texts = problems
            .iter()
            .map(|it| problem(it, &context.program, Paint::new(false)));
        tell(
            &Message::Error(&first_line_first(&texts.collect::<Vec<_>>().join("\n"))),
            context,
        );
        Exit::worst(problems.iter().map(|problem| problem.exit))
    }))
}

fn up(service: &str, args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    if let Some(circle) = circle(service, &project)? {
        return Err(circle.into());
    }
    let mut words = vec!["up".to_owned(), "--detach".to_owned()];
    if let Some(how) = &args.on_conflict {
        words.extend(["--on-conflict".to_owned(), how.clone()]);
    }
    if let Some(timeout) = args.timeout {
        words.extend(["--timeout".to_owned(), format!("{}ms", timeout.as_millis())]);
    }
    let exit = run_again(&words, service, context)?;
    if exit == Exit::Done {
        // With the numbers that were used in the end.
        let running = run_status::running_services(&project.checkout)?;
        let running = running.iter().find(|it| it.service.name == service);
        for variable in running.map_or(Vec::new(), |it| variables(&it.service, args.host.as_deref())) {
            tell(&Message::Setenv(&variable), context);
        }
    }
    Ok(exit)
}

/// Stops the service, unless Compose is being told to stop by that very service.
fn down(service: &str, context: &Context) -> CommandResult {
    // What is left of a project that cannot be read any more is stopped as well.
    let project = Project::find(context.file.as_deref());
    let circle = project.and_then(|project| circle(service, &project));
    if let Ok(Some(circle)) = circle {
        tell(&Message::Info(&circle.message), context);
        return Ok(Exit::Done);
    }
    run_again(&["down".to_owned()], service, context)
}

/// Why the service cannot be started for Compose: Compose itself starts it, or the service asks for itself.
///
/// # Errors
/// There is no such service, or it cannot be planned.
fn circle(name: &str, project: &Project) -> Result<Option<Diagnostic>, Diagnostics> {
    let (plan, problems) = project.plan(&Selection {
        services: vec![name.to_owned()],
        ..Selection::default()
    })?;
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let service = plan.services.iter().find(|service| service.name == name);
    Ok(service.and_then(|service| circle_of(service, &plan.checkout)))
}

fn circle_of(service: &Service, checkout: &Path) -> Option<Diagnostic> {
    let name = &service.name;
    if let Runs::Compose(compose) = &service.runs {
        let problem = Diagnostic::new(format!("`{name}` is itself service `{}` of Compose", compose.name));
        let hint = format!(
            "let the others depend on `{}` in the Compose file, without a provider",
            compose.name
        );
        return Some(problem.at(&service.command.place).hint(hint));
    }
    let asks = caller::tag()?;
    if asks.checkout != *checkout || asks.service != **name {
        return None;
    }
    let problem = Diagnostic::new(format!("`{name}` is being started, and asks Compose for itself"));
    let hint = format!("do not start Compose in the command of `{name}`, or name only other services there");
    Some(problem.at(&service.command.place).hint(hint))
}

/// What the services that depend on it get; Compose puts the service's name before each.
fn variables(service: &Service, host: Option<&str>) -> Vec<String> {
    let mut variables = Vec::new();
    let Some(main) = service.ports.first() else {
        return variables;
    };
    let address = usual_address(main);
    let own = address.ip().to_string();
    let host = host.unwrap_or(&own);
    if let Some(url) = service.url() {
        variables.push(format!("URL={}", url.replacen(&own, host, 1)));
    }
    variables.extend([format!("HOST={host}"), format!("PORT={}", main.number)]);
    for port in &service.ports {
        variables.push(format!("{}={}", own_variable(&port.key), port.number));
    }
    variables
}

/// Runs a command of ours for the service and hands on what happens: states as they change, and what went wrong.
fn run_again(words: &[String], service: &str, context: &Context) -> CommandResult {
    let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
    words.extend([service.into(), "--format".into(), "json".into()]);
    if let Some(file) = &context.file {
        words.extend(["--file".into(), file.into()]);
    }
    let ended = again::command(&context.program, &words, |line| {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        match (event["service"].as_str(), event["state"].as_str()) {
            (Some(name), Some(state)) if name == service => tell(&Message::Info(state), context),
            (Some(name), Some(state)) => tell(&Message::Info(&format!("{name} {state}")), context),
            (_, _) => {}
        }
    })?;
    let exit = ended.code.and_then(Exit::of).unwrap_or(Exit::Failed);
    if exit != Exit::Done {
        let said = match ended.stderr.trim() {
            "" => format!("`{service}`: ended with exit code {}", exit.code()),
            said => first_line_first(said),
        };
        tell(&Message::Error(&said), context);
    }
    Ok(exit)
}

/// Compose shows the first line beside the service, and all of it at the end.
fn first_line_first(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix("error: ").unwrap_or(text).to_owned()
}

fn tell(message: &Message<'_>, context: &Context) {
    // If Compose has gone, nobody is left to be told.
    let _ = context.print(&json::line(message));
}
