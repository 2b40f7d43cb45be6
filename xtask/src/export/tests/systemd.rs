//! Units of systemd.

use expect_test::expect;

use super::{check, check_example, text_of};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Systemd,
        expect![[r#"
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

#[test]
fn a_users_systemd_has_what_only_devtasks_or_systemd_does() {
    check(
        Target::SystemdUser,
        r#"
        [project]
        name = "my 100% shop"

        [services.outside]
        external = true
        port = 5432

        [services.db]
        compose = "postgres"
        port = 5433

        [services.dns]
        command = "./dns"
        ports = { main = { number = 5353, protocol = "udp", host = "::1" } }
        stop_signal = "SIGQUIT"
        stop_grace_period = "0s"

        [services.web]
        command = "./web"
        ports = { http = 8000, admin = { number = 8001, host = "::" } }
        listen = true
        depends_on = { outside = "healthy", dns = "healthy", db = { condition = "started", restart = true } }
        pidfile = "web.pid"
        tty = true

        [services.api]
        command = "./api"
        port = { number = 8002, host = "0.0.0.0" }
        listen = true
        restart = "always"
        healthcheck = { http = "/?a=1&b=%20", start_period = "500ms" }
        "#,
        expect![[r#"
            === my_100__shop.target
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            # Copy these files to ~/.config/systemd/user, then: systemctl --user daemon-reload && systemctl --user enable --now my_100__shop.target

            [Unit]
            Description=my 100%% shop
            Wants=my_100__shop-db.service
            Wants=my_100__shop-dns.service
            Wants=my_100__shop-web.service
            Wants=my_100__shop-api.service

            [Install]
            WantedBy=default.target
            === my_100__shop-db.service
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: db
            PartOf=my_100__shop.target

            [Service]
            Type=exec
            WorkingDirectory=/srv/shop
            EnvironmentFile=%E/systemd/user/my_100__shop-db.env
            SyslogIdentifier=my_100__shop-db
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :5433 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 5433 is taken: /' | grep . >&2"
            ExecStart=/usr/bin/env docker compose up --no-log-prefix postgres
            ExecStartPost=/bin/sh -c "until timeout 2 bash -c ': </dev/tcp/127.0.0.1/5433' 2>/dev/null; do kill -0 $$MAINPID 2>/dev/null || exit 1; sleep 0.2; done"
            TimeoutStartSec=60
            KillSignal=SIGTERM
            TimeoutStopSec=70
            SuccessExitStatus=143
            === my_100__shop-db.env, for its owner
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            PORT=5433
            PORT_MAIN=5433
            === my_100__shop-dns.service
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: dns
            PartOf=my_100__shop.target

            [Service]
            Type=exec
            WorkingDirectory=/srv/shop
            EnvironmentFile=%E/systemd/user/my_100__shop-dns.env
            SyslogIdentifier=my_100__shop-dns
            ExecStartPre=/bin/sh -c "! ss -Hlnupe 'sport = :5353 and ( src [::1] or src [::] )' 2>/dev/null | sed 's/^/port 5353 is taken: /' | grep . >&2"
            ExecStart=/usr/bin/env ./dns
            TimeoutStartSec=60
            KillSignal=SIGQUIT
            TimeoutStopSec=0.001
            SuccessExitStatus=131 SIGQUIT
            NoNewPrivileges=yes
            === my_100__shop-dns.env, for its owner
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            PORT=5353
            PORT_MAIN=5353
            === my_100__shop-web.service
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: web
            PartOf=my_100__shop.target
            PartOf=my_100__shop-db.service
            Requires=my_100__shop-web.socket
            After=my_100__shop-web.socket
            Wants=my_100__shop-dns.service
            After=my_100__shop-dns.service
            Wants=my_100__shop-db.service
            After=my_100__shop-db.service

            [Service]
            Type=exec
            WorkingDirectory=/srv/shop
            EnvironmentFile=%E/systemd/user/my_100__shop-web.env
            SyslogIdentifier=my_100__shop-web
            ExecStartPre=/bin/sh -c "end=$$(($$(date +%%s)+60)); until timeout 2 bash -c ': </dev/tcp/127.0.0.1/5432' 2>/dev/null; do [ $$(date +%%s) -lt $$end ] || { echo '`outside` is not ready after 60 s' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/bin/sh -c "while state=$$(systemctl --user show -p ActiveState --value my_100__shop-dns.service) && [ $$state != active ]; do [ $$state != failed ] || { echo '`dns` has failed' >&2; exit 1; }; sleep 0.2; done"
            ExecStartPre=/bin/sh -c "pid=$$(grep -m 1 -x '[0-9][0-9]*' /srv/shop/web.pid) || exit 0; age=$$(ps -o etimes= -p $$pid) && [ $$age -ge $$(($$(date +%%s) - $$(stat -c %%Y /srv/shop/web.pid) - 2)) ] || rm -f /srv/shop/web.pid"
            ExecStart=/usr/bin/env LISTEN_FDNAMES=http:admin ./web
            TimeoutStartSec=61
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            NoNewPrivileges=yes
            === my_100__shop-web.socket
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: sockets of web
            PartOf=my_100__shop.target

            [Socket]
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :8000 and ( src 127.0.0.1 or src 0.0.0.0 or src [::] )' 2>/dev/null | sed 's/^/port 8000 is taken: /' | grep . >&2"
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :8001' 2>/dev/null | sed 's/^/port 8001 is taken: /' | grep . >&2"
            ListenStream=127.0.0.1:8000
            ListenStream=[::]:8001
            === my_100__shop-web.env, for its owner
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            PORT=8000
            PORT_ADMIN=8001
            PORT_HTTP=8000
            === my_100__shop-api.service
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: api
            PartOf=my_100__shop.target
            Requires=my_100__shop-api.socket
            After=my_100__shop-api.socket
            StartLimitIntervalSec=60
            StartLimitBurst=6

            [Service]
            Type=exec
            WorkingDirectory=/srv/shop
            EnvironmentFile=%E/systemd/user/my_100__shop-api.env
            SyslogIdentifier=my_100__shop-api
            ExecStart=/usr/bin/env ./api
            ExecStartPost=/bin/sh -c "until curl -fs --noproxy '*' -m 2 -o /dev/null 'http://127.0.0.1:8002/?a=1&b=%%20'; do kill -0 $$MAINPID 2>/dev/null || exit 1; sleep 0.2; done"
            TimeoutStartSec=0.5
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            Restart=always
            RestartSec=1
            RestartPreventExitStatus=126 127 200 203
            NoNewPrivileges=yes
            === my_100__shop-api.socket
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=my 100%% shop: sockets of api
            PartOf=my_100__shop.target

            [Socket]
            ExecStartPre=/bin/sh -c "! ss -Hlntpe 'sport = :8002' 2>/dev/null | sed 's/^/port 8002 is taken: /' | grep . >&2"
            ListenStream=0.0.0.0:8002
            FileDescriptorName=main
            === my_100__shop-api.env, for its owner
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            PORT=8002
            PORT_MAIN=8002
            lost: outside, external: somebody else runs it, so a user's systemd is not told of it
            lost: web, tty: a user's systemd gives it no terminal
            lost: web, depends_on: it waits until `dns` is started: nothing can tell whether that is ready
            lost: web, depends_on: it waits until `db` is ready, not only started
            lost: web, restart: a client that connects starts it again
            lost: api, healthcheck: systemd does not look at health after the start
                instead: its start ends when it is ready
        "#]],
    );
}

#[test]
fn words_and_values_are_quoted() {
    check(
        Target::SystemdUser,
        r#"
        [services.nasty]
        command = ["./show", "two\nlines", "", "it's", "$PORT", "100%", "\\", "ä\u0001\u007f\t", ";", "\"q\""]
        environment = { TEXT = "$$HOME `id` \\n \"q\" it's\n 100% ä\u0001", EMPTY = "", PATH = "/opt/my bin:/bin" }
        working_dir = "100% $$x"
        "#,
        expect![[r#"
            === shop.target
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            # Copy these files to ~/.config/systemd/user, then: systemctl --user daemon-reload && systemctl --user enable --now shop.target

            [Unit]
            Description=shop
            Wants=shop-nasty.service

            [Install]
            WantedBy=default.target
            === shop-nasty.service
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.

            [Unit]
            Description=shop: nasty
            PartOf=shop.target

            [Service]
            Type=exec
            WorkingDirectory=/srv/shop/100%% $x
            EnvironmentFile=%E/systemd/user/shop-nasty.env
            SyslogIdentifier=shop-nasty
            ExecStart=/usr/bin/env ./show "two\nlines" "" "it's" $$PORT 100%% "\\" "ä\x01\x7f\t" ";" "\"q\""
            TimeoutStartSec=60
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            NoNewPrivileges=yes
            === shop-nasty.env, for its owner
            # Made by `devtasks export systemd --user` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd --user` again.
            EMPTY=
            TEXT="\$HOME \`id\` \\n \"q\" it's
             100% ä"
            PATH="/opt/my bin:/bin"
        "#]],
    );
}

#[test]
fn what_systemd_would_drop_or_misread_is_refused() {
    check(
        Target::Systemd,
        "[project]\nname = 'network'\n[services.odd]\ncommand = './a'\nworking_dir = 'a '\nenvironment = { 'a.b' = '' }\n",
        expect![[r#"
            error: the stack cannot be `network.target`: systemd itself has units of this name
            error: systemd would drop variable `a.b` of `odd`: its name is not made of A-Z, a-z, 0-9 and _
            error: the working directory `/srv/shop/a ` cannot be written in a unit
        "#]],
    );
    let long = "x".repeat(200);
    check(
        Target::Systemd,
        &format!("[project]\nname = '{long}'\n[services.odd]\ncommand = './a'\n"),
        expect![[r#"
            error: the project's name has 200 bytes, too many for the name of a unit
        "#]],
    );
}

#[test]
fn a_stack_in_a_protected_directory_may_write_there() {
    let file = "[services.web]\ncommand = './web'\n";
    let sandbox = |root| {
        let text = text_of(Target::Systemd, root, file);
        let mut lines = text.lines().filter(|line| line.starts_with("ReadWritePaths"));
        lines.next().map(str::to_owned)
    };
    assert_eq!(sandbox("/srv/shop"), None);
    let expected = "ReadWritePaths=\"-/usr/local/my shop\"";
    assert_eq!(sandbox("/usr/local/my shop").as_deref(), Some(expected));
}

#[test]
fn secrets_that_a_unit_shows_are_named() {
    check(
        Target::Systemd,
        r#"
        [services.db]
        external = true
        port = 5432
        healthcheck = { tcp = true, start_period = "5m" }

        [services.web]
        command = ["web", "--key", "hunter2"]
        environment = { DB_PASSWORD = "hunter2", PIN_TOKEN = "1" }
        depends_on = ["db"]
        "#,
        expect![[r#"
            === shop.target
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            # Copy these files to /etc/systemd/system, then: systemctl daemon-reload && systemctl enable --now shop.target

            [Unit]
            Description=shop
            Wants=shop-web.service

            [Install]
            WantedBy=multi-user.target
            === shop-web.service
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.

            [Unit]
            Description=shop: web
            PartOf=shop.target
            After=network.target

            [Service]
            Type=exec
            User=root
            WorkingDirectory=/srv/shop
            EnvironmentFile=/etc/systemd/system/shop-web.env
            SyslogIdentifier=shop-web
            ExecStartPre=/bin/sh -c "end=$$(($$(date +%%s)+300)); until timeout 2 bash -c ': </dev/tcp/127.0.0.1/5432' 2>/dev/null; do [ $$(date +%%s) -lt $$end ] || { echo '`db` is not ready after 300 s' >&2; exit 1; }; sleep 0.2; done"
            ExecStart=/usr/bin/env web --key hunter2
            TimeoutStartSec=301
            KillSignal=SIGTERM
            TimeoutStopSec=10
            SuccessExitStatus=143
            NoNewPrivileges=yes
            ProtectSystem=full
            ProtectControlGroups=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            === shop-web.env, for its owner
            # Made by `devtasks export systemd` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export systemd` again.
            DB_PASSWORD=hunter2
            PIN_TOKEN=1
            lost: db, external: somebody else runs it, so systemd is not told of it
            lost: the stack, user: `[export] user` is not set, so the services run as root
            lost: web, command: its unit, which everybody may read, holds the value of `DB_PASSWORD`
        "#]],
    );
}

#[test]
fn a_directory_of_windows_says_nothing_of_the_place_where_it_will_run() {
    let file = "[services.a]\ncommand = 'a'";
    for target in [Target::Systemd, Target::Supervisor, Target::Pm2, Target::Procfile] {
        let expected = format!(
            "error: {} is for a Unix system, which has no `C:\\shop`\n",
            target.title()
        );
        assert_eq!(text_of(target, r"C:\shop", file), expected);
    }
    assert!(!text_of(Target::Compose, r"C:\shop", file).contains("error"));
    assert!(!text_of(Target::Vector, r"C:\shop", file).contains("error"));
}
