//! supervisor.

use expect_test::expect;

use super::{SHOP, check};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check(
        Target::Supervisor,
        SHOP,
        expect![[r#"
        === shop.conf, for its owner
        ; Made by `devtasks export supervisor` from devtasks.toml.
        ; Changes are lost: edit those, and run `devtasks export supervisor` again.

        [program:shop-db]
        process_name=db
        command=redis-server --port 6390 --save ''
        directory=/srv/shop
        environment=BACKEND_PORT="8000",DB_PORT="6390",PORT="6390",PORT_MAIN="6390"
        user=shop
        autorestart=false
        startsecs=0
        startretries=5
        stopsignal=TERM
        stopwaitsecs=10
        stopasgroup=true
        killasgroup=true
        redirect_stderr=true

        [program:shop-backend]
        process_name=backend
        command=/bin/sh -c 'tries=0; until bash -c '\'': </dev/tcp/127.0.0.1/6390'\'' 2>/dev/null; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '\''`db` is not ready after 60 s'\'' >&2; exit 1; }; sleep 0.2; done; ( cd /srv/shop && exec env PATH=/srv/shop/backend/.venv/bin:"$PATH" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv alembic upgrade head ) || exit; cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:"$PATH" BACKEND_PORT=8000 DB_PORT=6390 DB_URL=redis://127.0.0.1:6390 '\''GREETING=it'\''\'\'''\''s $5, 100%%'\'' PORT=8000 PORT_MAIN=8000 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv python -m uvicorn app:app --port 8000'
        user=shop
        autorestart=unexpected
        startsecs=1
        startretries=5
        stopsignal=TERM
        stopwaitsecs=10
        stopasgroup=true
        killasgroup=true
        redirect_stderr=true

        [program:shop-worker]
        process_name=worker
        command=/bin/sh -c 'tries=0; until bash -c '\'': </dev/tcp/127.0.0.1/6390'\'' 2>/dev/null; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '\''`db` is not ready after 60 s'\'' >&2; exit 1; }; sleep 0.2; done; exec python worker.py'
        directory=/srv/shop/backend
        environment=PATH="/srv/shop/backend/.venv/bin:%(ENV_PATH)s",BACKEND_PORT="8000",DB_PORT="6390",PYTHONUNBUFFERED="1",VIRTUAL_ENV="/srv/shop/backend/.venv"
        user=shop
        autorestart=true
        startsecs=1
        startretries=5
        stopsignal=TERM
        stopwaitsecs=10
        stopasgroup=true
        killasgroup=true
        redirect_stderr=true

        [program:shop-frontend]
        process_name=frontend
        command=/bin/sh -c 'tries=0; until curl -fs -m 3 -o /dev/null http://127.0.0.1:8000/healthz; do tries=$((tries+1)); [ $tries -lt 150 ] || { echo '\''`backend` is not ready after 30 s'\'' >&2; exit 1; }; sleep 0.2; done; tries=0; until ( cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:"$PATH" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv python check.py ) >/dev/null 2>&1; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '\''`worker` is not ready after 60 s'\'' >&2; exit 1; }; sleep 0.2; done; exec sh -c '\''npm run dev | tee log'\'''
        directory=/srv/shop
        environment=BACKEND_PORT="8000",DB_PORT="6390",PORT="8080",PORT_HMR="24678",PORT_HTTP="8080"
        user=shop
        autorestart=false
        startsecs=0
        startretries=5
        stopsignal=TERM
        stopwaitsecs=10
        stopasgroup=true
        killasgroup=true
        redirect_stderr=true

        [group:shop]
        programs=shop-db,shop-backend,shop-worker,shop-frontend
        lost: db, healthcheck: supervisor does not look at health
            instead: a wait for it in front of `backend`, `worker`
        lost: migrate, tasks: supervisor does not run tasks
            instead: it runs in front of `backend`, at every start
        lost: backend, healthcheck: supervisor does not look at health
            instead: a wait for it in front of `frontend`
        lost: worker, healthcheck: supervisor does not look at health
            instead: a wait for it in front of `frontend`
        lost: backend, restart: supervisor also restarts it if it ends with 0 in its first second
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
            user=shop
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
            user=shop
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
            user=shop
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
