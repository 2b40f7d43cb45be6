//! `compose` and `external`, and what makes no sense beside them.

use super::check;
use expect_test::expect;

#[test]
fn a_service_of_the_compose_file_is_read() {
    check(
        "
        [services.db]
        compose = 'postgres'
        port = '${DB_PORT:-5432}'
        environment = { TAG = '16' }
        restart = 'on-failure'
        stop_grace_period = '20s'
        on_conflict = 'next'
        profiles = ['data']
        [services.cache]
        compose = 'redis'
        compose_file = 'ops/${STAGE}.yaml'
        depends_on = ['db']
        healthcheck = { tcp = true }
        port = 6379
        ",
        expect![[r#"
            service db
              compose postgres
              port main [DB_PORT:-5432]
              environment TAG=16
              restart OnFailure
              stop_grace_period 20s
              on_conflict Next
              profiles data
            service cache
              compose redis
              compose_file ops/[STAGE].yaml
              port main 6379
              depends_on db healthy
              healthcheck tcp, every 10s for 2s, 3 retries, start 60s"#]],
    );
}

#[test]
fn what_somebody_else_runs_is_read() {
    check(
        "
        [services.db]
        external = true
        port = 5432
        [services.mail]
        external = true
        healthcheck = { command = 'nc -z mail 25', start_period = '5s' }
        depends_on = ['db']
        profiles = ['mail']
        [services.api]
        external = false
        command = 'x'
        ",
        expect![[r#"
            service db
              external true
              port main 5432
            service mail
              external true
              depends_on db healthy
              healthcheck command nc|-z|mail|25, every 10s for 2s, 3 retries, start 5s
              profiles mail
            service api
              command x"#]],
    );
}

#[test]
fn a_service_is_one_of_three() {
    check(
        "
        [services.a]
        command = 'x'
        compose = 'a'
        [services.b]
        external = true
        compose = 'b'
        port = 1
        [services.c]
        external = false
        [services.d]
        ",
        expect![[r#"
            3:1 [services.a] `command` and `compose` are mutually exclusive
              hint: keep one of them
            5:1 [services.b] `compose` and `external` are mutually exclusive
              hint: keep one of them
            8:11 [services.c] service `c` has no `command`
              hint: add `command = "…"` to [services.c]
            10:11 [services.d] service `d` has no `command`
              hint: add `command = "…"` to [services.d]"#]],
    );
}

#[test]
fn a_compose_file_needs_the_name_of_a_service() {
    check(
        "
        [services.a]
        command = 'x'
        compose_file = 'compose.yaml'
        [services.b]
        compose = ''
        [services.c]
        compose = '${NAME}'
        compose_file = ''
        ",
        expect![[r#"
            3:1 [services.a] `compose_file` has no meaning without `compose`
              hint: name the service of that file with `compose = "…"`
            5:11 [services.b] `compose` is empty
            7:11 [services.c] `compose` cannot hold variables
            8:16 [services.c] `compose_file` is empty"#]],
    );
}

#[test]
fn keys_of_a_process_make_no_sense_for_a_container() {
    check(
        "
        [services.a]
        compose = 'a'
        shell = true
        working_dir = 'x'
        venv = 'auto'
        stdin = 'open'
        tty = true
        listen = true
        port = 1
        stop_signal = 'SIGINT'
        ",
        expect![[r#"
            3:1 [services.a] `shell` has no meaning here: the Compose file says how it runs
              hint: remove `shell`
            4:1 [services.a] `working_dir` has no meaning here: the Compose file says how it runs
              hint: remove `working_dir`
            5:1 [services.a] `venv` has no meaning here: the Compose file says how it runs
              hint: remove `venv`
            6:1 [services.a] `stdin` has no meaning here: the Compose file says how it runs
              hint: remove `stdin`
            7:1 [services.a] `tty` has no meaning here: the Compose file says how it runs
              hint: remove `tty`
            8:1 [services.a] `listen` has no meaning here: the Compose file says how it runs
              hint: remove `listen`
            10:1 [services.a] `stop_signal` has no meaning here: the Compose file says how it runs
              hint: remove `stop_signal`"#]],
    );
}

#[test]
fn what_somebody_else_runs_is_neither_started_nor_stopped() {
    check(
        "
        [services.a]
        external = true
        port = 1
        tty = false
        restart = 'always'
        stop_signal = 'SIGINT'
        stop_grace_period = '1s'
        on_conflict = 'next'
        ",
        expect![[r#"
            4:1 [services.a] `tty` has no meaning here: somebody else runs it
              hint: remove `tty`
            5:1 [services.a] `restart` has no meaning here: somebody else runs it
              hint: remove `restart`
            6:1 [services.a] `stop_signal` has no meaning here: somebody else runs it
              hint: remove `stop_signal`
            7:1 [services.a] `stop_grace_period` has no meaning here: somebody else runs it
              hint: remove `stop_grace_period`
            8:1 [services.a] `on_conflict` has no meaning here: somebody else runs it
              hint: remove `on_conflict`"#]],
    );
}

#[test]
fn something_shows_whether_it_is_there() {
    check(
        "
        [services.a]
        external = true
        [services.b]
        external = true
        port = { number = 53, protocol = 'udp' }
        [services.c]
        external = true
        healthcheck = { interval = '1s' }
        [services.d]
        external = true
        port = 'auto'
        [services.e]
        external = true
        port = false
        ",
        expect![[r#"
            2:1 [services.a] nothing shows whether this external service is there
              hint: add a TCP `port` or a `healthcheck` to [services.a]
            4:1 [services.b] nothing shows whether this external service is there
              hint: add a TCP `port` or a `healthcheck` to [services.b]
            7:1 [services.c] nothing shows whether this external service is there
              hint: add a TCP `port` or a `healthcheck` to [services.c]
            11:8 [services.d] an external service cannot have the port `auto`
              hint: write the number at which it listens
            14:8 [services.e] `port` must be an integer, a string or a table, found a boolean"#]],
    );
}

#[test]
fn a_task_has_neither() {
    check(
        "
        [tasks.a]
        compose = 'a'
        [tasks.b]
        command = 'x'
        external = true
        ",
        expect![[r#"
            1:8 [tasks.a] task `a` has no `command`
              hint: add `command = "…"` to [tasks.a]
            2:1 [tasks.a] unknown key `compose`
              hint: only a service has it: a task runs to its end, once
            5:1 [tasks.b] unknown key `external`
              hint: only a service has it: a task runs to its end, once"#]],
    );
}
