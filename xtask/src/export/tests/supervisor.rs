//! supervisor.

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Supervisor,
        expect![[r#"
            lost: db, healthcheck: supervisor does not look at health
                instead: a wait for it in front of `backend`, `worker`
            lost: migrate, tasks: supervisor does not run tasks
                instead: it runs in front of `backend`, at every start
            lost: backend, healthcheck: supervisor does not look at health
                instead: a wait for it in front of `frontend`
            lost: worker, healthcheck: supervisor does not look at health
                instead: a wait for it in front of `frontend`
            lost: backend, restart: supervisor also restarts it if it ends with 0 in its first second
            lost: frontend, shell: supervisor takes it for stopped once its shell has ended, though a part of a pipe may still run
        "#]],
    );
}

#[test]
fn what_its_syntax_cannot_hold_is_in_a_script() {
    check(
        Target::Supervisor,
        r#"
        [project]
        name = "my shop: dev"

        [services.arguments]
        command = ["show", "100%", "a ;b", "it's"]
        restart = "always"
        stop_signal = "SIGUSR1"
        stop_grace_period = "1500ms"

        [services.variables]
        command = ["bin/show", "x"]
        working_dir = "10% off"
        environment = { LINES = "a\nb", UTF8 = "ä" }

        [services.path]
        command = ["bin/show", "x"]
        environment = { PATH = "/opt/bin" }
        depends_on = { arguments = { restart = true } }
        "#,
        expect![[r#"
            === my-shop--dev.conf, for its owner
            ; Made by `devtasks export supervisor` from devtasks.toml.
            ; Changes are lost: edit those, and run `devtasks export supervisor` again.

            [program:my-shop--dev-arguments]
            process_name=arguments
            command=/bin/sh -c 'eval "$(printf '\''exec show 100%%%% \047a \073b\047 \047it\047\\\047\047s\047'\'')"'
            directory=/srv/shop
            autorestart=true
            startsecs=1
            startretries=5
            stopsignal=USR1
            stopwaitsecs=2
            stopasgroup=true
            killasgroup=true
            redirect_stderr=true

            [program:my-shop--dev-variables]
            process_name=variables
            command=/bin/sh -c 'eval "$(printf '\''cd \047/srv/shop/10%%%% off\047 && exec env \047LINES=a\012b\047 \047UTF8=\303\244\047 bin/show x'\'')"'
            autorestart=false
            startsecs=0
            startretries=5
            stopsignal=TERM
            stopwaitsecs=10
            stopasgroup=true
            killasgroup=true
            redirect_stderr=true

            [program:my-shop--dev-path]
            process_name=path
            command=/usr/bin/env bin/show x
            directory=/srv/shop
            environment=PATH="/opt/bin"
            autorestart=false
            startsecs=0
            startretries=5
            stopsignal=TERM
            stopwaitsecs=10
            stopasgroup=true
            killasgroup=true
            redirect_stderr=true

            [group:my-shop--dev]
            programs=my-shop--dev-arguments,my-shop--dev-variables,my-shop--dev-path
            lost: arguments, healthcheck: nothing waits until it is ready: it has no health check here
            lost: path, depends_on: supervisor does not restart it with what it depends on
        "#]],
    );
}

#[test]
fn what_stands_in_front_has_none_of_its_variables() {
    check(
        Target::Supervisor,
        r#"
        [services.web]
        command = "a | b"
        shell = true
        environment = { TZ = "Asia/Tokyo" }
        depends_on = ["migrate"]

        [services.odd]
        command = "show"
        environment = { "A[0]" = "x" }

        [tasks.migrate]
        command = "migrate"

        [tasks.seed]
        command = "seed"
        "#,
        expect![[r#"
            === shop.conf, for its owner
            ; Made by `devtasks export supervisor` from devtasks.toml.
            ; Changes are lost: edit those, and run `devtasks export supervisor` again.

            [program:shop-web]
            process_name=web
            command=/bin/sh -c '( cd /srv/shop && exec migrate ) || exit; cd /srv/shop && exec env TZ=Asia/Tokyo sh -c '\''a | b'\'''
            autorestart=false
            startsecs=0
            startretries=5
            stopsignal=TERM
            stopwaitsecs=10
            stopasgroup=true
            killasgroup=true
            redirect_stderr=true

            [program:shop-odd]
            process_name=odd
            command=/bin/sh -c 'cd /srv/shop && exec env '\''A[0]=x'\'' show'
            autorestart=false
            startsecs=0
            startretries=5
            stopsignal=TERM
            stopwaitsecs=10
            stopasgroup=true
            killasgroup=true
            redirect_stderr=true

            [group:shop]
            programs=shop-web,shop-odd
            lost: seed, tasks: it is left out, because nothing depends on it: run it by hand
            lost: migrate, tasks: supervisor does not run tasks
                instead: it runs in front of `web`, at every start
            lost: web, shell: supervisor takes it for stopped once its shell has ended, though a part of a pipe may still run
        "#]],
    );
}
