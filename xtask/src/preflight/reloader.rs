//! Commands that restart themselves when a file changes, so that `watch` would restart them a second time.

use std::ffi::OsStr;

use crate::diagnostic::{Code, Diagnostic, Exit, Level};
use crate::plan::{Plan, Service};
use crate::ports::{Finding, Subject};
use crate::process::arguments::program;

/// What makes a program a reloader.
struct Rule {
    program: &'static str,
    /// One of these arguments; any if empty.
    with: &'static [&'static str],
    /// None of these.
    without: &'static [&'static str],
}

const fn rule(program: &'static str, with: &'static [&'static str]) -> Rule {
    Rule {
        program,
        with,
        without: &[],
    }
}

impl Rule {
    const fn unless(self, without: &'static [&'static str]) -> Self {
        Rule { without, ..self }
    }
}

/// Sources: the help of each program.
const RULES: &[Rule] = &[
    rule("uvicorn", &["--reload"]),
    rule("hypercorn", &["--reload"]),
    rule("gunicorn", &["--reload"]),
    rule("granian", &["--reload"]),
    rule("litestar", &["--reload", "-r"]),
    rule("sanic", &["--reload", "-r", "--auto-reload", "--dev", "-d"]),
    rule("quart", &["--debug", "--reload"]),
    rule("flask", &["--debug", "--reload"]).unless(&["--no-reload"]),
    rule("fastapi", &["dev"]).unless(&["--no-reload"]),
    rule("manage.py", &["runserver"]).unless(&["--noreload"]),
    rule("django-admin", &["runserver"]).unless(&["--noreload"]),
    rule("watchfiles", &[]),
    rule("watchmedo", &[]),
    rule("jurigged", &[]),
    rule("nodemon", &[]),
    rule("vite", &[]).unless(&["build", "preview", "optimize"]),
    rule("next", &["dev"]),
    rule("nuxt", &["dev"]),
    rule("nuxi", &["dev"]),
    rule("astro", &["dev"]),
    rule("remix", &["dev", "vite:dev"]),
    rule("gatsby", &["develop"]),
    rule("ng", &["serve"]),
    rule("webpack", &["serve", "--watch", "-w"]),
    rule("webpack-dev-server", &[]),
    rule("vue-cli-service", &["serve"]),
    rule("react-scripts", &["start"]),
    rule("nest", &["--watch", "-w"]),
    rule("wrangler", &["dev"]),
    rule("tsx", &["watch", "--watch"]),
    rule("ts-node-dev", &[]),
    rule("tsnd", &[]),
    rule("node-dev", &[]),
    rule("node", &["--watch", "--watch-path"]),
    rule("bun", &["--watch", "--hot"]),
    rule("deno", &["--watch", "--watch-hmr"]),
    rule("cargo", &["watch"]),
    rule("cargo-watch", &[]),
    rule("trunk", &["serve"]),
    rule("bacon", &[]),
    rule("air", &[]),
    rule("wgo", &[]),
    rule("watchexec", &[]),
    rule("entr", &[]),
    rule("reflex", &[]),
    rule("dotnet", &["watch"]),
];

/// Programs that run another one, which is their first argument that is neither an option, a variable nor one of these
/// words.
const RUNNERS: &[(&str, &[&str])] = &[
    ("env", &[]),
    ("exec", &[]),
    ("nice", &[]),
    ("cross-env", &[]),
    ("dotenv", &[]),
    ("npx", &[]),
    ("bunx", &[]),
    ("pnpm", &["exec", "dlx"]),
    ("yarn", &["exec", "dlx"]),
    ("npm", &["exec"]),
    ("bun", &["x"]),
    ("uv", &["run"]),
    ("uvx", &[]),
    ("poetry", &["run"]),
    ("pipenv", &["run"]),
    ("pdm", &["run"]),
    ("node", &[]),
];

/// What makes a service restart itself, as it is written: `uvicorn --reload`, `nodemon`, `FLASK_DEBUG`.
pub(crate) fn reloader(service: &Service) -> Option<String> {
    let words = &service.command.words;
    let in_shell = words.last().filter(|_| service.command.is_for_shell);
    let split = in_shell.and_then(|text| shell_words::split(text).ok());
    let words = split.as_ref().unwrap_or(words);
    // In a shell, each command of the line.
    let commands = words.split(|word| ["&&", "||", ";", "|", "&"].contains(&word.as_str()));
    let mut found = commands.filter_map(|command| by_command(command, service));
    found.next()
}

fn by_command(words: &[String], service: &Service) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let name = program(first);
    if is_option(first) || is_variable(first) {
        return by_command(rest, service);
    }
    let is_set = |option: &str| rest.iter().any(|word| word.split('=').next() == Some(option));
    for rule in RULES.iter().filter(|rule| rule.program == name) {
        let with = rule.with.iter().find(|option| is_set(option));
        if rule.without.iter().any(|option| is_set(option)) {
            return None;
        }
        match (with, rule.with) {
            (Some(option), _) => return Some(format!("{name} {option}")),
            (None, []) => return Some(name.to_owned()),
            (None, _) if name == "flask" && is_debugged(service) => return Some("FLASK_DEBUG".to_owned()),
            (None, _) => {}
        }
    }
    if name.starts_with("python") {
        // Its other options may have values.
        let module = rest.iter().position(|word| word == "-m").map(|at| at + 1);
        let script = || rest.iter().position(|word| word.ends_with(".py"));
        return by_command(&rest[module.or_else(script)?..], service);
    }
    let (_, skipped) = RUNNERS.iter().find(|(runner, _)| *runner == name)?;
    let behind = rest
        .iter()
        .position(|word| !is_option(word) && !is_variable(word) && !skipped.contains(&word.as_str()))?;
    by_command(&rest[behind..], service)
}

fn is_option(word: &str) -> bool {
    word.starts_with('-')
}

fn is_variable(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

/// Source: Flask, `get_debug_flag`.
fn is_debugged(service: &Service) -> bool {
    let value = service.environment.get(OsStr::new("FLASK_DEBUG"));
    let value = value.map(|value| value.to_string_lossy().to_lowercase());
    value.is_some_and(|value| !["", "0", "false", "no"].contains(&value.as_str()))
}

/// A remark for each service whose `watch` has no effect.
pub(crate) fn reloaders(plan: &Plan) -> impl Iterator<Item = Finding> {
    plan.services.iter().filter_map(|service| {
        let watch = service.watch.as_ref()?;
        let reloader = reloader(service)?;
        let message = format!("`watch` has no effect: `{reloader}` restarts `{}` itself", service.name);
        let (program, option) = reloader.split_once(' ').unwrap_or((reloader.as_str(), ""));
        let instead = match option {
            option if option.starts_with('-') => format!("remove `watch`, or `{option}` after `{program}`"),
            _ => "remove `watch`".to_owned(),
        };
        let finding = Diagnostic::new(message).code(Code::WatchReloader).level(Level::Warn);
        let finding = finding.exit(Exit::Done).at(&watch.place).hint(instead);
        Some(finding.about(Subject::service(&service.name)))
    })
}

#[cfg(test)]
mod tests;
