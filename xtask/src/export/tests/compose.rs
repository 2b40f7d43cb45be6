//! Compose files.

mod rest;

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Compose,
        expect![[r#"
            lost: migrate, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, command: `uvicorn` listens on 127.0.0.1, which is the container itself there: add `--host 0.0.0.0`
            lost: worker, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, restart: Compose does not restart it when it is unhealthy
            lost: worker, restart: Compose does not restart it when it is unhealthy
        "#]],
    );
}

#[test]
fn what_yaml_or_compose_would_read_differently_is_escaped() {
    check(
        Target::Compose,
        r#"
        [services.nasty]
        command = ["./show", "two\nlines", "", "it's", "$PORT $${X}", "yes", "\\", "ä\u0001", "- a: b #c \"q\""]
        working_dir = "a $$b"
        environment = { TEXT = "$$HOME\n", NO = "no", PATH = "/opt/bin" }
        [export.compose]
        image = "a$b"
        build = "."
        "#,
        expect![[r#"
            === compose.yaml, for its owner
            # Made by `devtasks export compose` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export compose` again.
            name: app
            services:
              nasty:
                build: ".."
                image: "a$$b"
                command:
                  - "./show"
                  - "two\nlines"
                  - ""
                  - "it's"
                  - "$$PORT $${X}"
                  - "yes"
                  - "\\"
                  - "ä\x01"
                  - "- a: b #c \"q\""
                working_dir: "/app/a $$b"
                init: true
                environment:
                  PATH: /opt/bin
                  "NO": "no"
                  TEXT: "$$HOME\n"
        "#]],
    );
}
