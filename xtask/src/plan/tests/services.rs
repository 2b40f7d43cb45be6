//! Command, directory, health check and timeouts of one service.

use super::check;
use expect_test::expect;

#[test]
fn command_string_is_split_into_words_and_a_shell_gets_it_whole() {
    check(
        r#"
        [services.words]
        command = "redis-server --save '' --dir '${DIR}'"

        [services.list]
        command = ["echo", "a b", "${DIR}"]

        [services.shell]
        command = "sleep 1 && echo ${DIR} | cat"
        shell = true
        "#,
        "$ DIR=my data",
        "",
        expect![[r#"
            words: redis-server|--save||--dir|my data
              DIR=my data
            list: echo|a b|my data
              DIR=my data
            shell: sh|-c|sleep 1 && echo my data | cat
              DIR=my data"#]],
    );
}

#[test]
fn working_dir_is_relative_to_the_project() {
    check(
        r#"
        [venvs.here]
        path = "./.venv"

        [services.dot]
        command = "./run"
        working_dir = "."

        [services.sub]
        command = "./run"
        working_dir = "./backend/"
        venv = "here"

        [services.up]
        command = "run"
        working_dir = "../other"

        [services.root]
        command = "run"
        working_dir = "${ROOT}/x"
        "#,
        "$ ROOT=/srv\n$ PATH=/bin",
        "",
        expect![[r#"
            dot: ./run
              PATH=/bin
              ROOT=/srv
            sub: ./run
              in /shop/backend
              PATH=/shop/.venv/bin:/bin
              PYTHONUNBUFFERED=1
              ROOT=/srv
              VIRTUAL_ENV=/shop/.venv
              venv here /shop/.venv
            up: run
              in /shop/../other
              PATH=/bin
              ROOT=/srv
            root: run
              in /srv/x
              PATH=/bin
              ROOT=/srv"#]],
    );
}

#[test]
fn tty_sets_term() {
    let config = |more: &str| format!("[services.a]\ncommand = 'x'\ntty = true\n{more}");
    check(
        &config(""),
        "",
        "",
        expect![[r#"
        a: x
          TERM=xterm-256color
          on a terminal"#]],
    );
    check(
        &config(""),
        "$ TERM=dumb",
        "",
        expect![[r#"
        a: x
          TERM=dumb
          on a terminal"#]],
    );
    let own = config("environment = { TERM = 'vt100' }");
    check(
        &own,
        "$ TERM=dumb",
        "",
        expect![[r#"
        a: x
          TERM=vt100
          on a terminal"#]],
    );
    check("[services.a]\ncommand = 'x'", "", "", expect!["a: x"]);
}

#[test]
fn health_checks_and_times_are_taken_over() {
    check(
        r#"
        [services.path]
        command = "a"
        port = 1
        healthcheck = { http = "/healthz", interval = "5s", timeout = "1s", retries = 2, start_period = "90s" }

        [services.url]
        command = "a"
        healthcheck = { http = "http://127.0.0.1:${services.path.port}/" }

        [services.tcp]
        command = "a"
        port = 2
        healthcheck = { tcp = true }

        [services.command]
        command = "a"
        healthcheck = { command = "pg_isready -p ${services.tcp.port}" }

        [services.times]
        command = "a"
        healthcheck = { start_period = "5s" }
        stop_signal = "SIGINT"
        stop_grace_period = "3s"
        "#,
        "",
        "",
        expect![[r#"
            path: a
              PORT=1
              PORT_MAIN=1
              port main 1
              health GET /healthz every 5s, 1s, 2 times
              starts within 90s
            url: a
              health GET http://127.0.0.1:1/ every 10s, 2s, 3 times
            tcp: a
              PORT=2
              PORT_MAIN=2
              port main 2
              health tcp every 10s, 2s, 3 times
            command: a
              health pg_isready|-p|2 every 10s, 2s, 3 times
            times: a
              starts within 5s
              stops by Int within 3s"#]],
    );
}

#[test]
fn a_service_of_compose_has_a_file_and_time_to_stop() {
    check(
        "
        [services.db]
        compose = 'postgres'
        port = '${DB_PORT:-5432}'
        [services.cache]
        compose = 'redis'
        compose_file = 'ops/${STAGE}.yaml'
        stop_grace_period = '5s'
        [services.mail]
        external = true
        port = 25
        ",
        "$ STAGE=dev",
        "",
        expect![[r#"
            db: compose postgres
              DB_PORT=5432
              PORT=5432
              PORT_MAIN=5432
              STAGE=dev
              port main 5432 by DB_PORT
              stops by Term within 70s
            cache: compose redis of /shop/ops/dev.yaml
              DB_PORT=5432
              STAGE=dev
              stops by Term within 15s
            mail: external
              DB_PORT=5432
              PORT=25
              PORT_MAIN=25
              STAGE=dev
              port main 25"#]],
    );
}
