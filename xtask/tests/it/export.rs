//! `export`: where the files go, what is said beside them, and the exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use expect_test::{Expect, expect};

use crate::sandbox::Sandbox;

const SHOP: &str = r#"
[export]
root = "/srv/shop"

[services.web]
command = "./web --token ${TOKEN}"
port = "${WEB_PORT:-8000}"
restart = "always"
"#;

fn shop() -> Sandbox {
    let sandbox = Sandbox::new(SHOP);
    sandbox.write(".env", "TOKEN='a b'\n");
    sandbox
}

/// The code, then what goes to stdout and to stderr.
#[track_caller]
fn check(sandbox: &Sandbox, arguments: &[&str], expected: Expect) {
    let ended = sandbox.run(arguments);
    let text = format!("{:?}\n{}---\n{}", ended.code, ended.stdout, ended.stderr);
    expected.assert_eq(&sandbox.plain(&text));
}

#[test]
fn it_goes_to_stdout_and_what_is_lost_to_stderr() {
    let sandbox = shop();
    check(
        &sandbox,
        &["export", "procfile"],
        expect![[r#"
            Some(0)
            # Made by `devtasks export procfile` from devtasks.toml, .env.
            # Changes are lost: edit those, and run `devtasks export procfile` again.
            web: cd /srv/shop && exec env PORT=8000 PORT_MAIN=8000 'TOKEN=a b' WEB_PORT=8000 ./web --token 'a b'
            ---
            Not in a Procfile:
              restart  web
                  when it ends, everything ends with it
        "#]],
    );
    check(
        &sandbox,
        &["export", "procfile", "--format", "json"],
        expect![[r#"
        Some(0)
        {"schema_version":1,"target":"procfile","files":["Procfile"],"losses":[{"service":"web","key":"restart","message":"when it ends, everything ends with it","substitute":null}],"differ":null}
        ---
    "#]],
    );
    check(
        &sandbox,
        &["export", "procfile", "--quiet", "--strict"],
        expect![[r#"
        Some(1)
        # Made by `devtasks export procfile` from devtasks.toml, .env.
        # Changes are lost: edit those, and run `devtasks export procfile` again.
        web: cd /srv/shop && exec env PORT=8000 PORT_MAIN=8000 'TOKEN=a b' WEB_PORT=8000 ./web --token 'a b'
        ---
        error: a Procfile does not do all that devtasks.toml says
    "#]],
    );
}

#[test]
fn the_variables_of_the_shell_that_decide_are_named() {
    let sandbox = shop();
    let mut command = sandbox.command(&["export", "procfile"]);
    command.env("WEB_PORT", "9000").env("HOME_OF_NOBODY", "x");
    let ended = crate::sandbox::Running::start(command).wait().with(0);
    let text = format!("{}---\n{}", ended.stdout, ended.stderr);
    expect![[r#"
        # Made by `devtasks export procfile` from devtasks.toml, .env.
        # Changes are lost: edit those, and run `devtasks export procfile` again.
        web: cd /srv/shop && exec env PORT=9000 PORT_MAIN=9000 'TOKEN=a b' WEB_PORT=9000 ./web --token 'a b'
        ---
        `WEB_PORT` comes from the environment of this shell: elsewhere it may differ.
        Not in a Procfile:
          restart  web
              when it ends, everything ends with it
    "#]]
    .assert_eq(&sandbox.plain(&text));
}

#[test]
fn a_directory_gets_files_that_check_compares() {
    let sandbox = shop();
    let check_it = &["export", "procfile", "--output", "deploy", "--check"];
    check(
        &sandbox,
        check_it,
        expect![[r#"
        Some(1)
        ---
        error: `deploy/Procfile` is not what `export procfile` would write

        hint: write it with `xtask export procfile --output deploy`
    "#]],
    );
    check(
        &sandbox,
        &["export", "procfile", "--output", "deploy"],
        expect![[r#"
            Some(0)
            ---
            Wrote deploy/Procfile.
            Not in a Procfile:
              restart  web
                  when it ends, everything ends with it
        "#]],
    );
    let file = sandbox.project().join("deploy/Procfile");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let printed = sandbox.run(&["export", "procfile"]).with(0).stdout;
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);
    // Of a checkout of git, others may read it until it is written.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    sandbox.run(check_it).with(0);
    sandbox.run(&["export", "procfile", "--output", "deploy"]).with(0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    check(
        &sandbox,
        check_it,
        expect![[r#"
        Some(0)
        ---
    "#]],
    );
    check(
        &sandbox,
        &["export", "procfile", "--output", "deploy"],
        expect![[r#"
            Some(0)
            ---
            The file in deploy is up to date.
            Not in a Procfile:
              restart  web
                  when it ends, everything ends with it
        "#]],
    );
    sandbox.write(".env", "TOKEN=c\n");
    check(
        &sandbox,
        check_it,
        expect![[r#"
        Some(1)
        ---
        error: `deploy/Procfile` is not what `export procfile` would write

        hint: write it with `xtask export procfile --output deploy`
    "#]],
    );
    sandbox.run(&["export", "procfile", "--output", "deploy"]).with(0);
    sandbox.run(check_it).with(0);
    let names: Vec<_> = fs::read_dir(sandbox.project().join("deploy")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn only_files_with_variables_are_for_their_owner() {
    let sandbox = Sandbox::new(
        "[project]\nname = 'shop'\n[export]\nroot = '/srv/shop'\nuser = 'kim'\n[services.web]\ncommand = './web'\n",
    );
    check(
        &sandbox,
        &["export", "systemd", "--output", "deploy"],
        expect![[r#"
        Some(0)
        ---
        Wrote 3 files to deploy.
    "#]],
    );
    let mode = |name: &str| {
        let file = fs::metadata(sandbox.project().join("deploy").join(name)).unwrap();
        file.permissions().mode() & 0o077
    };
    assert_ne!(mode("shop-web.service"), 0);
    assert_eq!(mode("shop-web.env"), 0);
    // A file of the other systemd is one of somebody else.
    check(
        &sandbox,
        &["export", "systemd", "--user", "--output", "deploy"],
        expect![[r#"
            Some(2)
            ---
            error: `deploy/shop.target` was not made by `export systemd --user`, and is not overwritten

            hint: name another directory with `--output`, or move the file away

            error: `deploy/shop-web.service` was not made by `export systemd --user`, and is not overwritten

            hint: name another directory with `--output`, or move the file away

            error: `deploy/shop-web.env` was not made by `export systemd --user`, and is not overwritten

            hint: name another directory with `--output`, or move the file away
        "#]],
    );
    check(
        &sandbox,
        &["export", "systemd", "--user", "--format", "json"],
        expect![[r#"
            Some(0)
            {"schema_version":1,"target":"systemd --user","files":["shop.target","shop-web.service","shop-web.env"],"losses":[{"service":null,"key":"user","message":"the services run as the user whose systemd it is","substitute":null}],"differ":null}
            ---
        "#]],
    );
}

#[test]
fn compose_reads_env_files_itself_from_where_its_file_lies() {
    let sandbox = Sandbox::new(
        r#"
[project]
env_file = [".env", "config/all.env"]

[export.compose]
build = "web"

[services.web]
command = "./web"
env_file = "../${KIND}.env"
port = "${WEB_PORT:-8000}"
environment = { TOKEN = "${TOKEN}-1" }
"#,
    );
    sandbox.write(".env", "TOKEN=a\nLEVEL=info\nKIND=web\n");
    sandbox.write("config/all.env", "LEVEL=debug\n");
    sandbox.write("../web.env", "COLOUR=red\n");
    check(
        &sandbox,
        &["export", "compose"],
        expect![[r#"
        Some(0)
        # Made by `devtasks export compose` from devtasks.toml, ../web.env, .env, config/all.env.
        # Changes are lost: edit those, and run `devtasks export compose` again.
        name: project
        services:
          web:
            build: web
            command:
              - "./web"
            init: true
            env_file:
              - ".env"
              - config/all.env
              - "../web.env"
            environment:
              PORT: "8000"
              PORT_MAIN: "8000"
              TOKEN: a-1
              WEB_PORT: "8000"
            ports:
              - "127.0.0.1:8000:8000"
        ---
    "#]],
    );
    sandbox.run(&["export", "compose", "--output", "deploy/dev"]).with(0);
    let written = fs::read_to_string(sandbox.project().join("deploy/dev/compose.yaml")).unwrap();
    let paths: Vec<_> = written
        .lines()
        .map(str::trim_start)
        .filter(|line| line.contains("env\"") || line.contains("build"))
        .map(str::trim)
        .collect();
    expect![[r#"
        build: "../../web"
        - "../../.env"
        - "../../config/all.env"
        - "../../../web.env""#]]
    .assert_eq(&paths.join("\n"));
    // What this shell overrides is no longer what the file says.
    let mut command = sandbox.command(&["export", "compose", "--quiet"]);
    command.env("LEVEL", "trace");
    let ended = crate::sandbox::Running::start(command).wait().with(0);
    assert!(ended.stdout.contains("      LEVEL: trace\n"), "{}", ended.stdout);
}

#[test]
fn a_file_of_somebody_else_stays() {
    let sandbox = shop();
    sandbox.write("Procfile", "web: ./mine\n");
    check(
        &sandbox,
        &["export", "procfile", "--output", "."],
        expect![[r#"
        Some(2)
        ---
        error: `./Procfile` was not made by `export procfile`, and is not overwritten

        hint: name another directory with `--output`, or move the file away
    "#]],
    );
    assert_eq!(
        fs::read_to_string(sandbox.project().join("Procfile")).unwrap(),
        "web: ./mine\n"
    );
}

#[test]
fn what_is_missing_or_wrong_ends_as_everywhere() {
    let sandbox = shop();
    check(
        &sandbox,
        &["export", "procfile", "--check"],
        expect![[r#"
        Some(2)
        ---
        error: the following required arguments were not provided:
          --output <DIR>

        Usage: xtask export --output <DIR> --check <TARGET>

        For more information, try '--help'.
    "#]],
    );
    check(
        &sandbox,
        &["export", "supervisord"],
        expect![[r#"
            Some(2)
            ---
            error: invalid value 'supervisord' for '<TARGET>'
              [possible values: systemd, supervisor, pm2, procfile, compose, kubernetes, prometheus, grafana,
              vector, alloy]

              tip: a similar value exists: 'supervisor'

            For more information, try '--help'.
        "#]],
    );
    check(
        &sandbox,
        &["export", "procfile", "--user"],
        expect![[r#"
        Some(2)
        ---
        error: `--user` is for `export systemd` only

        hint: leave `--user` away
    "#]],
    );
    let other = Sandbox::new("[project]\nenv_file = 'all.env'\n[services.a]\ncommand = 'x'\nenv_file = 'a.env'\n");
    check(
        &other,
        &["export", "procfile"],
        expect![[r#"
        Some(5)
        ---
        error: env file `all.env` is missing
          --> devtasks.toml:2:12  [project]
           |
         2 | env_file = 'all.env'
           |            ^^^^^^^^^

        hint: create `all.env`, or remove it from `env_file`

        error: env file `a.env` is missing
          --> devtasks.toml:5:12  [services.a]
           |
         5 | env_file = 'a.env'
           |            ^^^^^^^

        hint: create `a.env`, or remove it from `env_file`
    "#]],
    );
    sandbox.write(".env", "");
    check(
        &sandbox,
        &["export", "procfile"],
        expect![[r#"
        Some(2)
        ---
        error: variable `TOKEN` is not set
          --> devtasks.toml:6:26  [services.web]
           |
         6 | command = "./web --token ${TOKEN}"
           |                          ^^^^^^^^

        hint: set `TOKEN` in `.env`, or write `${TOKEN:-default}`
    "#]],
    );
}

#[test]
fn the_program_writes_the_examples() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/deploy");
    let examples = examples.canonicalize().unwrap();
    let sandbox = Sandbox::new("");
    let mut targets = 0;
    for entry in fs::read_dir(&examples).unwrap().flatten() {
        let Ok(target) = entry.file_name().into_string() else {
            continue;
        };
        if entry.path().is_dir() {
            let check_it = ["export", &target, "--output", &target, "--check", "--format", "json"];
            let exported = sandbox.start_in(&examples, &check_it).wait().with(0).json();
            let mut there: Vec<_> = fs::read_dir(entry.path())
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            there.sort();
            let names = exported["files"].as_array().unwrap().iter();
            let mut names: Vec<&str> = names.filter_map(|name| name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, there, "{target}");
            targets += 1;
        }
    }
    assert!(targets > 6, "{targets}");
}
