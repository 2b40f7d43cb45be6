//! Units, run by `systemd --user` in namespaces, and by a systemd that was booted in a container.

use crate::it::sandbox::Sandbox;
use crate::shop::{Shop, compile, run_by};
use crate::tools;

const USER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/systemd/user.sh");
const BOOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/systemd/boot.sh");

/// Functions of a script.
const TOOLS: &str = r#"
sc() { systemctl --user "$@"; }
log() { journalctl -D /run/log/journal -t shop-$1 -o cat --no-pager; }
state() { sc show -P ActiveState "shop-$1.service"; }
main_pid() { sc show -P MainPID "shop-$1.service"; }
is() { [ "$(state "$1")" = "$2" ]; }
"#;

#[test]
fn a_users_systemd_runs_the_stack() {
    let shop = Shop::new("");
    shop.export(&["systemd", "--user"]);
    let script = r#"
        systemd-analyze --user verify deploy/*.target deploy/*.service >verified 2>&1
        [ ! -s verified ] || { cat verified; exit 1; }
        cp deploy/* ~/.config/systemd/user/
        sc daemon-reload
        sc start shop.target
        # The start has waited until all are ready.
        answers 8080/
        look
        comes_back
        # All of it, with its task.
        old=$(get 8000/pid)
        rm migrated
        sc restart shop.target
        answers 8080/
        is_new "$old"
        [ -e migrated ]
        sc stop shop.target
        nothing_left

        # Somebody else has the port.
        ./app 8000 & holder=$!
        until_is 10 answers 8000/
        sc start shop.target
        is backend failed
        log backend | grep "port 8000 is taken: LISTEN.*\"app\",pid=$holder,"
        kill $holder
        sc stop shop.target
        nothing_left
    "#;
    shop.run_by(&[USER], &format!("{TOOLS}{script}"));
    shop.has_arrived();
}

#[test]
fn dependents_follow_their_dependencies_as_devtasks_toml_says() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "shop"

        [services.db]
        command = "[ -e tried ] || { touch tried; exit 1; }; exec ./app 6390"
        shell = true
        port = 6390
        restart = "on-failure"

        [services.stays]
        command = "./app 8001 --asks 127.0.0.1:6390"
        port = 8001
        depends_on = ["db"]

        [services.follows]
        command = "./app 8002 --asks 127.0.0.1:6390"
        port = 8002
        depends_on = { db = { restart = true } }

        [services.broken]
        command = "./none"
        port = 8003
        restart = "always"

        [services.blocked]
        command = "./app 8004"
        port = 8004
        depends_on = ["broken"]

        [services.unprepared]
        command = "./app 8005"
        depends_on = ["fails"]

        [tasks.fails]
        command = "false"
        "#,
    );
    compile(&sandbox);
    sandbox
        .run(&["export", "systemd", "--user", "--output", "deploy"])
        .with(0);
    let script = r#"
        cp deploy/* ~/.config/systemd/user/
        sc daemon-reload
        sc start shop.target
        # The first start of `db` has failed, and the second has not.
        is db active; is stays active; is follows active
        # There is no such program, and it is not looked for again.
        is broken failed; is blocked failed
        [ "$(sc show -P NRestarts shop-broken.service)" = 0 ]
        is fails failed; is unprepared inactive
        log blocked | grep '`broken` has failed'

        is_new_pid() { local now; now=$(main_pid $1); [ $now != 0 ] && [ $now != $2 ]; }
        for how in crash restart; do
          stays=$(main_pid stays) follows=$(main_pid follows) db=$(main_pid db)
          case $how in
            crash) kill -9 $db ;;
            restart) sc restart shop-db.service ;;
          esac
          until_is 10 is_new_pid db $db
          until_is 10 is_new_pid follows $follows
          until_is 10 is follows active
          ! is_new_pid stays $stays
        done
        sc stop shop.target
        nothing_left
    "#;
    run_by(&sandbox, &[USER], &format!("{TOOLS}{script}"));
}

#[test]
fn sockets_stay_open_while_their_service_restarts() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "shop"

        [services.web]
        command = "./app 8000 --inherit"
        ports = { http = 8000, admin = 8001 }
        listen = true
        healthcheck = { http = "/" }
        "#,
    );
    compile(&sandbox);
    sandbox
        .run(&["export", "systemd", "--user", "--output", "deploy"])
        .with(0);
    let script = r#"
        systemd-analyze --user verify deploy/*.target deploy/*.service deploy/*.socket >verified 2>&1
        [ ! -s verified ] || { cat verified; exit 1; }
        cp deploy/* ~/.config/systemd/user/
        sc daemon-reload
        sc start shop.target
        get 8000/environ | tr '\0' '\n' | grep -x LISTEN_FDNAMES=http:admin
        # Requests without a pause, while it restarts three times.
        touch go
        ( n=0; while [ -e go ]; do get 8000/ >/dev/null || exit 1; n=$((n+1)); done; echo $n requests ) >requests 2>&1 & client=$!
        for _ in 1 2 3; do old=$(main_pid web); sc restart shop-web.service; [ "$(main_pid web)" != $old ]; done
        rm go
        wait $client || { cat requests; exit 1; }
        cat requests
        # A client starts it again.
        kill -9 "$(main_pid web)"
        until_is 10 is web failed
        get 8000/
        sc stop shop.target
        nothing_left

        # Somebody else has the port.
        ./app 8001 & holder=$!
        until_is 10 answers 8001/
        sc start shop.target
        ! is web active
        journalctl -D /run/log/journal --no-pager -o cat | grep "port 8001 is taken: .*,pid=$holder,"
    "#;
    run_by(&sandbox, &[USER], &format!("{TOOLS}{script}"));
}

#[test]
fn a_booted_systemd_runs_the_stack_as_a_user() {
    let shop = Shop::new("[export]\nuser = \"daemon\"\n");
    shop.export(&["systemd"]);
    let script = r#"
        systemd-analyze verify deploy/*.target deploy/*.service >verified 2>&1
        [ ! -s verified ] || { cat verified; exit 1; }
        cp deploy/* /etc/systemd/system/
        chown -R daemon .
        systemctl daemon-reload
        systemctl enable --quiet --now shop.target
        answers 8080/
        look
        [ "$(ps -o user= -p "$(get 8000/pid)")" = daemon ]
        [ "$(stat -c %a /etc/systemd/system/shop-backend.env)" = 600 ]
        comes_back
        journalctl -u shop-backend -o json | grep -c '"MESSAGE":"listening on 8000"' | grep -x 2
        systemctl stop shop.target
        nothing_left

        # Somebody else has the port: what another user may see of it is shown.
        systemd-run --quiet --unit=holder ./app 8000
        until_is 10 answers 8000/
        systemctl start shop.target
        systemctl is-failed --quiet shop-backend
        journalctl -u shop-backend -o cat | grep 'port 8000 is taken: LISTEN.* cgroup:/system.slice/holder.service'
    "#;
    let nspawn = tools::nspawn().display().to_string();
    shop.run_by(&[BOOT, &nspawn], script);
    shop.has_arrived();
}

#[test]
fn a_start_checks_the_venv_and_removes_a_stale_pid_file() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "shop"

        [venvs.own]
        path = "a venv"

        [services.python]
        command = ["python", "-c", "import sys, time; print(sys.prefix, flush=True); time.sleep(1000)"]
        venv = "own"
        healthcheck = { command = ["python", "-c", "import sys; sys.exit(not sys.prefix.endswith('a venv'))"] }
        restart = "on-failure"

        [services.gone]
        command = "sleep 1000"
        pidfile = "it's gone.pid"

        [services.lives]
        command = "sleep 1000"
        pidfile = "lives.pid"

        [services.reused]
        command = "sleep 1000"
        pidfile = "reused.pid"

        [services.odd]
        command = "sleep 1000"
        pidfile = "odd.pid"

        [services.none]
        command = "sleep 1000"
        pidfile = "none.pid"
        "#,
    );
    sandbox
        .run(&["export", "systemd", "--user", "--output", "deploy"])
        .with(0);
    let script = r#"
        python3 -m venv --without-pip 'a venv'
        echo 4194304 >"it's gone.pid"
        echo $$ >lives.pid
        printf '%s\n5432\n' $$ >reused.pid
        touch -d '1 hour ago' reused.pid
        echo 'no pid' >odd.pid
        cp deploy/* ~/.config/systemd/user/
        sc daemon-reload
        sc start shop.target
        for it in python gone lives reused odd none; do is $it active; done
        [ "$(ls *.pid)" = "$(printf 'lives.pid\nodd.pid')" ]
        log python | grep -x "$PWD/a venv"
        rm 'a venv/bin/python'
        ! sc restart shop-python.service
        log python | grep "$PWD/a venv/bin/python.*No such file"
        sc stop shop.target
    "#;
    run_by(&sandbox, &[USER], &format!("{TOOLS}{script}"));
}

#[test]
fn a_users_service_has_a_port_below_1024() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "shop"
        [export]
        user = "daemon"

        [services.held]
        command = "./app 81 --inherit"
        port = 81
        listen = true

        [services.web]
        command = "./app 80"
        port = 80
        "#,
    );
    compile(&sandbox);
    sandbox.run(&["export", "systemd", "--output", "deploy"]).with(0);
    // As docs/production.md says; the sandbox replaces the whole word.
    let script = r#"
        chown -R daemon .
        cp deploy/* /etc/systemd/system/
        mkdir /etc/systemd/system/shop-web.service.d
        printf '[Service]\nAmbientCapabilities=CAP_NET_BIND_SERV%s\n' ICE >/etc/systemd/system/shop-web.service.d/ports.conf
        systemctl daemon-reload
        systemctl start shop.target
        for port in 80 81; do [ "$(ps -o user= -p "$(get $port/pid)")" = daemon ]; done
    "#;
    let nspawn = tools::nspawn().display().to_string();
    run_by(&sandbox, &[BOOT, &nspawn], &format!("{TOOLS}{script}"));
}
