//! A program as a service: its command follows the port that devtasks hands out.
//!
//! In a command, `${PORT}` stands for the number until the service has its name.

use super::entry::{Started, background, started};
use super::follow::follow;
use super::line::{Line, Run, line, split_once_outside_quotes};
use super::listens::listens;
use super::node::{installer, packages};
use super::program::{Number, Origin, Program};
use super::repository::{Repository, join};
use super::tool::{Kind, PortForm, Role, Tool, known, tool_of};
use super::{health, vite};

/// One service or task, before it is compared with what else was found.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) origin: Origin,
    pub(crate) name: Option<String>,
    pub(crate) directory: String,
    pub(crate) run: Run,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) port: Option<Port>,
    /// A path that answers when all is well, and where that stands.
    pub(crate) health: Option<(String, String)>,
    pub(crate) why: Vec<String>,
    pub(crate) is_task: bool,
}

/// The port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) number: Number,
    /// The variable that names it; `None`: it is called after the service.
    pub(crate) variable: Option<String>,
    /// Whether the program opens another port if it is told so.
    pub(crate) follows: bool,
}

/// The services that a program is in the end; none if it is nothing that is known to run on.
pub(crate) fn candidate(program: &Program, repository: &Repository) -> Option<Candidate> {
    let parsed = line(&program.line)?;
    let directory = join(&program.directory, parsed.directory.as_deref().unwrap_or_default());
    let mut environment = [program.environment.clone(), parsed.environment].concat();
    let mut said = None;
    environment.retain(|(name, value)| {
        if name == "PORT" {
            said = said.or_else(|| value.parse().ok());
        }
        name != "PORT"
    });
    let said = said.map(|value| Number::new(value, format!("PORT={value}")));
    let said = said.or_else(|| program.port.clone());
    let mut candidate = Candidate {
        origin: program.origin,
        name: program.name.clone(),
        directory,
        run: parsed.run.clone(),
        environment,
        role: Role::Other,
        kind: Kind::Other,
        port: None,
        health: None,
        why: program.why.clone(),
        is_task: program.is_task,
    };
    match parsed.run {
        Run::Words(words) => of_words(
            &mut candidate,
            words,
            parsed.finder,
            said,
            program.is_script,
            repository,
        ),
        Run::Shell(text) if of_last(&mut candidate, &text, said.clone(), program.is_script, repository) => {}
        Run::Shell(text) => {
            candidate.port = said
                .or_else(|| mentioned_port(&text))
                .map(|number| own_port(number, &text));
            candidate.run = Run::Shell(super::line::port_replaced(&text, "${PORT}"));
            of_some(&mut candidate, &text);
        }
    }
    candidate.health = health::path(repository, &candidate);
    // An unknown program, such as `alembic`.
    if parsed.is_in_venv && candidate.kind == Kind::Other {
        candidate.kind = Kind::Python;
    }
    Some(candidate)
}

/// A known program somewhere in a line for a shell: its role and, at the end of the line, its port.
fn of_some(candidate: &mut Candidate, text: &str) {
    let words = shell_words::split(text).unwrap_or_default();
    let Some(tool) = (0..words.len()).find_map(|at| known(&words[at..])) else {
        return;
    };
    candidate.role = tool.role;
    candidate.kind = tool.kind;
    let PortForm::Flag([flag, ..]) = tool.form else {
        return;
    };
    if let Run::Shell(line) = &mut candidate.run
        && candidate.port.is_none()
        && !text.contains(['|', ';', '&'])
    {
        line.push_str(&format!(" {flag} ${{PORT}}"));
        candidate.port = tool.port.map(|number| Port {
            number: Number::new(number, format!("the default of {}", tool.title())),
            variable: None,
            follows: true,
        });
    }
}

