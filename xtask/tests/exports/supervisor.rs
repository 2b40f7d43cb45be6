//! supervisor's files, run by supervisord.

use crate::shop::Shop;

#[test]
fn supervisord_runs_the_stack() {
    let shop = Shop::new("");
    shop.export(&["supervisor"]);
    shop.sandbox.write(
        "supervisord.conf",
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile=%(here)s/log\npidfile=%(here)s/pid\nchildlogdir=%(here)s\n\
         [unix_http_server]\nfile=%(here)s/socket\n\
         [supervisorctl]\nserverurl=unix://%(here)s/socket\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [include]\nfiles=deploy/*.conf\n",
    );
    let states = shop.run(
        r#"
        supervisord -c supervisord.conf >output 2>&1 & supervisord=$!
        ready || { cat output log >&2; exit 1; }
        look
        comes_back
        states() { supervisorctl -c supervisord.conf status | awk '{print $1, $2}'; }
        # It calls a program RUNNING after one second.
        all_run() { [ "$(states | grep -c RUNNING)" = 3 ]; }
        until_is 20 all_run || { states >&2; exit 1; }
        states
        supervisorctl -c supervisord.conf stop shop:web >/dev/null
        states
        supervisorctl -c supervisord.conf stop shop:* >/dev/null
        nothing_left
        kill -TERM $supervisord
        wait $supervisord || true
        # Every key is one that it knows: unknown ones are accepted in silence.
        known=$(grep -ohE '^[a-z_]+=' deploy/shop.conf | sort -u | tr -d =)
        for key in $known; do
            grep -rqE "get\(section, ['\"]$key['\"]|['\"]$key['\"]" /usr/lib/python3/dist-packages/supervisor/options.py ||
                { echo "unknown key $key" >&2; exit 1; }
        done
        "#,
    );
    expect_test::expect![[r#"
        shop:backend RUNNING
        shop:store RUNNING
        shop:web RUNNING
        shop:backend RUNNING
        shop:store RUNNING
        shop:web STOPPED
    "#]]
    .assert_eq(&states);
    shop.has_arrived();
}
