//! Real container engines and service managers, each in a network and process table of its own: what is said of a port of
//! theirs, and that nobody is signalled.

use serde_json::Value;

use crate::it::sandbox::{Running, Sandbox};
use crate::podman::PODMAN;

/// Runs a script where any port may be used and everything dies with it; `$X` is the program. What it printed.
#[track_caller]
pub(super) fn run(sandbox: &Sandbox, script: &str) -> String {
    let program = env!("CARGO_BIN_EXE_xtask");
    let text = format!("set -eu\nip link set lo up\nX={program}\n{script}\n");
    sandbox.write("script", &text);
    let mut command = sandbox.other("unshare");
    command.args([
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "bash",
        "script",
    ]);
    let ended = Running::start(command).wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

/// The ports of `port who --format json`, a line each.
#[track_caller]
fn ports(printed: &str) -> Vec<Value> {
    let documents = printed.lines().filter(|line| line.starts_with('{'));
    let document = |line: &str| serde_json::from_str::<Value>(line).unwrap()["ports"][0].clone();
    documents.map(document).collect()
}

/// Looks until somebody listens there: `until_busy PORT`.
pub(super) const UNTIL_BUSY: &str = "until_busy() { $X port wait $1 --busy --timeout 30s >/dev/null; }";

/// An image of one static program that answers on port 80.
pub(super) const SERVER: &str = r#"
cat >server.c <<'EOF'
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
int main() {
    struct sockaddr_in any = {AF_INET, htons(80)};
    int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (void *)&any, sizeof any) || listen(server, 9)) return 1;
    for (;;) close(accept(server, 0, 0));
}
EOF
mkdir -p image && cc -static -o image/server server.c
tar -C image -c . | pod import --change 'CMD ["/server"]' - web:1 >/dev/null 2>&1
"#;

#[test]
fn podman_needs_root() {
    let sandbox = Sandbox::new("");
    let printed = run(
        &sandbox,
        &format!(
            r#"{UNTIL_BUSY}
            {PODMAN}
            {SERVER}
            labels="--label com.docker.compose.project=shop --label com.docker.compose.service=web"
            pod run -d --name shop-web $labels -p 7300:80 web:1 >/dev/null
            until_busy 7300
            $X port who 7300 --format json
            pod system service --time=0 "unix://$PWD/engine.sock" >service.log 2>&1 &
            until [ -S engine.sock ]; do :; done
            ask() {{ CONTAINER_HOST="unix://$PWD/engine.sock" $X port "$@"; }}
            ask who 7300 --format json
            if ask kill 7300 --yes --foreign; then exit 9; fi
            pod run -d --name host --net host web:1 >/dev/null
            until_busy 80
            ask who 80 --format json"#
        ),
    );
    let [silent, asked, host] = &ports(&printed)[..] else {
        panic!("three documents were printed: {printed}");
    };
    for port in [silent, asked, host] {
        assert_eq!(port["code"], "port.busy.container", "{port:#}");
    }
    let container = |port: &Value| port["owners"][0]["container"].clone();
    // Podman's monitor tells its name even while no socket is open.
    assert_eq!(container(silent)["name"], "shop-web", "{silent:#}");
    assert_eq!(silent["hints"][0], "stop it with `podman stop shop-web`");
    assert_eq!(container(asked)["runtime"], "podman", "{asked:#}");
    assert_eq!(container(asked)["project"], "shop", "{asked:#}");
    assert_eq!(container(asked)["service"], "web", "{asked:#}");
    assert_eq!(host["owners"][0]["name"], "server", "{host:#}");
    assert_eq!(container(host)["name"], "host", "{host:#}");
}

#[test]
fn supervisord_needs_root() {
    let sandbox = Sandbox::new("");
    sandbox.write(
        "s.conf",
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile=s.log\npidfile=s.pid\n\
         [unix_http_server]\nfile=s.sock\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://s.sock\n\
         [program:web]\ncommand=python3 -m http.server 7311 --bind 127.0.0.1\nredirect_stderr=true\n\
         [group:shop]\nprograms=web\n",
    );
    let printed = run(
        &sandbox,
        &format!(
            "{UNTIL_BUSY}
            setsid supervisord -c s.conf >/dev/null 2>&1 &
            until_busy 7311
            $X port who 7311 --format json
            if $X port kill 7311 --yes; then exit 9; fi
            # What the hint says works.
            eval \"$($X port who 7311 --format json | sed 's/.*stop it with `//; s/`.*//')\"
            $X port who 7311 --format json"
        ),
    );
    let [busy, free] = &ports(&printed)[..] else {
        panic!("two documents were printed: {printed}");
    };
    assert_eq!(busy["code"], "port.busy.system_service", "{busy:#}");
    assert_eq!(busy["owners"][0]["protected"], "supervisord runs it as `shop:web`");
    assert_eq!(free["code"], "port.free", "{free:#}");
}
