//! Files of Kubernetes.

mod references;
mod rest;

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

/// What `SHOP` does not have.
const ODD: &str = r#"
[project]
name = "My Shop!"

[export.kubernetes]
image = "shop:1"
[export.kubernetes.odd_one]
cpu = "250m"
memory = "256Mi"
replicas = 3
[export.kubernetes.db]
image = "postgres:17"
cpu = "1"

[venvs.own]
path = ".venv"

[services.outside]
external = true
port = 5432

[services.db]
compose = "postgres"
compose_file = "compose.dev.yaml"
port = 5434

[services.odd_one]
command = ["./odd", "--token=t", "$HOME $(id) $$5 $", "two\nlines"]
working_dir = "odd dir"
venv = "own"
depends_on = { outside = "healthy", db = { condition = "healthy", restart = true }, silent = "healthy", six = "started" }
environment = { DB_PASSWORD = "x", DB_URL = "postgres://u:p@${services.db.address}", SIX_URL = "${services.six.url}", EMPTY = "" }
ports = { main = 8000, "8001" = 8001, a-very-long-name-of-a-port = { number = 8002, protocol = "udp" } }
tty = true
stop_signal = "SIGINT"
stop_grace_period = "1500ms"

[services.silent]
command = "cat"
stdin = "open"
restart = "always"

[services.six]
command = "./six"
port = 8003
healthcheck = { http = "http://127.0.0.1:8003/ready" }

[tasks.seed]
command = "./seed"
depends_on = ["migrate"]

[tasks.migrate]
command = "./migrate"
depends_on = ["db"]
"#;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Kubernetes,
        expect![[r#"
            lost: migrate, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, venv: its image must bring the packages: no venv of this machine is in it
            lost: backend, command: `uvicorn` listens on 127.0.0.1, which is the container itself there: add `--host 0.0.0.0`
            lost: worker, venv: its image must bring the packages: no venv of this machine is in it
            lost: db, restart: a Deployment starts it again whenever it ends
            lost: migrate, tasks: Kubernetes has no tasks that others wait for
                instead: it runs in front of `backend`, at every start and in each replica
            lost: backend, restart: a Deployment starts it again also after it ended with 0
            lost: worker, healthcheck: nothing waits until it is ready: it has no TCP port to connect to
            lost: frontend, restart: a Deployment starts it again whenever it ends
        "#]],
    );
}

#[test]
fn a_service_that_needs_another_and_a_task() {
    check(
        Target::Kubernetes,
        r#"
        [project]
        name = "shop"

        [services.db]
        command = "redis-server --port ${DB_PORT:-6390}"
        port = "${DB_PORT:-6390}"
        healthcheck = { tcp = true }

        [services.backend]
        command = "python app.py"
        working_dir = "backend"
        port = 8000
        environment = { DB_URL = "redis://${services.db.address}" }
        depends_on = { db = "healthy", migrate = "completed" }
        healthcheck = { http = "/healthz", timeout = "3s", start_period = "30s" }
        restart = "on-failure"

        [tasks.migrate]
        command = "alembic upgrade head"
        depends_on = ["db"]
        "#,
        expect![[r#"
            === shop.yaml, for its owner
            # Made by `devtasks export kubernetes` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export kubernetes` again.
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: db
              labels:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: shop
            data:
              DB_PORT: "6390"
              PORT: "6390"
              PORT_MAIN: "6390"
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: db
              labels:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: shop
            spec:
              selector:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: shop
              ports:
                - name: main
                  port: 6390
                  targetPort: main
                  protocol: TCP
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: db
              labels:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: shop
            spec:
              selector:
                matchLabels:
                  app.kubernetes.io/name: db
                  app.kubernetes.io/part-of: shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: db
                    app.kubernetes.io/part-of: shop
                spec:
                  enableServiceLinks: false
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 10
                  containers:
                    - name: db
                      image: shop-db
                      args:
                        - redis-server
                        - "--port"
                        - "6390"
                      envFrom:
                        - configMapRef:
                            name: db
                      ports:
                        - name: main
                          containerPort: 6390
                          protocol: TCP
                      startupProbe:
                        tcpSocket:
                          port: main
                        periodSeconds: 1
                        timeoutSeconds: 2
                        failureThreshold: 60
                      readinessProbe:
                        tcpSocket:
                          port: main
                        periodSeconds: 10
                        timeoutSeconds: 2
                        failureThreshold: 3
                      livenessProbe:
                        tcpSocket:
                          port: main
                        periodSeconds: 10
                        timeoutSeconds: 2
                        failureThreshold: 3
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: migrate
              labels:
                app.kubernetes.io/name: migrate
                app.kubernetes.io/part-of: shop
            data:
              DB_PORT: "6390"
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: backend
              labels:
                app.kubernetes.io/name: backend
                app.kubernetes.io/part-of: shop
            data:
              DB_PORT: "6390"
              DB_URL: "redis://db:6390"
              PORT: "8000"
              PORT_MAIN: "8000"
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: backend
              labels:
                app.kubernetes.io/name: backend
                app.kubernetes.io/part-of: shop
            spec:
              selector:
                app.kubernetes.io/name: backend
                app.kubernetes.io/part-of: shop
              ports:
                - name: main
                  port: 8000
                  targetPort: main
                  protocol: TCP
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: backend
              labels:
                app.kubernetes.io/name: backend
                app.kubernetes.io/part-of: shop
            spec:
              selector:
                matchLabels:
                  app.kubernetes.io/name: backend
                  app.kubernetes.io/part-of: shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: backend
                    app.kubernetes.io/part-of: shop
                spec:
                  enableServiceLinks: false
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 10
                  initContainers:
                    - name: wait-for-db
                      image: shop-backend
                      command:
                        - sh
                        - "-c"
                        - "until { if command -v bash >/dev/null; then bash -c ': </dev/tcp/db/6390'; else nc -z -w 2 db 6390; fi; } 2>/dev/null; do sleep 1; done"
                    - name: migrate
                      image: shop-migrate
                      args:
                        - alembic
                        - upgrade
                        - head
                      envFrom:
                        - configMapRef:
                            name: migrate
                  containers:
                    - name: backend
                      image: shop-backend
                      args:
                        - python
                        - app.py
                      workingDir: /app/backend
                      envFrom:
                        - configMapRef:
                            name: backend
                      ports:
                        - name: main
                          containerPort: 8000
                          protocol: TCP
                      startupProbe:
                        httpGet:
                          path: /healthz
                          port: main
                        periodSeconds: 1
                        timeoutSeconds: 3
                        failureThreshold: 30
                      readinessProbe:
                        httpGet:
                          path: /healthz
                          port: main
                        periodSeconds: 10
                        timeoutSeconds: 3
                        failureThreshold: 3
                      livenessProbe:
                        httpGet:
                          path: /healthz
                          port: main
                        periodSeconds: 10
                        timeoutSeconds: 3
                        failureThreshold: 3
            lost: db, image: no image is known: set `image` in [export.kubernetes], or in a table of its name there
                instead: the name `shop-db`
            lost: migrate, image: no image is known: set `image` in [export.kubernetes], or in a table of its name there
                instead: the name `shop-migrate`
            lost: backend, image: no image is known: set `image` in [export.kubernetes], or in a table of its name there
                instead: the name `shop-backend`
            lost: db, restart: a Deployment starts it again whenever it ends
            lost: migrate, tasks: Kubernetes has no tasks that others wait for
                instead: it runs in front of `backend`, at every start and in each replica
            lost: backend, restart: a Deployment starts it again also after it ended with 0
        "#]],
    );
}
