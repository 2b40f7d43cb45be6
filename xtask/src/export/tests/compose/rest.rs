//! What Compose does itself, what it lacks, and what it cannot do at all.

use expect_test::expect;

use crate::export::Target;
use crate::export::tests::check;

#[test]
fn what_compose_does_itself_is_written_and_the_rest_is_named() {
    check(
        Target::Compose,
        r#"
        [project]
        name = "My Shop!"

        [export]
        root = "/srv/shop"

        [export.compose]
        image = "shop:1"
        [export.compose.odd]
        build = "odd dir"
        [export.compose.input]
        image = "input:1"
        build = "input"

        [venvs.own]
        path = ".venv"
        requirements = "requirements.txt"
        sync = true

        [services.outside]
        external = true
        port = 5432

        [services.far]
        external = true
        port = { number = 5433, host = "10.0.0.1" }

        [services.db]
        compose = "postgres"
        compose_file = "ops/compose.dev.yaml"
        port = 5434

        [services.odd]
        command = "./odd --listen 127.0.0.1:8000"
        working_dir = "odd dir"
        venv = "own"
        depends_on = { outside = "healthy", db = { condition = "healthy", restart = true }, input = "healthy", six = "started" }
        environment = { A = "redis://u:p@localhost:6379/0", B = "${services.db.address}", C = "x=127.0.0.1", D = "127.0.0.11" }
        ports = { main = 8000, udp = { number = 8001, protocol = "udp", host = "0.0.0.0", on_conflict = "next" } }
        tty = true
        watch = "*.rs"
        pidfile = "odd.pid"
        stop_signal = "SIGINT"
        stop_grace_period = "1500ms"

        [services.input]
        command = "cat"
        stdin = "open"
        profiles = ["one", "two"]

        [services.six]
        command = "./six"
        port = { number = 8002, host = "::1" }
        healthcheck = { http = "http://[::1]:8002?q='" }
        listen = true

        [services.seldom]
        command = "./seldom"
        profiles = ["two"]
        depends_on = ["prepare"]

        [tasks.prepare]
        command = "./prepare"

        [tasks.seed]
        command = "./seed"
        depends_on = ["migrate"]

        [tasks.migrate]
        command = "./migrate"
        "#,
        expect![[r#"
            === compose.yaml, for its owner
            # Made by `devtasks export compose` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export compose` again.
            name: my-shop
            services:
              db:
                extends:
                  file: "../ops/compose.dev.yaml"
                  service: postgres
              input:
                build: "../input"
                image: "input:1"
                command:
                  - cat
                init: true
                stdin_open: true
              six:
                image: "shop:1"
                command:
                  - "./six"
                init: true
                environment:
                  PORT: "8002"
                  PORT_MAIN: "8002"
                ports:
                  - "[::1]:8002:8002"
                healthcheck:
                  test:
                    - CMD-SHELL
                    - "if command -v curl >/dev/null; then curl -fsS --noproxy '*' -o /dev/null 'http://[::1]:8002?q='\\'''; elif command -v wget >/dev/null; then wget -Y off -q -O /dev/null 'http://[::1]:8002?q='\\'''; else bash -c 'exec 3<>\"/dev/tcp/$$0/$$1\" && printf \"GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\n\\r\\n\" \"$$2\" \"$$0\" \"$$1\" >&3 && read -r _ code _ <&3 && [[ $$code == [23]* ]]' ::1 8002 '/?q='\\'''; fi"
                  interval: "10s"
                  timeout: "2s"
                  retries: 3
                  start_period: "60s"
              odd:
                build: "../odd dir"
                command:
                  - "./odd"
                  - "--listen"
                  - "127.0.0.1:8000"
                working_dir: "/srv/shop/odd dir"
                init: true
                tty: true
                stdin_open: true
                environment:
                  A: "redis://u:p@localhost:6379/0"
                  B: "db:5434"
                  C: "x=127.0.0.1"
                  D: "127.0.0.11"
                  PORT: "8000"
                  PORT_MAIN: "8000"
                  PORT_UDP: "8001"
                  PYTHONUNBUFFERED: "1"
                ports:
                  - "127.0.0.1:8000:8000"
                  - "0.0.0.0:8001:8001/udp"
                depends_on:
                  db:
                    condition: service_started
                    restart: true
                  input:
                    condition: service_started
                  six:
                    condition: service_started
                stop_signal: SIGINT
                stop_grace_period: "1500ms"
              prepare:
                image: "shop:1"
                command:
                  - "./prepare"
                profiles:
                  - two
                init: true
              seldom:
                image: "shop:1"
                command:
                  - "./seldom"
                profiles:
                  - two
                init: true
                depends_on:
                  prepare:
                    condition: service_completed_successfully
              migrate:
                image: "shop:1"
                command:
                  - "./migrate"
                profiles:
                  - tasks
                init: true
              seed:
                image: "shop:1"
                command:
                  - "./seed"
                profiles:
                  - tasks
                init: true
                depends_on:
                  migrate:
                    condition: service_completed_successfully
            lost: six, listen: Compose does not open its sockets for it
            lost: odd, on_conflict: Compose does not free or move a busy port, so `next` is `fail`
            lost: odd, watch: Compose does not restart it when a file changes
            lost: odd, pidfile: Compose does not remove a stale one before it starts
            lost: outside, external: somebody else runs it, so Compose is not told of it, and its address stays `127.0.0.1:5432`, which in a container is the container itself
            lost: far, external: somebody else runs it, so Compose is not told of it
            lost: six, host: its `::1` is the container itself there: it must listen on all addresses to be reached, and reaches nobody by it
            lost: odd, venv: its image must bring the packages: no venv of this machine is in it
            lost: odd, command: its `127.0.0.1` is the container itself there: it must listen on all addresses to be reached, and reaches nobody by it
            lost: odd, environment: `A` says `localhost`, which is the container itself there: write `${services.NAME.address}` or `.url`
            lost: odd, environment: `C` says `127.0.0.1`, which is the container itself there: write `${services.NAME.address}` or `.url`
            lost: db, compose: named volumes, networks, secrets and configs of its Compose file are not carried over: declare them in a compose.override.yaml
            lost: db, healthcheck: whether its Compose file has a health check is not known here: the others wait until it is started
            lost: db, port: the others reach its container itself, so its port must be the same there and on the host
        "#]],
    );
}

#[test]
fn the_compose_file_of_a_service_must_be_named() {
    check(
        Target::Compose,
        "[services.db]\ncompose = 'db'\n",
        expect![[r#"
        error: `db` does not say in which Compose file it is
    "#]],
    );
}

#[test]
fn a_server_that_only_its_container_reaches_is_named() {
    check(
        Target::Compose,
        r#"
        [export.compose]
        image = "x"
        [services.a]
        command = "python -m uvicorn app:app --port 8000"
        port = 8000
        [services.b]
        command = "uvicorn app:app --host=0.0.0.0"
        port = 8001
        [services.c]
        command = "python backend/manage.py runserver 8002"
        port = 8002
        [services.d]
        command = "python manage.py runserver 0.0.0.0:8003"
        port = 8003
        [services.e]
        command = "cd web && node_modules/.bin/vite --port 8004"
        shell = true
        port = 8004
        [services.f]
        command = "flask shell"
        port = 8005
        [services.g]
        command = "vite build --watch"
        "#,
        expect![[r#"
            === compose.yaml, for its owner
            # Made by `devtasks export compose` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export compose` again.
            name: app
            services:
              a:
                image: x
                command:
                  - python
                  - "-m"
                  - uvicorn
                  - "app:app"
                  - "--port"
                  - "8000"
                init: true
                environment:
                  PORT: "8000"
                  PORT_MAIN: "8000"
                ports:
                  - "127.0.0.1:8000:8000"
              b:
                image: x
                command:
                  - uvicorn
                  - "app:app"
                  - "--host=0.0.0.0"
                init: true
                environment:
                  PORT: "8001"
                  PORT_MAIN: "8001"
                ports:
                  - "127.0.0.1:8001:8001"
              c:
                image: x
                command:
                  - python
                  - backend/manage.py
                  - runserver
                  - "8002"
                init: true
                environment:
                  PORT: "8002"
                  PORT_MAIN: "8002"
                ports:
                  - "127.0.0.1:8002:8002"
              d:
                image: x
                command:
                  - python
                  - manage.py
                  - runserver
                  - "0.0.0.0:8003"
                init: true
                environment:
                  PORT: "8003"
                  PORT_MAIN: "8003"
                ports:
                  - "127.0.0.1:8003:8003"
              e:
                image: x
                command:
                  - sh
                  - "-c"
                  - "cd web && node_modules/.bin/vite --port 8004"
                init: true
                environment:
                  PORT: "8004"
                  PORT_MAIN: "8004"
                ports:
                  - "127.0.0.1:8004:8004"
              f:
                image: x
                command:
                  - flask
                  - shell
                init: true
                environment:
                  PORT: "8005"
                  PORT_MAIN: "8005"
                ports:
                  - "127.0.0.1:8005:8005"
              g:
                image: x
                command:
                  - vite
                  - build
                  - "--watch"
                init: true
            lost: a, command: `uvicorn` listens on 127.0.0.1, which is the container itself there: add `--host 0.0.0.0`
            lost: c, command: `manage.py runserver` listens on 127.0.0.1, which is the container itself there: add `0.0.0.0:PORT`
            lost: e, command: `vite` listens on 127.0.0.1, which is the container itself there: add `--host 0.0.0.0`
        "#]],
    );
}
