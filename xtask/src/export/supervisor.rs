//! A configuration file of supervisor: a program for each service, and a group of them.
//!
//! Source: supervisord.org/configuration.html, and what supervisor 4.2.5 did: ` ;` and ` #` begin a comment even inside of
//! quotes, and unknown keys are accepted in silence.

use super::gate::{self, Gated, gated, script};
use super::loss::{self, Loss};
use super::process::SearchPath;
use super::{ExportFile, Exported, Request, Target, file_name, header, shell};
use crate::config::MAX_RESTARTS;
use crate::diagnostic::Diagnostic;
use crate::plan::{Restart, Service};

const TARGET: Target = Target::Supervisor;

/// # Errors
/// As [`gated`].
pub(super) fn export(request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    let project = &request.plan.project;
    let gated = gated(request)?;
    let mut text = header(TARGET, request, "; ");
    for it in &gated {
        text.push_str(&program(it, request));
    }
    let programs: Vec<String> = gated.iter().map(|it| section(request, it.process.service)).collect();
    text.push_str(&format!(
        "\n[group:{}]\nprograms={}\n",
        file_name(project),
        programs.join(",")
    ));
    let mut losses = loss::everywhere(request, TARGET);
    losses.extend(gate::losses(&gated, request, TARGET));
    for it in &gated {
        losses.extend(restart(it.process.service));
    }
    Ok(Exported {
        files: vec![ExportFile {
            name: format!("{}.conf", file_name(project)),
            text,
            has_variables: true,
        }],
        losses,
    })
}

fn program(gated: &Gated, request: &Request) -> String {
    let service = gated.process.service;
    let (autorestart, startsecs) = match service.restart {
        // One that ends within `startsecs` is started again, whatever `autorestart` says.
        Restart::No => ("false", "0"),
        Restart::OnFailure => ("unexpected", "1"),
        Restart::Always => ("true", "1"),
    };
    let mut settings = vec![("process_name", service.name.clone())];
    settings.extend(command(gated));
    settings.extend(request.user().map(|user| ("user", user.to_owned())));
    settings.extend([
        ("autorestart", autorestart.to_owned()),
        ("startsecs", startsecs.to_owned()),
        ("startretries", MAX_RESTARTS.to_string()),
        (
            "stopsignal",
            service.stop_signal.name().trim_start_matches("SIG").to_owned(),
        ),
        (
            "stopwaitsecs",
            service.stop_grace_period.as_secs_f64().ceil().to_string(),
        ),
        ("stopasgroup", "true".to_owned()),
        ("killasgroup", "true".to_owned()),
        ("redirect_stderr", "true".to_owned()),
    ]);
    let settings = settings.iter().map(|(key, value)| format!("{key}={value}\n"));
    format!(
        "\n[program:{}]\n{}",
        section(request, service),
        settings.collect::<String>()
    )
}

/// The command, and the keys that belong to it. What the syntax cannot hold is in a script that `sh` runs.
fn command(gated: &Gated) -> Vec<(&'static str, String)> {
    let process = &gated.process;
    let directory = process.service.working_dir.display().to_string();
    let path = process.search_path.as_ref().map(|path| match path {
        SearchPath::After(first) => (first.as_str(), ":%(ENV_PATH)s"),
        SearchPath::Own(path) => (*path, ""),
    });
    let values = process.variables.iter().map(|(_, value)| *value);
    let mut values = values.chain(path.map(|(first, _)| first)).chain([directory.as_str()]);
    let are_names = process.variables.iter().all(|(name, _)| is_name(name));
    let gate = gated.gate();
    // What stands in front of it must not have its variables.
    let are_keys = gate.is_empty() && are_names && values.all(is_plain);
    let words = shell::words(process.words.iter().map(String::as_str));
    let direct = shell::without(words.clone(), is_forbidden) == words && are_keys;
    let start = match are_keys {
        true => format!("exec {words}"),
        false => script(process),
    };
    let command = match direct {
        // supervisor looks for a relative path in its own directory.
        true if process.words[0].contains('/') && !process.words[0].starts_with('/') => format!("/usr/bin/env {words}"),
        true => words,
        false => {
            let script = shell::without(format!("{gate}{start}"), is_forbidden);
            format!("/bin/sh -c {}", shell::word(&script))
        }
    };
    let mut settings = vec![("command", command.replace('%', "%%"))];
    if are_keys {
        let variables = process
            .variables
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""));
        let path = path.map(|(first, rest)| format!("PATH=\"{first}{rest}\""));
        let variables: Vec<String> = path.into_iter().chain(variables).collect();
        settings.push(("directory", process.service.working_dir.display().to_string()));
        if !variables.is_empty() {
            settings.push(("environment", variables.join(",")));
        }
    }
    settings
}

/// `environment` takes no others.
fn is_name(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(is_allowed)
}

/// `environment` and `directory` hold it as it is.
fn is_plain(value: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@+,= ".contains(letter);
    value.chars().all(is_allowed) && value.trim() == value
}

/// A line of the file ends at its end, and at what looks like a comment; other bytes than ASCII depend on the locale.
fn is_forbidden(before: &str, letter: char, after: &str) -> bool {
    let is_comment = (letter == ';' || letter == '#') && before.ends_with(char::is_whitespace);
    // Of an included file, `%(here)s` is replaced before anything else is read.
    let is_expansion = letter == '%' && after.starts_with('(');
    letter.is_control() || !letter.is_ascii() || is_comment || is_expansion
}

/// Unique among all programs of a supervisord, which several projects may share.
fn section(request: &Request, service: &Service) -> String {
    format!("{}-{}", file_name(&request.plan.project), service.name)
}

fn restart(service: &Service) -> Vec<Loss> {
    let on_failure = (service.restart == Restart::OnFailure).then(|| {
        Loss::new(
            service,
            "restart",
            "supervisor also restarts it if it ends with 0 in its first second",
        )
    });
    let with = (!service.restarts_with.is_empty()).then(|| {
        Loss::new(
            service,
            "depends_on",
            "supervisor does not restart it with what it depends on",
        )
    });
    let of_shell = service.command.is_for_shell.then(|| {
        let message = "supervisor takes it for stopped once its shell has ended, though a part of a pipe may still run";
        Loss::new(service, "shell", message)
    });
    on_failure.into_iter().chain(with).chain(of_shell).collect()
}
