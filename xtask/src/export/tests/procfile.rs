//! Procfiles.

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Procfile,
        expect![[r#"
        lost: db, healthcheck: a Procfile does not look at health
            instead: a wait for it in front of `backend`, `worker`
        lost: migrate, tasks: a Procfile does not run tasks
            instead: it runs in front of `backend`, at every start
        lost: backend, healthcheck: a Procfile does not look at health
            instead: a wait for it in front of `frontend`
        lost: worker, healthcheck: a Procfile does not look at health
            instead: a wait for it in front of `frontend`
        lost: backend, restart: when it ends, everything ends with it
        lost: worker, restart: when it ends, everything ends with it
    "#]],
    );
}

#[test]
fn what_one_line_cannot_hold_comes_from_printf() {
    check(
        Target::Procfile,
        r#"
        [services.nasty]
        command = ["./show", "two\nlines", "", "it's", "$PORT", "100%", "\\", "ä\u0001", " #x ; \"q"]
        environment = { TEXT = "$$HOME\n" }
        "#,
        expect![[r#"
            === Procfile, for its owner
            # Made by `devtasks export procfile` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export procfile` again.
            nasty: eval "$(printf 'cd /srv/shop && exec env \047TEXT=\044HOME\012\047 ./show \047two\012lines\047 \047\047 \047it\047\\\047\047s\047 \047\044PORT\047 100%% \047\\\047 \047ä\001\047 \047 #x ; "q\047')"
        "#]],
    );
}

#[test]
fn what_only_devtasks_does_is_named() {
    check(
        Target::Procfile,
        r#"
        [venvs.own]
        path = ".venv"
        requirements = "requirements.txt"
        sync = true

        [services.outside]
        external = true
        port = 5432

        [services.db]
        compose = "postgres"
        compose_file = "compose.dev.yaml"

        [services.odd]
        command = "./odd"
        venv = "own"
        depends_on = ["outside", "db"]
        ports = { main = 8000, udp = { number = 8001, protocol = "udp", on_conflict = "next" } }
        tty = true
        watch = "*.rs"
        pidfile = "odd.pid"

        [services.sockets]
        command = "./sockets"
        port = 8003
        listen = true

        [services.input]
        command = "cat"
        stdin = "open"
        "#,
        expect![[r#"
            === Procfile, for its owner
            # Made by `devtasks export procfile` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export procfile` again.
            db: cd /srv/shop && exec docker compose -f /srv/shop/compose.dev.yaml up --no-log-prefix postgres
            odd: end=$(($(date +%s)+60)); until timeout 2 bash -c ': </dev/tcp/127.0.0.1/5432' 2>/dev/null; do [ $(date +%s) -lt $end ] || { echo '`outside` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; cd /srv/shop && exec env PATH=/srv/shop/.venv/bin:"$PATH" PORT=8000 PORT_MAIN=8000 PORT_UDP=8001 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/.venv ./odd
            sockets: cd /srv/shop && exec env PORT=8003 PORT_MAIN=8003 ./sockets
            input: cd /srv/shop && exec cat
            lost: outside, external: somebody else runs it, so a Procfile is not told of it
            lost: odd, on_conflict: a Procfile does not free or move a busy port, so `next` is `fail`
            lost: odd, watch: a Procfile does not restart it when a file changes
            lost: odd, tty: a Procfile gives it no terminal
            lost: odd, pidfile: a Procfile does not remove a stale one before it starts
            lost: odd, venv: nothing creates or updates its venv: do it before the start
            lost: sockets, listen: a Procfile does not open its sockets for it
            lost: input, stdin: a Procfile gives it an empty input, so it may end at once
            lost: db, healthcheck: nothing waits until it is ready: it has no health check here
        "#]],
    );
}

#[test]
fn a_program_that_env_would_misread_is_refused() {
    check(
        Target::Procfile,
        "[services.odd]\ncommand = './a=b'\n",
        expect![[r#"
            error: the program of `odd` has `=` in its name, which `env` would take for a variable
        "#]],
    );
}
