//! Compose files.

mod rest;

use expect_test::expect;

use super::{SHOP, check};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check(
        Target::Compose,
        SHOP,
        expect![[r#"
            === compose.yaml, for its owner
            # Made by `devtasks export compose` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export compose` again.
            name: shop
            services:
              db:
                image: shop-db
                command:
                  - redis-server
                  - "--port"
                  - "6390"
                  - "--save"
                  - ""
                init: true
                environment:
                  BACKEND_PORT: "8000"
                  DB_PORT: "6390"
                  PORT: "6390"
                  PORT_MAIN: "6390"
                ports:
                  - "127.0.0.1:6390:6390"
                healthcheck:
                  test:
                    - CMD-SHELL
                    - "if command -v bash >/dev/null; then bash -c ': </dev/tcp/127.0.0.1/6390'; else nc -z -w 2 127.0.0.1 6390; fi"
                  interval: "10s"
                  timeout: "2s"
                  retries: 3
                  start_period: "60s"
              migrate:
                image: shop-migrate
                command:
                  - alembic
                  - upgrade
                  - head
                init: true
                environment:
                  BACKEND_PORT: "8000"
                  DB_PORT: "6390"
                  PYTHONUNBUFFERED: "1"
                depends_on:
                  db:
                    condition: service_healthy
              backend:
                image: shop-backend
                command:
                  - python
                  - "-m"
                  - uvicorn
                  - "app:app"
                  - "--port"
                  - "8000"
                working_dir: /app/backend
                init: true
                environment:
                  BACKEND_PORT: "8000"
                  DB_PORT: "6390"
                  DB_URL: "redis://db:6390"
                  GREETING: "it's $$5, 100%"
                  PORT: "8000"
                  PORT_MAIN: "8000"
                  PYTHONUNBUFFERED: "1"
                ports:
                  - "127.0.0.1:8000:8000"
                depends_on:
                  db:
                    condition: service_healthy
                  migrate:
                    condition: service_completed_successfully
                healthcheck:
                  test:
                    - CMD-SHELL
                    - "if command -v curl >/dev/null; then curl -fsS -o /dev/null http://127.0.0.1:8000/healthz; elif command -v wget >/dev/null; then wget -q -O /dev/null http://127.0.0.1:8000/healthz; else bash -c 'exec 3<>\"/dev/tcp/$$0/$$1\" && printf \"GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\n\\r\\n\" \"$$2\" \"$$0\" \"$$1\" >&3 && read -r _ code _ <&3 && [[ $$code == [23]* ]]' 127.0.0.1 8000 /healthz; fi"
                  interval: "10s"
                  timeout: "3s"
                  retries: 3
                  start_period: "30s"
                restart: "on-failure:5"
              worker:
                image: shop-worker
                command:
                  - python
                  - worker.py
                working_dir: /app/backend
                init: true
                environment:
                  BACKEND_PORT: "8000"
                  DB_PORT: "6390"
                  PYTHONUNBUFFERED: "1"
                depends_on:
                  backend:
                    condition: service_started
                  db:
                    condition: service_healthy
                healthcheck:
                  test:
                    - CMD-SHELL
                    - "python check.py"
                  interval: "10s"
                  timeout: "2s"
                  retries: 3
                  start_period: "60s"
                restart: unless-stopped
              frontend:
                image: shop-frontend
                command:
                  - sh
                  - "-c"
                  - "npm run dev | tee log"
                init: true
                environment:
                  BACKEND_PORT: "8000"
                  DB_PORT: "6390"
                  PORT: "8080"
                  PORT_HMR: "24678"
                  PORT_HTTP: "8080"
                ports:
                  - "127.0.0.1:8080:8080"
                  - "127.0.0.1:24678:24678"
                depends_on:
                  backend:
                    condition: service_healthy
                  worker:
                    condition: service_healthy
            lost: db, image: no image is known: set `image` or `build` in [export.compose], or in a table of its name there
                instead: the name `shop-db`
            lost: migrate, image: no image is known: set `image` or `build` in [export.compose], or in a table of its name there
                instead: the name `shop-migrate`
            lost: migrate, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, image: no image is known: set `image` or `build` in [export.compose], or in a table of its name there
                instead: the name `shop-backend`
            lost: backend, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, command: `uvicorn` listens on 127.0.0.1, which is the container itself there: add `--host 0.0.0.0`
            lost: worker, image: no image is known: set `image` or `build` in [export.compose], or in a table of its name there
                instead: the name `shop-worker`
            lost: worker, venv: its image must bring the packages: no venv of this machine is in it
            lost: frontend, image: no image is known: set `image` or `build` in [export.compose], or in a table of its name there
                instead: the name `shop-frontend`
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
