//! Asks Compose for the containers of a service, and runs its other commands.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::answer::{self, Answer, complaint};
use super::observe::find_program;
use crate::config::Protocol;
use crate::plan::{ComposeService, Environment};
use crate::process::compose::{ComposeContainer, ComposeProblem, PROGRAMS, containers, declared};

/// How long Compose may take to answer a question. An engine that is starting takes seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The option that names a project.
const PROJECT_NAME: &str = "--project-name";

/// A program that speaks for Compose, and the service that it is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Compose {
    /// `docker compose`.
    program: Vec<String>,
    path: PathBuf,
    /// Options that stand before each command.
    options: Vec<OsString>,
    service: String,
    /// There is no Compose file to look at.
    knows_only_project: bool,
    directory: PathBuf,
    environment: Environment,
}

impl Compose {
    /// The first program that answers, with the containers of the service.
    ///
    /// # Errors
    /// None does, or the first one that is there rejects the file or the service.
    pub(crate) fn find(
        service: &ComposeService,
        directory: &Path,
        environment: &Environment,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<(Compose, Vec<ComposeContainer>), ComposeProblem> {
        let file = service.file.iter();
        let options = file.flat_map(|file| ["--file".into(), file.into()]).collect();
        Compose::first(&service.name, options, directory, environment, is_wanted)
    }

    /// The same for a project that is known by its name: without its file, and without the variables in that.
    ///
    /// # Errors
    /// No program answers.
    pub(crate) fn find_project(
        project: &str,
        service: &str,
        environment: &Environment,
    ) -> Result<(Compose, Vec<ComposeContainer>), ComposeProblem> {
        let options = vec![PROJECT_NAME.into(), project.into()];
        // Where no Compose file is found, the labels of the containers count.
        Compose::first(service, options, Path::new("/"), environment, &|| true)
    }

    fn first(
        service: &str,
        options: Vec<OsString>,
        directory: &Path,
        environment: &Environment,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<(Compose, Vec<ComposeContainer>), ComposeProblem> {
        let mut first_problem = None;
        for program in PROGRAMS {
            let Ok(path) = find_program(program[0], directory, environment) else {
                continue;
            };
            let compose = Compose {
                program: program.iter().map(|word| (*word).to_owned()).collect(),
                path,
                options: options.clone(),
                service: service.to_owned(),
                knows_only_project: options.first().is_some_and(|option| option == PROJECT_NAME),
                directory: directory.to_owned(),
                environment: environment.clone(),
            };
            let problem = match compose.containers(is_wanted) {
                Ok(containers) => return Ok((compose, containers)),
                Err(None) => return Err(compose.no_engine("no answer in 10 s")),
                Err(Some(said)) => compose.problem(&said, is_wanted),
            };
            first_problem = first_problem.or(problem);
        }
        Err(first_problem.unwrap_or(ComposeProblem::NotInstalled))
    }

    /// As the user types it: `docker compose`.
    pub(crate) fn name(&self) -> String {
        self.program.join(" ")
    }

    /// The containers of the service.
    ///
    /// # Errors
    /// What Compose says instead; `None` if it does not answer in time.
    pub(crate) fn containers(&self, is_wanted: &dyn Fn() -> bool) -> Result<Vec<ComposeContainer>, Option<String>> {
        let words = ["ps", "--all", "--format", "json", &self.service];
        let answer = self.ask(&words, ANSWER_TIMEOUT, is_wanted).ok_or(None)?;
        let found = containers(&answer.stdout).filter(|_| answer.is_success());
        found.ok_or_else(|| {
            Some(match answer.is_success() {
                true => format!("`{} ps` answers in a form that is not known", self.name()),
                false => answer.stderr,
            })
        })
    }

    /// The ports that the file gives to the service; `None` if unknown.
    pub(crate) fn declared(&self, is_wanted: &dyn Fn() -> bool) -> Option<Vec<(u16, Protocol)>> {
        let answer = self.ask(
            &["config", "--format", "json", &self.service],
            ANSWER_TIMEOUT,
            is_wanted,
        );
        declared(&answer.filter(|answer| answer.is_success())?.stdout, &self.service)
    }

    /// Why `ps` failed; `None` if the program does not know Compose.
    fn problem(&self, said: &str, is_wanted: &dyn Fn() -> bool) -> Option<ComposeProblem> {
        let version = self
            .ask(&["version"], ANSWER_TIMEOUT, is_wanted)
            .is_some_and(|answer| answer.is_success());
        if !version {
            return None;
        }
        // `podman compose` may be podman-compose, and `docker-compose` of version 1.
        let help = self.ask(&["ps", "--help"], ANSWER_TIMEOUT, is_wanted);
        let knows = |option: &str| help.as_ref().is_none_or(|help| help.stdout.contains(option));
        if !knows("--all") || !knows("--format") {
            return Some(ComposeProblem::Incompatible { program: self.name() });
        }
        let refused = |said: &str, known: Vec<String>| ComposeProblem::Refused {
            program: self.name(),
            said: complaint(said).into(),
            known,
        };
        if self.knows_only_project {
            return Some(self.no_engine(said));
        }
        // This needs no engine.
        Some(match self.ask(&["config", "--services"], ANSWER_TIMEOUT, is_wanted) {
            Some(answer) if !answer.is_success() => refused(&answer.stderr, Vec::new()),
            Some(answer) => {
                let known: Vec<String> = answer.stdout.lines().map(str::to_owned).collect();
                match said.contains("no such service") {
                    true => refused(said, known),
                    false => self.no_engine(said),
                }
            }
            None => self.no_engine(said),
        })
    }

    fn no_engine(&self, said: &str) -> ComposeProblem {
        ComposeProblem::NoEngine {
            program: self.name(),
            said: complaint(said).into(),
        }
    }

    /// Runs a command for the service, such as `stop`.
    ///
    /// # Errors
    /// What Compose says against it.
    pub(crate) fn run(&self, word: &str, patience: Duration) -> Result<(), String> {
        match self.ask(&[word, &self.service], patience, &|| true) {
            Some(answer) if answer.is_success() => Ok(()),
            Some(answer) => Err(complaint(&answer.stderr).to_owned()),
            None => Err(format!("no answer in {} s", patience.as_secs())),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.program[1..])
            .args(&self.options)
            .args(words)
            .env_clear()
            .envs(&self.environment)
            // Its log would begin lines with control characters.
            .env("COMPOSE_ANSI", "never")
            .current_dir(&self.directory);
        command
    }

    /// A command for the service; its output is ours, its input is empty. It should end with us.
    pub(crate) fn service_command(&self, words: &[&str]) -> Command {
        let mut command = self.command(words);
        command.arg(&self.service).stdin(Stdio::null());
        command
    }

    /// `None` if there is no answer in time, or it is no longer wanted.
    fn ask(&self, words: &[&str], patience: Duration, is_wanted: &dyn Fn() -> bool) -> Option<Answer> {
        answer::ask(&mut self.command(words), patience, is_wanted).ok()
    }
}
