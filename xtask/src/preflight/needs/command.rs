//! Findings about the command of a service: it must be found, be executable, and need no shell.

use std::path::is_separator;

use super::{command_path, home, is_in_home, missing};
use crate::diagnostic::{Code, Hint, Level};
use crate::plan::{Plan, Service, ShellSyntax, VenvInputs};
use crate::ports::{Finding, Subject};
use crate::preflight::CommandFact;

pub(super) fn command(plan: &Plan, service: &Service, fact: &CommandFact) -> Option<Finding> {
    let word = &service.command.words[0];
    let place = &service.command.place;
    let syntax = service.command.shell_syntax.as_ref();
    if let Some(syntax) = syntax.filter(|_| matches!(fact, CommandFact::NotFound { .. })) {
        let message = format!("command `{word}` was not found, and `{}` is for a shell", syntax.found);
        let finding = missing(Code::CommandNotFound, message, place).hint(without_shell(syntax));
        return Some(finding.about(Subject::service(&service.name)));
    }
    let finding = match fact {
        CommandFact::Found(_) => {
            let syntax = syntax?;
            let message = format!("`{}` is for a shell; here it is passed on as an argument", syntax.found);
            let finding = missing(Code::CommandShellSyntax, message, place).hint(without_shell(syntax));
            finding.level(Level::Warn)
        }
        CommandFact::NotFound { near } => {
            let message = format!("command `{word}` was not found");
            missing(Code::CommandNotFound, message, place).hint(find_it(plan, service, word, near.as_deref()))
        }
        CommandFact::NotExecutable(path) => {
            let message = format!("command `{word}` is not executable");
            missing(Code::CommandNotExecutable, message, place)
                .hint(format!("run `chmod +x {}`", command_path(plan, path, place)))
        }
        CommandFact::InterpreterMissing { script, interpreter } => {
            let (script, interpreter) = (script.display(), interpreter.display());
            let message = format!("command `{script}` cannot run: its interpreter `{interpreter}` does not exist");
            missing(Code::CommandNotExecutable, message, place)
                .hint(format!("install it again, or correct the first line of `{script}`"))
        }
    };
    Some(finding.about(Subject::service(&service.name)))
}

/// A command whose first word is no program: `cd`, `source`, `PORT=8000`. Some systems have a program `cd`, which changes
/// nothing for the others.
pub(super) fn for_a_shell(service: &Service) -> Option<Finding> {
    let syntax = service
        .command
        .shell_syntax
        .as_ref()
        .filter(|syntax| syntax.cannot_run)?;
    let message = format!("`{}` is for a shell, and `command` is run without one", syntax.found);
    let finding = missing(Code::CommandNotFound, message, &service.command.place).hint(without_shell(syntax));
    Some(finding.about(Subject::service(&service.name)))
}

/// The lines to write instead, or the key that asks for a shell.
fn without_shell(syntax: &ShellSyntax) -> String {
    match &syntax.instead {
        Some(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| format!("`{line}`")).collect();
            format!("write {}", and(&lines))
        }
        None => "add `shell = true`, which runs the command in a shell".to_owned(),
    }
}

fn and(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Programs that are well known by these names: they are missing, and no other one is meant.
pub(crate) const TOOLS: [&str; 22] = [
    "node", "npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx", "deno", "uv", "uvx", "poetry", "pipenv", "go",
    "cargo", "ruby", "bundle", "java", "php", "composer", "docker", "podman",
];

/// The hint for a command that was not found. A mistyped name may be that of a harmful package, so none is installed by
/// its name.
fn find_it(plan: &Plan, service: &Service, word: &str, near: Option<&str>) -> Hint {
    if is_in_home(word) {
        return home(word);
    }
    if let Some(near) = near {
        return format!("did you mean `{near}`?").into();
    }
    if word.contains(is_separator) {
        let directory = super::relative(plan, &service.working_dir);
        return match directory.as_str() {
            "" => format!("correct the path `{word}`, which begins at the project's directory").into(),
            directory => format!("correct the path `{word}`, which begins at `{directory}`").into(),
        };
    }
    if TOOLS.contains(&word) {
        let more = match word {
            "pnpm" | "yarn" => ", for example with `corepack enable`, which comes with Node.js",
            _ => "",
        };
        return format!("install `{word}`{more}").into();
    }
    let name = &service.name;
    let Some(venv) = &service.venv else {
        return format!("install `{word}`, correct `command` of `{name}`, or set `venv` if it lives in one").into();
    };
    let list = match &venv.inputs {
        VenvInputs::Unknown => None,
        VenvInputs::Requirements(files) => files.last().cloned(),
        VenvInputs::Project(directory) => Some(directory.join("pyproject.toml")),
    };
    match (&venv.name, list) {
        (Some(venv), Some(list)) => {
            let list = super::relative(plan, &list);
            let text =
                format!("correct `command` of `{name}`, or list the package that has `{word}` in `{list}` and type");
            Hint::run(&text, format!("venv sync {venv}"))
        }
        (_, _) => {
            let venv = super::relative(plan, &venv.path);
            format!("install the package that has `{word}` into venv `{venv}`, or correct `command` of `{name}`").into()
        }
    }
}
