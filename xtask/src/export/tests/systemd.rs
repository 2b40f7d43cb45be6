//! Units of systemd.

mod special;

use expect_test::expect;

use super::{SHOP, check};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check(
        Target::Systemd,
        SHOP,
        expect![[r#"
            === shop.target
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            # Copy these files to /etc/systemd/system, then: systemctl daemon-reload && systemctl enable --now shop.target

            [Unit]
            Description=shop
            Wants=shop-db.service
            Wants=shop-backend.service
            Wants=shop-worker.service
            Wants=shop-frontend.service

            [Install]
            WantedBy=multi-user.target
            === shop-db.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: db
            PartOf=shop.target
            After=network.target

            [Service]
            Type=exec
            User=root
            WorkingDirectory=/srv/shop
            EnvironmentFile=/etc/systemd/system/shop-db.env
            SyslogIdentifier=shop-db
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :6390 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 6390 is taken: /' | grep . >&2"
            ExecStart=/usr/bin/env redis-server --port 6390 --save ""
            ExecStartPost=/bin/sh -c "until bash -c ': </dev/tcp/127.0.0.1/6390' 2>/dev/null; do kill -0 $$MAINPID || exit 1; sleep 0.2; done"
            TimeoutStartSec=60
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-db.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            BACKEND_PORT=8000
            DB_PORT=6390
            PORT=6390
            PORT_MAIN=6390
            === shop-migrate.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: migrate
            PartOf=shop.target
            Wants=shop-db.service
            After=shop-db.service
            After=network.target

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            User=root
            WorkingDirectory=/srv/shop
            EnvironmentFile=/etc/systemd/system/shop-migrate.env
            SyslogIdentifier=shop-migrate
            ExecStartPre=/bin/sh -c "while state=$$(systemctl show -p ActiveState --value shop-db.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`db` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/usr/bin/env /srv/shop/backend/.venv/bin/python -c pass
            ExecStart=/usr/bin/env PATH=/srv/shop/backend/.venv/bin:${PATH} alembic upgrade head
            KillSignal=SIGTERM
            TimeoutStopSec=10
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-migrate.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            BACKEND_PORT=8000
            DB_PORT=6390
            PYTHONUNBUFFERED=1
            VIRTUAL_ENV=/srv/shop/backend/.venv
            === shop-backend.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: backend
            PartOf=shop.target
            Wants=shop-db.service
            After=shop-db.service
            Requires=shop-migrate.service
            After=shop-migrate.service
            After=network.target
            StartLimitIntervalSec=60
            StartLimitBurst=6

            [Service]
            Type=exec
            User=root
            WorkingDirectory=/srv/shop/backend
            EnvironmentFile=/etc/systemd/system/shop-backend.env
            SyslogIdentifier=shop-backend
            ExecStartPre=/bin/sh -c "while state=$$(systemctl show -p ActiveState --value shop-db.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`db` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/usr/bin/env /srv/shop/backend/.venv/bin/python -c pass
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :8000 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 8000 is taken: /' | grep . >&2"
            ExecStart=/usr/bin/env PATH=/srv/shop/backend/.venv/bin:${PATH} python -m uvicorn app:app --port 8000
            ExecStartPost=/bin/sh -c "until curl -fs -m 3 -o /dev/null http://127.0.0.1:8000/healthz; do kill -0 $$MAINPID || exit 1; sleep 0.2; done"
            TimeoutStartSec=30
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            Restart=on-failure
            RestartSec=1
            RestartPreventExitStatus=126 127 200 203
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-backend.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            BACKEND_PORT=8000
            DB_PORT=6390
            DB_URL=redis://127.0.0.1:6390
            GREETING="it's \$5, 100%"
            PORT=8000
            PORT_MAIN=8000
            PYTHONUNBUFFERED=1
            VIRTUAL_ENV=/srv/shop/backend/.venv
            === shop-worker.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: worker
            PartOf=shop.target
            Wants=shop-backend.service
            After=shop-backend.service
            Wants=shop-db.service
            After=shop-db.service
            After=network.target
            StartLimitIntervalSec=60
            StartLimitBurst=6

            [Service]
            Type=exec
            User=root
            WorkingDirectory=/srv/shop/backend
            EnvironmentFile=/etc/systemd/system/shop-worker.env
            SyslogIdentifier=shop-worker
            ExecStartPre=/bin/sh -c "while state=$$(systemctl show -p ActiveState --value shop-db.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`db` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/usr/bin/env /srv/shop/backend/.venv/bin/python -c pass
            ExecStart=/usr/bin/env PATH=/srv/shop/backend/.venv/bin:${PATH} python worker.py
            ExecStartPost=/bin/sh -c "until PATH=/srv/shop/backend/.venv/bin:\"$$PATH\" python check.py >/dev/null 2>&1; do kill -0 $$MAINPID || exit 1; sleep 0.2; done"
            TimeoutStartSec=60
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            Restart=always
            RestartSec=1
            RestartPreventExitStatus=126 127 200 203
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-worker.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            BACKEND_PORT=8000
            DB_PORT=6390
            PYTHONUNBUFFERED=1
            VIRTUAL_ENV=/srv/shop/backend/.venv
            === shop-frontend.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: frontend
            PartOf=shop.target
            Wants=shop-backend.service
            After=shop-backend.service
            Wants=shop-worker.service
            After=shop-worker.service
            After=network.target

            [Service]
            Type=exec
            User=root
            WorkingDirectory=/srv/shop
            EnvironmentFile=/etc/systemd/system/shop-frontend.env
            SyslogIdentifier=shop-frontend
            ExecStartPre=/bin/sh -c "while state=$$(systemctl show -p ActiveState --value shop-backend.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`backend` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/bin/sh -c "while state=$$(systemctl show -p ActiveState --value shop-worker.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`worker` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :8080 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 8080 is taken: /' | grep . >&2"
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :24678 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 24678 is taken: /' | grep . >&2"
            ExecStart=/usr/bin/env sh -c "npm run dev | tee log"
            ExecStartPost=/bin/sh -c "until bash -c ': </dev/tcp/127.0.0.1/8080' 2>/dev/null; do kill -0 $$MAINPID || exit 1; sleep 0.2; done"
            TimeoutStartSec=60
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-frontend.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            BACKEND_PORT=8000
            DB_PORT=6390
            PORT=8080
            PORT_HMR=24678
            PORT_HTTP=8080
            lost: the stack, user: `[export] user` is not set, so the services run as root
            lost: db, healthcheck: systemd does not look at health after the start
                instead: its start ends when it is ready
            lost: backend, healthcheck: systemd does not look at health after the start
                instead: its start ends when it is ready
            lost: worker, healthcheck: systemd does not look at health after the start
                instead: its start ends when it is ready
            lost: worker, depends_on: it waits until `backend` is ready, not only started
        "#]],
    );
}