/// Whether a line ends with a known program, as in `prisma generate && next dev`; then it is told its port.
fn of_last(
    candidate: &mut Candidate,
    text: &str,
    said: Option<Number>,
    is_script: bool,
    repository: &Repository,
) -> bool {
    let mut rest = text;
    let next = |rest| {
        ["&&", ";"]
            .into_iter()
            .find_map(|end| split_once_outside_quotes(rest, end))
    };
    while let Some((_, after)) = next(rest) {
        rest = after;
    }
    let before = &text[..text.len() - rest.len()];
    let Some(Line {
        run: Run::Words(words),
        environment,
        finder,
        ..
    }) = line(rest)
    else {
        return false;
    };
    if before.is_empty() || tool_of(&words).is_none() {
        return false;
    }
    candidate.environment.extend(environment);
    of_words(candidate, words, finder, said, is_script, repository);
    // `$PORT` before it is the same number.
    let before = super::line::port_replaced(before, "${PORT}");
    candidate.run = Run::Shell(format!("{before} {}", super::text::command(&candidate.run, None)));
    true
}

fn of_words(
    candidate: &mut Candidate,
    words: Vec<String>,
    finder: Vec<String>,
    said: Option<Number>,
    is_script: bool,
    repository: &Repository,
) {
    let tool = tool_of(&words);
    let kind = tool.map_or_else(|| kind_of(&words), |tool| tool.kind);
    let started = started(&words, &candidate.directory, kind, repository);
    let background = background(candidate, &words);
    // A server of Python is told by its flags; what its sources say is for when they are run themselves. Which source a
    // worker starts must be known, for those beside it are of servers.
    let source = match started {
        _ if tool.is_some() && kind == Kind::Python => None,
        Started::Unknown if background.is_some() => None,
        Started::Unknown => listens(repository, &candidate.directory, None, kind),
        Started::File(file) => listens(repository, &candidate.directory, Some(&file), kind),
    };
    let has_port_word = words
        .iter()
        .any(|word| word.contains("$PORT") || word.contains("${PORT"));
    candidate.kind = kind;
    let opens = source.is_some() || said.is_some() || has_port_word;
    candidate.role = role(tool, kind, source.is_some(), candidate.is_task);
    let is_meant_to_run = match candidate.origin {
        Origin::Procfile | Origin::Launch | Origin::Runner | Origin::Guess => true,
        Origin::Script => kind != Kind::Other,
        Origin::EditorTask => false,
    };
    if let Some(role) = background.filter(|_| !opens && !candidate.is_task && !has_port_of_its_own(tool))
        && is_meant_to_run
    {
        candidate.role = role;
    }
    let form = tool.map_or(PortForm::None, |tool| tool.form);
    let (mut words, written) = follow(words, form);
    let in_settings = || vite::port(repository, &candidate.directory, tool);
    let in_source = || source.as_ref().and_then(|source| source.number.clone());
    let default = || {
        let tool = tool?;
        Some(Number::new(tool.port?, format!("the default of {}", tool.title())))
    };
    let number = written
        .or(said)
        .or_else(in_settings)
        .or_else(in_source)
        .or_else(default);
    let number = number.or_else(|| has_port_word.then(|| Number::new(5000, "the first number of foreman")));
    if let PortForm::Variable(name) = form
        && name != "PORT"
    {
        candidate.environment.push((name.to_owned(), "${PORT}".to_owned()));
    }
    let source_decides = matches!(form, PortForm::Variable("PORT") | PortForm::None);
    candidate.port = number
        .filter(|_| !candidate.is_task && !matches!(candidate.role, Role::Worker | Role::Scheduler))
        .map(|number| {
            let variable = source
                .as_ref()
                .filter(|_| source_decides)
                .and_then(|source| source.variable.clone());
            let argument = source
                .as_ref()
                .filter(|_| source_decides)
                .and_then(|source| source.argument.clone());
            let follows = has_port_word
                || !source_decides
                || source.as_ref().is_none_or(|source| source.variable.is_some())
                || argument.is_some();
            words.extend(argument.into_iter().flatten());
            Port {
                number,
                variable: variable.filter(|name| name != "PORT"),
                follows,
            }
        });
    if let Some(tool) = tool {
        let missing = tool.needs.iter().filter(|word| !words.iter().any(|it| it == *word));
        let missing: Vec<String> = missing.map(|word| (*word).to_owned()).collect();
        words.extend(missing);
    }
    if (is_script || !finder.is_empty()) && runs_from_node_modules(&words[0], kind) {
        let runner = || installer(repository, &candidate.directory).runner();
        let finder: Vec<String> = match has_module(repository, &words[0]) {
            true => runner().iter().map(|word| (*word).to_owned()).collect(),
            false => finder,
        };
        words.splice(0..0, finder);
    }
    candidate.run = Run::Words(words);
}

