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
      args: ["-c", "end=$(($(date +%s)+60)); until timeout 2 bash -c ': </dev/tcp/127.0.0.1/6390' 2>/dev/null; do [ $(date +%s) -lt $end ] || { echo '`db` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; ( cd /srv/shop && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv alembic upgrade head ) || exit; ( cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 DB_URL=redis://127.0.0.1:6390 'GREETING=it'\\''s $5, 100%' PORT=8000 PORT_MAIN=8000 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv python -m uvicorn app:app --port 8000 ); code=$?; [ $code -ne 0 ] || exit 79; exit $code"],
      interpreter: "none",
      env: {
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
      args: ["-c", "end=$(($(date +%s)+60)); until timeout 2 bash -c ': </dev/tcp/127.0.0.1/6390' 2>/dev/null; do [ $(date +%s) -lt $end ] || { echo '`db` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv python worker.py"],
      interpreter: "none",
      env: {
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
      args: ["-c", "end=$(($(date +%s)+30)); until curl -fs --noproxy '*' -m 3 -o /dev/null http://127.0.0.1:8000/healthz; do [ $(date +%s) -lt $end ] || { echo '`backend` is not ready after 30 s' >&2; exit 1; }; sleep 0.2; done; end=$(($(date +%s)+60)); until ( cd /srv/shop/backend && exec env PATH=/srv/shop/backend/.venv/bin:\"$PATH\" BACKEND_PORT=8000 DB_PORT=6390 PYTHONUNBUFFERED=1 VIRTUAL_ENV=/srv/shop/backend/.venv timeout 2 python check.py ) >/dev/null 2>&1; do [ $(date +%s) -lt $end ] || { echo '`worker` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done; cd /srv/shop && exec env BACKEND_PORT=8000 DB_PORT=6390 PORT=8080 PORT_HMR=24678 PORT_HTTP=8080 sh -c 'npm run dev | tee log'"],
      interpreter: "none",
      env: {
      },
      autorestart: false,
      kill_timeout: 10000,
      uid: "shop",
    },
  ],
};
