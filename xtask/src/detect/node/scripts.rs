//! What a script runs in the end: `npm run dev` → its script, `concurrently` → each of its commands.

use super::{Package, packages, script_said};
use crate::detect::line::{Run, line};
use crate::detect::program::{Origin, Program};
use crate::detect::repository::{Repository, base, join};

/// Scripts that call scripts, at most.
const MAX_DEPTH: usize = 5;

/// The programs that a line runs in the end.
pub(crate) fn unfold(program: Program, repository: &Repository) -> Vec<Program> {
    one(program, &packages(repository), 0)
}

fn one(program: Program, packages: &[Package], depth: usize) -> Vec<Program> {
    let Some(parsed) = line(&program.line) else {
        return vec![program];
    };
    let directory = join(&program.directory, parsed.directory.as_deref().unwrap_or_default());
    let Run::Words(words) = parsed.run else {
        return vec![program];
    };
    if depth >= MAX_DEPTH {
        return vec![program];
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let scripts = match called(&words) {
        Some(Call::Script(call)) => script(&program, &directory, &call, packages),
        Some(Call::Workspaces(name)) => Some(workspaces(&program, name, packages)),
        Some(Call::Commands(commands)) => Some(side_by_side(&program, &directory, &commands, packages)),
        None => None,
    };
    let Some(scripts) = scripts else {
        return vec![program];
    };
    let inherited = [program.environment.clone(), parsed.environment].concat();
    let handed_on = |mut found: Program| {
        found.environment.splice(0..0, inherited.clone());
        found.port = found.port.or_else(|| program.port.clone());
        one(found, packages, depth + 1)
    };
    scripts.into_iter().flat_map(handed_on).collect()
}

/// A script that is called by its name.
struct ScriptCall<'w> {
    name: &'w str,
    arguments: Vec<&'w str>,
    /// Of `--prefix` and `--cwd`.
    directory: Option<&'w str>,
    /// Of `-w`, `--filter` and `yarn workspace`.
    package: Option<&'w str>,
}

enum Call<'w> {
    Script(ScriptCall<'w>),
    /// One script in every package.
    Workspaces(&'w str),
    /// Several lines, each with a name if it has one.
    Commands(Vec<(Option<String>, String)>),
}

fn called<'w>(words: &[&'w str]) -> Option<Call<'w>> {
    match words {
        ["turbo", "run", name, ..] | ["turbo", name, ..] | ["lerna", "run", name, ..] if !name.starts_with('-') => {
            Some(Call::Workspaces(name))
        }
        ["nx", "run-many", rest @ ..] => {
            let target = rest
                .iter()
                .find_map(|word| word.strip_prefix("--target=").or(word.strip_prefix("-t=")));
            target.map(Call::Workspaces)
        }
        ["concurrently", rest @ ..] => Some(Call::Commands(concurrently(rest))),
        ["run-p" | "run-s" | "npm-run-all" | "npm-run-all2", rest @ ..] => {
            let names = rest.iter().filter(|word| !word.starts_with('-'));
            Some(Call::Commands(
                names.map(|name| (None, format!("npm run {name}"))).collect(),
            ))
        }
        [program @ ("npm" | "pnpm" | "yarn" | "bun"), rest @ ..] => script_call(program, rest),
        _ => None,
    }
}

/// `npm run dev`, `pnpm --filter web dev`, `yarn workspace web dev`, …
fn script_call<'w>(program: &str, rest: &[&'w str]) -> Option<Call<'w>> {
    let mut call = ScriptCall {
        name: "",
        arguments: Vec::new(),
        directory: None,
        package: None,
    };
    let mut is_everywhere = false;
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let (flag, value) = word
            .split_once('=')
            .map_or((word, None), |(flag, value)| (flag, Some(value)));
        match flag {
            "--prefix" | "--cwd" | "-C" | "--dir" => call.directory = value.or_else(|| words.next()),
            "-w" | "--workspace" | "--filter" | "-F" => call.package = value.or_else(|| words.next()),
            "workspace" if program == "yarn" => call.package = words.next(),
            "-r" | "--recursive" | "--workspaces" | "-ws" => is_everywhere = true,
            "run" | "run-script" | "--" | "--bun" => {}
            flag if flag.starts_with('-') && call.name.is_empty() => {}
            _ if call.name.is_empty() => call.name = word,
            _ => call.arguments.push(word),
        }
    }
    // Anything else may be a command of the program itself, such as `install`.
    match call.name {
        "" => None,
        "install" | "ci" | "i" | "add" | "dlx" | "create" => None,
        name if is_everywhere => Some(Call::Workspaces(name)),
        _ => Some(Call::Script(call)),
    }
}

