//! Tasks that install what a fresh clone lacks: they cost nothing when nothing has changed.

use super::line::Run;
use super::node;
use super::proposal::{Process, Proposal, Runs, Task};
use super::repository::{Repository, base, join, upwards};

/// Adds the tasks, and makes the services wait for them.
pub(crate) fn add(proposal: &mut Proposal, repository: &Repository) {
    let mut tasks: Vec<Task> = Vec::new();
    for service in &mut proposal.services {
        let Runs::Command(process) = &service.runs else {
            continue;
        };
        let Some((directory, line, why)) = install(process, repository) else {
            continue;
        };
        let name = name_of(&directory, &line, &tasks);
        service.depends_on.insert(0, name.clone());
        if !tasks.iter().any(|task| task.name == name) {
            let process = Process {
                run: Run::Shell(line),
                directory,
                venv: None,
            };
            tasks.push(Task {
                name,
                why: vec![why],
                process,
                environment: Vec::new(),
                depends_on: Vec::new(),
            });
        }
    }
    proposal.tasks.splice(0..0, tasks);
}

/// Where it runs, the command line, and why.
fn install(process: &Process, repository: &Repository) -> Option<(String, String, String)> {
    let words: Vec<&str> = match &process.run {
        Run::Words(words) => words.iter().map(String::as_str).collect(),
        Run::Shell(text) => text.split_whitespace().collect(),
    };
    let runs = |programs: &[&str]| words.iter().any(|word| programs.contains(word));
    let has = |directory: &str, file: &str| repository.has(&join(directory, file));
    if runs(&["npx", "node", "npm", "pnpm", "yarn", "bun", "bunx", "nodemon", "tsx"]) {
        let home = upwards(&process.directory).find(|above| has(above, "package.json"))?;
        let installer = node::installer(repository, home);
        let is_needed = node::packages(repository)
            .iter()
            .any(|package| package.directory == home && !package.dependencies.is_empty());
        let lock = installer.lock.unwrap_or("package.json");
        let why = format!(
            "{}, whenever {} is newer than what it installed",
            installer.install(),
            join(&installer.directory, lock)
        );
        return is_needed.then(|| (installer.directory.clone(), installer.install_if_needed(), why));
    }
    if runs(&["bundle", "bin/rails"]) {
        let home = upwards(&process.directory).find(|above| has(above, "Gemfile"))?;
        return Some((
            home.to_owned(),
            "bundle check || bundle install".to_owned(),
            join(home, "Gemfile"),
        ));
    }
    if runs(&["php"]) {
        let home = upwards(&process.directory).find(|above| has(above, "composer.json"))?;
        let lock = if has(home, "composer.lock") {
            "composer.lock"
        } else {
            "composer.json"
        };
        let line =
            format!("test vendor/autoload.php -nt {lock} || {{ composer install && touch vendor/autoload.php; }}");
        return Some((
            home.to_owned(),
            line,
            format!(
                "composer install, whenever {} is newer than what it installed",
                join(home, lock)
            ),
        ));
    }
    None
}

/// `install`, or `install-frontend`.
fn name_of(directory: &str, line: &str, tasks: &[Task]) -> String {
    let is_it = |task: &&Task| task.process.directory == directory && task.process.run == Run::Shell(line.to_owned());
    if let Some(known) = tasks.iter().find(is_it) {
        return known.name.clone();
    }
    let own = match directory {
        "" => "install".to_owned(),
        directory => format!("install-{}", super::naming::name(base(directory))),
    };
    let programs = ["npm", "pnpm", "yarn", "bun", "bundle", "composer"].into_iter();
    let by_program = programs
        .filter(|program| line.contains(program))
        .map(|program| format!("{own}-{program}"));
    let numbered = (2..).map(|n| format!("{own}-{n}"));
    let mut names = std::iter::once(own.clone()).chain(by_program).chain(numbered);
    names
        .find(|name| !tasks.iter().any(|task| task.name == *name))
        .expect("there is always another number")
}
