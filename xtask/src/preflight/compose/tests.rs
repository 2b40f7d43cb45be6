//! What Compose says → findings as text.

use expect_test::{Expect, expect};
use std::path::PathBuf;

use super::unusable;
use crate::diagnostic::Platform;
use crate::plan::ComposeService;
use crate::process::compose::ComposeProblem;

#[track_caller]
fn check(problem: &ComposeProblem, expected: &Expect) {
    let service = ComposeService {
        name: "postgers".to_owned(),
        file: Some(PathBuf::from("/shop/ops/compose.yaml")),
        stop_timeout: None,
    };
    let found = unusable(&service, problem);
    let mut lines = vec![format!(
        "{} {}: {}",
        found.exit.code(),
        found.code.name(),
        found.message
    )];
    lines.extend(
        found
            .hints
            .iter()
            .map(|hint| format!("hint: {}", hint.render_on(Platform::Linux, "devtasks"))),
    );
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_machine_without_compose_is_told_what_to_install() {
    check(
        &ComposeProblem::NotInstalled,
        &expect![[r#"
        5 command.not_found: neither `docker compose`, `podman compose` nor `docker-compose` was found
        hint: install Docker with its Compose plugin, or Podman with `docker-compose`
        hint: or set `external = true` in place of `compose`, if somebody else runs it"#]],
    );
}

#[test]
fn an_engine_that_does_not_answer_is_to_be_started() {
    let said = || "failed to connect to the docker API at unix:///var/run/docker.sock".into();
    for program in ["docker compose", "podman compose"] {
        let problem = ComposeProblem::NoEngine {
            program: program.to_owned(),
            said: said(),
        };
        let expected = match program {
            "docker compose" => expect![[r#"
                5 command.not_found: no container engine answers `docker compose`: failed to connect to the docker API at unix:///var/run/docker.sock
                hint: start Docker Desktop, or the engine with `sudo systemctl start docker`
                hint: or check the permission and `DOCKER_HOST`, if it runs: `docker version` asks the same engine"#]],
            _ => expect![[r#"
                5 command.not_found: no container engine answers `podman compose`: failed to connect to the docker API at unix:///var/run/docker.sock
                hint: start Podman's service with `systemctl --user start podman.socket`
                hint: or check the permission and `DOCKER_HOST`, if it runs: `docker version` asks the same engine"#]],
        };
        check(&problem, &expected);
    }
}

#[test]
fn another_program_of_that_name_is_told_from_an_engine_that_is_down() {
    let problem = ComposeProblem::Incompatible {
        program: "podman compose".to_owned(),
    };
    check(
        &problem,
        &expect![[r#"
        5 command.not_found: `podman compose` has no `ps --all --format json`: it is too old, or another program
        hint: install Docker Compose 2 or newer as `docker-compose`, which Podman uses as well"#]],
    );
}

#[test]
fn what_compose_refuses_is_handed_on() {
    let refused = |said: &str, known: &[&str]| ComposeProblem::Refused {
        program: "docker compose".to_owned(),
        said: said.into(),
        known: known.iter().map(|name| (*name).to_owned()).collect(),
    };
    let said = "no such service: postgers";
    check(
        &refused(said, &["redis", "postgres"]),
        &expect![[r#"
        2 compose.invalid: `docker compose` refuses service `postgers`: no such service: postgers
        hint: did you mean `postgres`?"#]],
    );
    check(
        &refused(said, &["redis", "web"]),
        &expect![[r#"
        2 compose.invalid: `docker compose` refuses service `postgers`: no such service: postgers
        hint: name one of its services: redis, web"#]],
    );
    check(
        &refused("yaml: line 3: mapping values are not allowed", &[]),
        &expect![[r#"
            2 compose.invalid: `docker compose` refuses service `postgers`: yaml: line 3: mapping values are not allowed
            hint: look at the whole message with `docker compose --file /shop/ops/compose.yaml config`"#]],
    );
}

#[test]
fn an_engine_is_started_as_its_system_does() {
    let service = ComposeService {
        name: "postgres".to_owned(),
        file: None,
        stop_timeout: None,
    };
    let mut told = String::new();
    for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
        for program in ["docker compose", "podman compose"] {
            let problem = ComposeProblem::NoEngine {
                program: program.to_owned(),
                said: "".into(),
            };
            let hint = unusable(&service, &problem).hints[0].render_on(platform, "");
            told.push_str(&format!("{platform:?}: {hint}\n"));
        }
    }
    expect![[r#"
        Linux: start Docker Desktop, or the engine with `sudo systemctl start docker`
        Linux: start Podman's service with `systemctl --user start podman.socket`
        MacOs: start Docker with `open -a Docker`, OrbStack with `open -a OrbStack`, or Colima with `colima start`
        MacOs: start Podman's machine with `podman machine start`
        Windows: start Docker Desktop or Rancher Desktop; `docker context ls` shows which one is asked
        Windows: start Podman's machine with `podman machine start`
    "#]]
    .assert_eq(&told);
}
