//! An ecosystem file of PM2: an app for each service.
//!
//! Source: pm2.keymetrics.io/docs/usage/application-declaration, the schema that PM2 7 brings, and what it did. It is a
//! `.cjs` file, because a package with `"type": "module"` reads `.js` as another kind of module.

use super::gate::{self, Gated, gated, script};
use super::loss::{self, Loss};
use super::process::{Process, SearchPath};
use super::{ExportFile, Exported, Request, Target, header, quoted};
use crate::config::MAX_RESTARTS;
use crate::diagnostic::Diagnostic;
use crate::plan::{Restart, Service, StopSignal};

const TARGET: Target = Target::Pm2;

/// Starts a program that is looked for in the `PATH` of the app.
const ENV: &str = "/usr/bin/env";

/// The exit code of the shell around a service that has ended well, which `stop_exit_codes` names. Not 0: PM2 takes the end
/// by a signal for 0. Source: what PM2 7.0.4 did after `kill -9`.
const ENDED_WELL: u8 = 79;

/// # Errors
/// As [`gated`].
pub(super) fn export(request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    let gated = gated(request)?;
    let apps: String = gated.iter().map(|it| app(it, request)).collect();
    let text = format!(
        "{}module.exports = {{\n  apps: [\n{apps}  ],\n}};\n",
        header(TARGET, request, "// ")
    );
    let mut losses = loss::everywhere(request, TARGET);
    losses.extend(gate::losses(&gated, request, TARGET));
    losses.extend(gated.iter().flat_map(|it| own_losses(it.process.service)));
    Ok(Exported {
        files: vec![ExportFile {
            name: "ecosystem.config.cjs".to_owned(),
            text,
            has_variables: true,
        }],
        losses,
    })
}

/// An element of the list, in JavaScript: strings are those of JSON.
fn app(gated: &Gated, request: &Request) -> String {
    let process = &gated.process;
    let service = process.service;
    let (started, args) = command(gated);
    let args: Vec<String> = args.iter().map(|word| quoted(word)).collect();
    // A script sets them itself, behind what stands in front.
    let environment = if started == ENV {
        environment(process)
    } else {
        String::new()
    };
    let mut settings = vec![
        ("name", quoted(&format!("{}-{}", request.plan.project, service.name))),
        ("namespace", quoted(&request.plan.project)),
        ("cwd", quoted(&service.working_dir.display().to_string())),
        ("script", quoted(started)),
        ("args", format!("[{}]", args.join(", "))),
        ("interpreter", quoted("none")),
        ("env", format!("{{\n{environment}      }}")),
        ("autorestart", (service.restart != Restart::No).to_string()),
        ("kill_timeout", service.stop_grace_period.as_millis().to_string()),
    ];
    match service.restart {
        Restart::No => {}
        // Without a growing pause: with one, PM2 shows a service that has ended for good as `waiting restart`.
        Restart::OnFailure => settings.push(("stop_exit_codes", format!("[{ENDED_WELL}]"))),
        Restart::Always => settings.push(("exp_backoff_restart_delay", "100".to_owned())),
    }
    if service.restart != Restart::No {
        settings.extend([
            ("max_restarts", MAX_RESTARTS.to_string()),
            ("min_uptime", quoted("10s")),
        ]);
    }
    settings.extend(request.user().map(|user| ("uid", quoted(user))));
    let settings = settings.iter().map(|(key, value)| format!("      {key}: {value},\n"));
    format!("    {{\n{}    }},\n", settings.collect::<String>())
}

/// The variables, a line each.
fn environment(process: &Process) -> String {
    let path = process.search_path.as_ref().map(|path| match path {
        SearchPath::After(first) => format!("{} + process.env.PATH", quoted(&format!("{first}:"))),
        SearchPath::Own(path) => quoted(path),
    });
    let path = path.map(|path| format!("        PATH: {path},\n"));
    let variables = process.variables.iter();
    let variables = variables.map(|(name, value)| format!("        {}: {},\n", quoted(name), quoted(value)));
    path.into_iter().chain(variables).collect()
}

/// What is started, and its arguments. PM2 itself looks for programs neither in `env.PATH` nor in `cwd`.
fn command(gated: &Gated) -> (&'static str, Vec<String>) {
    let process = &gated.process;
    let gate = gated.gate();
    let is_on_failure = process.service.restart == Restart::OnFailure;
    if gate.is_empty() && !is_on_failure {
        return (ENV, process.words.clone());
    }
    let start = script(process);
    let start = match is_on_failure {
        true => format!("( {start} ); code=$?; [ $code -ne 0 ] || exit {ENDED_WELL}; exit $code"),
        false => start,
    };
    ("/bin/sh", vec!["-c".to_owned(), format!("{gate}{start}")])
}

fn own_losses(service: &Service) -> Vec<Loss> {
    let signal = (service.stop_signal != StopSignal::Int).then(|| {
        let message = "PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started";
        Loss::new(service, "stop_signal", message)
    });
    let with = (!service.restarts_with.is_empty())
        .then(|| Loss::new(service, "depends_on", "PM2 does not restart it with what it depends on"));
    signal.into_iter().chain(with).collect()
}
