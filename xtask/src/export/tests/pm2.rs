//! PM2.

use expect_test::expect;

use super::{SHOP, check};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check(
        Target::Pm2,
        SHOP,
        expect![[r#"
            === ecosystem.config.cjs, for its owner
            // Made by `devtasks export pm2` from devtasks.toml.
            // Changes are lost: edit those, and run `devtasks export pm2` again.
            module.exports = {
              apps: [
                {
                  name: "shop-db",
                  namespace: "shop",
                  cwd: "/srv/shop",
                  script: "/usr/bin/env",
                  args: ["redis-server", "--port", "6390", "--save", ""],
                  interpreter: "none",
                  env: {
                    "BACKEND_PORT": "8000",
                    "DB_PORT": "6390",
                    "PORT": "6390",
                    "PORT_MAIN": "6390",
                  },
                  autorestart: false,
                  kill_timeout: 10000,
                  uid: "shop",
                },
                {
                  name: "shop-backend",
                  namespace: "shop",
                  cwd: "/srv/shop/backend",
                  script: "/bin/sh",
                  args: ["-c", "tries=0; until bash -c ': </dev/tcp/127.0.0.1/6390' 2>/dev/null; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '`db` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; ( cd /srv/shop && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv alembic upgrade head ) || exit; \"$@\"; code=$?; [ $code -ne 0 ] || exit 79; exit $code", "sh", "python", "-m", "uvicorn", "app:app", "--port", "8000"],
                  interpreter: "none",
                  env: {
                    PATH: "/srv/shop/backend/.venv/bin:" + process.env.PATH,
                    "BACKEND_PORT": "8000",
                    "DB_PORT": "6390",
                    "DB_URL": "redis://127.0.0.1:6390",
                    "GREETING": "it's $5, 100%",
                    "PORT": "8000",
                    "PORT_MAIN": "8000",
                    "PYTHONUNBUFFERED": "1",
                    "VIRTUAL_ENV": "/srv/shop/backend/.venv",
                  },
                  autorestart: true,
                  kill_timeout: 10000,
                  stop_exit_codes: [79],
                  max_restarts: 5,
                  min_uptime: "10s",
                  uid: "shop",
                },
                {
                  name: "shop-worker",
                  namespace: "shop",
                  cwd: "/srv/shop/backend",
                  script: "/bin/sh",
                  args: ["-c", "tries=0; until bash -c ': </dev/tcp/127.0.0.1/6390' 2>/dev/null; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '`db` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; exec \"$@\"", "sh", "python", "worker.py"],
                  interpreter: "none",
                  env: {
                    PATH: "/srv/shop/backend/.venv/bin:" + process.env.PATH,
                    "BACKEND_PORT": "8000",
                    "DB_PORT": "6390",
                    "PYTHONUNBUFFERED": "1",
                    "VIRTUAL_ENV": "/srv/shop/backend/.venv",
                  },
                  autorestart: true,
                  kill_timeout: 10000,
                  exp_backoff_restart_delay: 100,
                  max_restarts: 5,
                  min_uptime: "10s",
                  uid: "shop",
                },
                {
                  name: "shop-frontend",
                  namespace: "shop",
                  cwd: "/srv/shop",
                  script: "/bin/sh",
                  args: ["-c", "tries=0; until curl -fs -m 3 -o /dev/null http://127.0.0.1:8000/healthz; do tries=$((tries+1)); [ $tries -lt 150 ] || { echo '`backend` is not ready after 30 s' >&2; exit 1; }; sleep 0.2; done; tries=0; until ( cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv python check.py ) >/dev/null 2>&1; do tries=$((tries+1)); [ $tries -lt 300 ] || { echo '`worker` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; exec \"$@\"", "sh", "sh", "-c", "npm run dev | tee log"],
                  interpreter: "none",
                  env: {
                    "BACKEND_PORT": "8000",
                    "DB_PORT": "6390",
                    "PORT": "8080",
                    "PORT_HMR": "24678",
                    "PORT_HTTP": "8080",
                  },
                  autorestart: false,
                  kill_timeout: 10000,
                  uid: "shop",
                },
              ],
            };
            lost: db, healthcheck: PM2 does not look at health
                instead: a wait for it in front of `backend`, `worker`
            lost: migrate, tasks: PM2 does not run tasks
                instead: it runs in front of `backend`, at every start
            lost: backend, healthcheck: PM2 does not look at health
                instead: a wait for it in front of `frontend`
            lost: worker, healthcheck: PM2 does not look at health
                instead: a wait for it in front of `frontend`
            lost: db, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
            lost: backend, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
            lost: worker, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
            lost: frontend, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
        "#]],
    );
}

#[test]
fn a_signal_that_pm2_sends_is_not_lost() {
    check(
        Target::Pm2,
        r#"
        [services.a]
        command = ["show", "it's\n\"100%\"\u0001"]
        stop_signal = "SIGINT"
        environment = { PATH = "/opt/bin" }
        "#,
        expect![[r#"
            === ecosystem.config.cjs, for its owner
            // Made by `devtasks export pm2` from devtasks.toml.
            // Changes are lost: edit those, and run `devtasks export pm2` again.
            module.exports = {
              apps: [
                {
                  name: "shop-a",
                  namespace: "shop",
                  cwd: "/srv/shop",
                  script: "/usr/bin/env",
                  args: ["show", "it's\n\"100%\"\u0001"],
                  interpreter: "none",
                  env: {
                    PATH: "/opt/bin",
                  },
                  autorestart: false,
                  kill_timeout: 10000,
                  uid: "shop",
                },
              ],
            };
        "#]],
    );
}
