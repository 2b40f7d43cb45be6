//! Services whose command asks a container engine, which must answer. Those with `compose` are judged by
//! [`compose`](crate::preflight::compose).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Platform};
use crate::plan::{Plan, Runs, Service};
use crate::ports::{Finding, Subject};
use crate::process::arguments::program;

/// Whether the engine answers that a service asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineFact {
    /// `docker` or `podman`.
    pub(crate) program: &'static str,
    /// Or what the program says instead.
    pub(crate) answers: Result<(), String>,
}

/// The engine's program that a command calls, and the word that names it.
pub(crate) fn called(service: &Service) -> Option<(&'static str, &str)> {
    if service.runs != Runs::Command {
        return None;
    }
    let words = service.command.parts();
    let command = match service.command.is_for_shell {
        // Anywhere in the line.
        true => &words[..],
        false => &words[..words.len().min(1)],
    };
    command.iter().copied().find_map(|word| {
        let engine = ["docker", "podman"].into_iter().find(|it| program(word) == *it);
        Some((engine?, word))
    })
}

pub(super) fn unreachable(plan: &Plan, facts: &BTreeMap<String, EngineFact>) -> Vec<Finding> {
    let services = plan.services.iter().filter_map(|service| {
        let EngineFact { program, answers } = facts.get(&service.name)?;
        let said = answers.as_ref().err()?;
        let message = format!(
            "`{}` needs a container engine, and none answers `{program}`: {said}",
            service.name
        );
        let finding = Diagnostic::new(message)
            .code(Code::EngineUnreachable)
            .exit(Exit::Missing)
            .at(&service.command.place)
            .hint(start(program))
            .hint(format!("or see with `{program} version` which engine is asked"));
        Some(finding.about(Subject::service(&service.name)))
    });
    services.collect()
}

/// How the engine is started.
pub(crate) fn start(program: &str) -> Hint {
    match program.starts_with("podman") {
        true => Hint::from("start Podman's service with `systemctl --user start podman.socket`")
            .on(Platform::MacOs, "start Podman's machine with `podman machine start`")
            .on(Platform::Windows, "start Podman's machine with `podman machine start`"),
        false => Hint::from("start Docker Desktop, or the engine with `sudo systemctl start docker`")
            .on(
                Platform::MacOs,
                "start Docker with `open -a Docker`, OrbStack with `open -a OrbStack`, or Colima with `colima start`",
            )
            .on(
                Platform::Windows,
                "start Docker Desktop or Rancher Desktop; `docker context ls` shows which one is asked",
            ),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::planned::planned;

    #[track_caller]
    fn check(service: &str, expected: Option<&str>) {
        let plan = planned(Path::new("/shop"), &format!("[services.db]\n{service}"));
        assert_eq!(
            called(&plan.services[0]).map(|(engine, _)| engine),
            expected,
            "{service}"
        );
    }

    #[test]
    fn a_command_that_calls_an_engine_is_known() {
        check("command = 'docker run --rm redis:7'", Some("docker"));
        check("command = '/usr/bin/podman run redis'", Some("podman"));
        check("command = 'cd db && docker compose up'\nshell = true", Some("docker"));
        check("command = 'serve docker'", None);
        check("command = 'docker-machine ls'", None);
        check("compose = 'db'", None);
    }

    #[test]
    fn one_that_does_not_answer_is_a_failure_with_what_it_said() {
        let plan = planned(Path::new("/shop"), "[services.db]\ncommand = 'docker run redis'");
        let found = |answers| {
            let fact = EngineFact {
                program: "docker",
                answers,
            };
            unreachable(&plan, &BTreeMap::from([("db".to_owned(), fact)]))
        };
        assert_eq!(found(Ok(())), []);
        let told = found(Err("Cannot connect to the Docker daemon".to_owned()));
        assert_eq!(
            told[0].message,
            "`db` needs a container engine, and none answers `docker`: Cannot connect to the Docker daemon"
        );
        assert_eq!(told[0].place.as_ref().map(|place| place.line), Some(2));
    }
}
