//! The environment of a service, and the values of `${…}`.

use expect_test::expect;
use std::path::Path;

use crate::expected::Expected;

use super::{check, dedent, of_this_system};
use crate::plan::{Environment, without_cargo};

#[test]
fn environment_of_a_later_layer_wins() {
    check(
        r#"
        [project]
        env_file = ["one.env", "two.env"]

        [services.api]
        command = "api"
        port = "${F:-8000}"
        env_file = ["own.env", "last.env"]
        environment = { E = "environment", F = "environment", PORT = "environment", PORT_MAIN = "environment" }
        "#,
        "
        $ B=calling
        $ C=calling
        $ E=calling
        one.env: A=one
        one.env: B=one
        one.env: G=one
        two.env: A=two
        two.env: C=two
        two.env: D=two
        own.env: C=own
        own.env: D=own
        own.env: E=own
        own.env: G=own
        last.env: D=last
        last.env: F=1
        ",
        "",
        expect![[r#"
            api: api
              A=two
              B=calling
              C=own
              D=last
              E=environment
              F=1
              G=own
              PORT=1
              PORT_MAIN=1
              env file /shop/one.env
              env file /shop/two.env
              env file /shop/own.env
              env file /shop/last.env
              port main 1 by F"#]],
    );
}

#[test]
fn the_calling_environment_beats_env_files_while_variables_are_filled_in() {
    check(
        r#"
        [services.api]
        command = "${A} ${B} ${C} ${D:-default} ${E:-${A}} '$$F' ${G:+yes}"
        env_file = "own.env"
        environment = { A = "not this", TEXT = "a=${A} b=${B}" }
        "#,
        "
        $ A=calling
        $ G=
        .env: A=project
        .env: B=project
        .env: C=project
        own.env: A=own
        own.env: B=own
        ",
        "",
        expect![[r#"
            api: calling|own|project|default|calling|$F|
              A=not this
              B=own
              C=project
              G=
              TEXT=a=calling b=own
              env file /shop/own.env"#]],
    );
}

#[test]
fn ports_that_are_exported_beat_everything() {
    check(
        r#"
        [services.api]
        command = "serve ${API_PORT} ${PORT} ${PORT_MAIN}"
        port = "${API_PORT:-8000}"

        [services.web]
        command = "serve ${API_PORT} ${PORT} ${PORT_HTTP} ${PORT_H_M_R}"
        ports = { http = "${PORT:-8080}", h-m-r = 24678 }
        environment = { API_PORT = "1", PORT = "2" }

        [services.worker]
        command = "work ${API_PORT} ${PORT}"
        "#,
        "
        $ API_PORT=9000
        $ PORT=5
        ",
        "",
        expect![[r#"
            api: serve|9000|9000|9000
              API_PORT=9000
              PORT=9000
              PORT_MAIN=9000
              port main 9000 by API_PORT
            web: serve|9000|5|5|24678
              API_PORT=9000
              PORT=5
              PORT_HTTP=5
              PORT_H_M_R=24678
              port http 5 by PORT
              port h-m-r 24678
            worker: work|9000|5
              API_PORT=9000
              PORT=5"#]],
    );
}

#[test]
fn dot_env_is_read_without_an_env_file_and_may_be_missing() {
    check(
        "[services.a]\ncommand = 'a'",
        ".env: A=1",
        "",
        expect![[r#"
            a: a
              A=1"#]],
    );
    check("[services.a]\ncommand = 'a'", "", "", expect!["a: a"]);
    check(
        "[project]\nenv_file = 'other'\n[services.a]\ncommand = 'a'",
        ".env: A=1",
        "",
        expect![[r#"
            a: a
              env file /shop/other"#]],
    );
}

#[test]
fn the_name_of_an_env_file_may_hold_variables() {
    check(
        r#"
        [services.a]
        command = "a"
        env_file = ["${STAGE}.env", "./conf/../x.env", "/etc/a.env"]
        "#,
        "
        .env: STAGE=test
        test.env: A=1
        /etc/a.env: B=2
        ",
        "",
        expect![[r#"
            a: a
              A=1
              B=2
              STAGE=test
              env file /shop/test.env
              env file /shop/conf/../x.env
              env file /etc/a.env"#]],
    );
}

#[test]
fn an_env_file_may_use_what_earlier_ones_set() {
    check(
        r#"
        [services.a]
        command = "a ${C} ${E}"
        env_file = ["own.env", "more.env"]
        "#,
        "
        $ A=calling
        .env: A=project
        .env: B=project
        own.env: C=$A-$B
        own.env: E=own
        more.env: D=$C
        more.env: E=more
        ",
        "",
        expect![[r#"
            a: a|calling-project|more
              A=calling
              B=project
              C=calling-project
              D=calling-project
              E=more
              env file /shop/own.env
              env file /shop/more.env"#]],
    );
}

#[test]
fn a_venv_is_active_and_that_of_the_caller_is_left() {
    check(
        r#"
        [venvs.py]
        path = "${DIR:-backend}/.venv"
        python = ">=3.11"

        [services.api]
        command = "python app.py"
        venv = "py"

        [services.plain]
        command = "true"
        "#,
        "
        $ PATH=/usr/local/bin:/home/kim/other/bin:/usr/bin
        $ VIRTUAL_ENV=/home/kim/other/
        $ PYTHONHOME=/opt/python
        ",
        "",
        expect![[r#"
            api: python|app.py
              PATH=/shop/backend/.venv/bin:/usr/local/bin:/usr/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/backend/.venv
              venv py /shop/backend/.venv python >=3.11
            plain: true
              PATH=/usr/local/bin:/home/kim/other/bin:/usr/bin
              PYTHONHOME=/opt/python
              VIRTUAL_ENV=/home/kim/other/"#]],
    );
}

#[test]
fn what_is_installed_in_a_venv_lies_in_the_project() {
    check(
        r#"
        [venvs.py]
        path = ".venv"
        requirements = ["./base.txt", "${DIR}/dev.txt"]
        sync = true

        [venvs.of]
        path = "backend/.venv"
        project = "backend"

        [services.api]
        command = "python app.py"
        venv = "py"

        [services.web]
        command = "python app.py"
        venv = "of"
        "#,
        "$ DIR=backend",
        "",
        expect![[r#"
            api: python|app.py
              DIR=backend
              PATH=/shop/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/.venv
              venv py /shop/.venv -r /shop/base.txt -r /shop/backend/dev.txt sync
            web: python|app.py
              DIR=backend
              PATH=/shop/backend/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/backend/.venv
              venv of /shop/backend/.venv of /shop/backend"#]],
    );
}

#[test]
fn a_venv_makes_no_path_of_the_working_directory() {
    check(
        "[venvs.v]\npath = '.venv'\n[services.a]\ncommand = 'a'\nvenv = 'v'",
        "",
        "",
        expect![[r#"
            a: a
              PATH=/shop/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/.venv
              venv v /shop/.venv"#]],
    );
}

#[test]
fn pythonunbuffered_of_the_user_stays() {
    check(
        "[venvs.v]\npath = '.venv'\n[services.a]\ncommand = 'a'\nvenv = 'v'",
        "$ PYTHONUNBUFFERED=\n$ PATH=/bin",
        "",
        expect![[r#"
            a: a
              PATH=/shop/.venv/bin:/bin
              PYTHONUNBUFFERED=
              VIRTUAL_ENV=/shop/.venv
              venv v /shop/.venv"#]],
    );
}

#[test]
fn a_venv_is_found_from_the_working_directory_upward() {
    let config = r#"
        [services.api]
        command = "api"
        working_dir = "backend/app"
        venv = "auto"
    "#;
    check(
        config,
        "venv backend/.venv\nvenv .venv",
        "",
        expect![[r#"
            api: api
              in /shop/backend/app
              PATH=/shop/backend/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/backend/.venv
              venv found /shop/backend/.venv"#]],
    );
    check(
        config,
        "venv .venv",
        "",
        expect![[r#"
            api: api
              in /shop/backend/app
              PATH=/shop/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/.venv
              venv found /shop/.venv"#]],
    );
    check(
        config,
        "",
        "",
        expect![[r#"
            api: api
              in /shop/backend/app
              PATH=/shop/backend/app/.venv/bin
              PYTHONUNBUFFERED=1
              VIRTUAL_ENV=/shop/backend/app/.venv
              venv found /shop/backend/app/.venv"#]],
    );
}

#[track_caller]
fn check_without_cargo(before: &str, after: &str) {
    let before: Environment = dedent(before)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.into(), of_this_system(name, value)))
        .collect();
    let seen = without_cargo(before, Some(Path::new("/shop/target/debug/xtask")));
    let seen: Vec<_> = seen
        .iter()
        .map(|(name, value)| format!("{}={}", name.display(), value.display()))
        .collect();
    Expected::check(dedent(after).as_str(), &seen.join("\n"));
}

#[cfg(unix)] // Windows looks for libraries in the `PATH`.
#[test]
fn variables_of_cargo_run_are_taken_out_and_those_of_the_user_stay() {
    check_without_cargo(
        "
        CARGO=/home/kim/.rustup/toolchains/stable/bin/cargo
        CARGO_BIN_NAME=xtask
        CARGO_HOME=/home/kim/.cargo
        CARGO_MANIFEST_DIR=/shop/xtask
        CARGO_MANIFEST_PATH=/shop/xtask/Cargo.toml
        CARGO_PKG_NAME=devtasks
        CARGO_PKG_VERSION=0.1.0
        CARGO_TARGET_DIR=/tmp/target
        LD_LIBRARY_PATH=/shop/target/debug/deps:/shop/target/debug:/home/kim/.rustup/toolchains/stable/lib/rustlib/x86_64-unknown-linux-gnu/lib:/home/kim/.rustup/toolchains/stable/lib:/opt/cuda/lib64
        PATH=/home/kim/.cargo/bin:/usr/bin
        RUSTFLAGS=-Dwarnings
        RUSTUP_TOOLCHAIN=stable
        RUST_RECURSION_COUNT=1
        ",
        "
        CARGO_HOME=/home/kim/.cargo
        CARGO_TARGET_DIR=/tmp/target
        LD_LIBRARY_PATH=/opt/cuda/lib64
        PATH=/home/kim/.cargo/bin:/usr/bin
        RUSTFLAGS=-Dwarnings
        ",
    );
}

#[cfg(unix)] // The same.
#[test]
fn a_cargo_of_the_system_takes_no_libraries_with_it() {
    check_without_cargo(
        "
        CARGO=/usr/bin/cargo
        LD_LIBRARY_PATH=/shop/target/debug:/usr/lib/rustlib/x86_64-unknown-linux-gnu/lib:/usr/lib:/usr/local/cuda/lib64:/usr/lib/oracle
        ",
        "LD_LIBRARY_PATH=/usr/local/cuda/lib64:/usr/lib/oracle",
    );
}

#[cfg(unix)] // The same.
#[test]
fn a_library_path_that_was_all_of_cargos_is_gone() {
    check_without_cargo(
        "
        CARGO=/usr/bin/cargo
        DYLD_FALLBACK_LIBRARY_PATH=/shop/target/debug
        LD_LIBRARY_PATH=/shop/target/debug/deps
        ",
        "",
    );
}

#[cfg(windows)] // Elsewhere, libraries have a path of their own.
#[test]
fn libraries_of_cargo_are_taken_out_of_the_path() {
    check_without_cargo(
        "
        CARGO=/rust/bin/cargo.exe
        CARGO_PKG_NAME=devtasks
        PATH=/shop/target/debug/deps:/shop/target/debug:/rust/lib/rustlib/x86_64-pc-windows-msvc/lib:/rust/bin:/windows
        ",
        "PATH=/rust/bin:/windows",
    );
}

#[test]
fn environment_without_cargo_is_not_touched() {
    let environment = "
        CARGO_PKG_NAME=mine
        LD_LIBRARY_PATH=/shop/target/debug
        RUSTUP_TOOLCHAIN=nightly
    ";
    check_without_cargo(environment, environment);
}

#[test]
fn an_environment_is_text_in_json() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Sent(#[serde(with = "crate::plan::environment::as_list")] Environment);

    let environment = Environment::from([("GREETING".into(), "grüß \"dich\"".into()), ("NONE".into(), "".into())]);
    let json = serde_json::to_string(&Sent(environment.clone())).unwrap();
    assert_eq!(json, r#"[["GREETING","grüß \"dich\""],["NONE",""]]"#);
    assert_eq!(serde_json::from_str::<Sent>(&json).unwrap().0, environment);
}