/// What a script runs; `None` if there is no such script.
fn script(program: &Program, directory: &str, call: &ScriptCall, packages: &[Package]) -> Option<Vec<Program>> {
    let directory = join(directory, call.directory.unwrap_or_default());
    let is_asked = |package: &&Package| match call.package {
        Some(name) => package.name == name || package.directory == join("", name) || base(&package.directory) == name,
        None => package.directory == directory,
    };
    let package = packages.iter().find(is_asked)?;
    if let Some(line) = package.scripts.get(call.name) {
        return Some(vec![of_script(program, package, call.name, line, &call.arguments)]);
    }
    // `yarn vite` runs a program.
    let is_program = packages.iter().any(|it| it.depends_on(call.name));
    is_program.then(|| {
        let mut found = program.clone();
        found.line = shell_words::join(std::iter::once(&call.name).chain(&call.arguments));
        found.directory.clone_from(&package.directory);
        found.environment.clear();
        found.is_script = true;
        vec![found]
    })
}

fn of_script(program: &Program, package: &Package, name: &str, line: &str, arguments: &[&str]) -> Program {
    let arguments = match arguments {
        [] => String::new(),
        arguments => format!(" {}", shell_words::join(arguments)),
    };
    let mut found = program.clone();
    found.directory.clone_from(&package.directory);
    found.line = format!("{line}{arguments}");
    found.environment.clear();
    found.is_script = true;
    let why = script_said(&package.file(), name, line);
    if !found.why.contains(&why) {
        found.why.push(why);
    }
    found
}

/// The script of every package that has it, but for the one that asks.
fn workspaces(program: &Program, name: &str, packages: &[Package]) -> Vec<Program> {
    let others = packages.iter().filter(|package| package.directory != program.directory);
    let found = others.filter_map(|package| {
        let line = package.scripts.get(name)?;
        let mut found = of_script(program, package, name, line, &[]);
        found.name = None;
        found.origin = Origin::Script;
        found.why = found.why.pop().into_iter().collect();
        Some(found)
    });
    found.collect()
}

/// The commands of `concurrently`, with the names of `-n`.
fn concurrently(rest: &[&str]) -> Vec<(Option<String>, String)> {
    let mut names: Vec<String> = Vec::new();
    let mut commands = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let (flag, value) = word
            .split_once('=')
            .map_or((*word, None), |(flag, value)| (flag, Some(value)));
        match flag {
            "-n" | "--names" => {
                let value = value.or_else(|| words.next().copied()).unwrap_or_default();
                names = value.split(',').map(|name| name.trim().to_owned()).collect();
            }
            "-c" | "--prefix-colors" | "-p" | "--prefix" | "-s" | "--success" | "--restart-tries" | "-l" => {
                if value.is_none() {
                    words.next();
                }
            }
            flag if flag.starts_with('-') => {}
            _ => commands.push((*word).to_owned()),
        }
    }
    let named = commands.into_iter().enumerate().map(|(index, command)| {
        let script = ["npm:", "pnpm:", "yarn:", "bun:"]
            .into_iter()
            .find_map(|kind| command.strip_prefix(kind));
        let name = names.get(index).filter(|name| !name.is_empty()).cloned();
        (
            name,
            script.map(|script| format!("npm run {script}")).unwrap_or(command),
        )
    });
    named.collect()
}

/// Every command, `dev:*` as each script of that kind, named after what makes it different.
fn side_by_side(
    program: &Program,
    directory: &str,
    commands: &[(Option<String>, String)],
    packages: &[Package],
) -> Vec<Program> {
    let package = packages.iter().find(|package| package.directory == directory);
    let mut found = Vec::new();
    for (name, command) in commands {
        let mut one = program.clone();
        one.directory = directory.to_owned();
        one.environment.clear();
        one.origin = one.origin.min(Origin::Runner);
        one.line.clone_from(command);
        one.name = name.clone().or_else(|| script_name(command)).or(one.name);
        let prefix = command
            .strip_prefix("npm run ")
            .and_then(|script| script.strip_suffix('*'));
        let Some((prefix, package)) = prefix.zip(package) else {
            found.push(one);
            continue;
        };
        for script in package.scripts.keys().filter(|script| script.starts_with(prefix)) {
            let mut one = one.clone();
            one.line = format!("npm run {script}");
            one.name = script_name(&one.line);
            found.push(one);
        }
    }
    found
}

/// `npm run dev:server` → `server`.
fn script_name(command: &str) -> Option<String> {
    let script = command.strip_prefix("npm run ")?.split_whitespace().next()?;
    let parts: Vec<&str> = script
        .split(':')
        .filter(|part| !["dev", "start", "watch", "serve", "run"].contains(part))
        .collect();
    let name = parts.join("-");
    (!name.is_empty() && name != "*").then_some(name)
}