/// A Python program without a tool of its own, or nothing known.
fn kind_of(words: &[String]) -> Kind {
    match words[0].rsplit('/').next() {
        Some(name) if name.starts_with("python") => Kind::Python,
        Some(_) | None => Kind::Other,
    }
}

fn role(tool: Option<&Tool>, kind: Kind, listens: bool, is_task: bool) -> Role {
    match tool {
        _ if is_task => Role::Other,
        // A script that opens no port is no server.
        Some(tool)
            if matches!(tool.kind, Kind::Javascript | Kind::Go | Kind::Rust) && !listens && tool.port.is_none() =>
        {
            Role::Other
        }
        Some(tool) => tool.role,
        None if kind == Kind::Python && listens => Role::Server,
        None => Role::Other,
    }
}

/// Whether a program opens a port whatever its sources say.
fn has_port_of_its_own(tool: Option<&Tool>) -> bool {
    tool.is_some_and(|tool| !matches!(tool.kind, Kind::Javascript | Kind::Go | Kind::Rust))
}

fn runs_from_node_modules(word: &str, kind: Kind) -> bool {
    (!word.contains('/') || word.starts_with('@'))
        && ![
            "node",
            "bun",
            "npm",
            "pnpm",
            "yarn",
            "npx",
            "deno",
            "docker",
            "docker-compose",
            "make",
            "sh",
            "bash",
            "go",
            "cargo",
        ]
        .contains(&word)
        && kind != Kind::Python
}

/// Whether a package of the repository lists the program, or something that brings it.
fn has_module(repository: &Repository, word: &str) -> bool {
    let brings = match word {
        "ng" => "@angular/cli",
        "nest" => "@nestjs/cli",
        "nuxi" => "nuxt",
        "tsc" => "typescript",
        "react-router" => "@react-router/dev",
        "remix" => "@remix-run/dev",
        "docusaurus" => "@docusaurus/core",
        "craco" => "@craco/craco",
        "vue-cli-service" => "@vue/cli-service",
        "rsbuild" => "@rsbuild/core",
        "webpack" => "webpack-cli",
        "tailwindcss" => "@tailwindcss/cli",
        "strapi" => "@strapi/strapi",
        word => word,
    };
    // `react-email` brings `email`.
    let has_part = |name: &String| name.split(['@', '/', '-']).any(|part| part == word);
    packages(repository).iter().any(|package| {
        package.depends_on(brings) || package.depends_on(word) || package.dependencies.iter().any(has_part)
    })
}

/// `--port 8000` and the like in a line for a shell.
fn mentioned_port(text: &str) -> Option<Number> {
    let pattern = regex_lite::Regex::new(r"(?:--port[ =]|-p |runserver (?:[\d.]+:)?|\bPORT=|:)(\d{4,5})\b")
        .expect("it is a pattern");
    let found = pattern.captures(text)?;
    Some(Number::new(
        found.get(1)?.as_str().parse().ok()?,
        found.get(0)?.as_str().trim(),
    ))
}

/// Of a line for a shell: it follows if it reads PORT.
fn own_port(number: Number, text: &str) -> Port {
    Port {
        number,
        variable: None,
        follows: text.contains("$PORT") || text.contains("${PORT"),
    }
}
