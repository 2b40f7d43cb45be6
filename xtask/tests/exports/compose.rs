//! Compose files, run by Docker Compose on podman.

use crate::it::sandbox::{Sandbox, output};
use crate::podman::PODMAN;
use crate::shop::Shop;
use crate::tools;

/// The image `shop:1`: the program, a shell, and what looks whether it answers: `wget` for HTTP, bash for a connection.
pub(crate) const IMAGE: &str = r#"
mkdir -p image/bin 'image/app/back end' image/tmp
cp app image/app/app
cp "$(command -v busybox)" image/bin/busybox
cp "$(command -v bash-static)" image/bin/bash
for applet in sh wget touch sleep; do ln -s busybox image/bin/$applet; done
tar -C image -c . | pod import --change 'WORKDIR /app' --change 'ENV PATH=/bin' - shop:1 >/dev/null 2>&1
"#;

/// Podman's socket for Compose; without systemd nothing else runs podman's health checks.
const ENGINE: &str = r#"
export DOCKER_HOST="unix://$PWD/engine.sock"
pod system service --time=0 "$DOCKER_HOST" >service.log 2>&1 &
until [ -S engine.sock ]; do :; done
( while sleep 0.5; do for it in $(pod ps -q); do pod healthcheck run "$it" || true; done; done ) >/dev/null 2>&1 &
"#;

/// Lines of an env file, and what Compose and devtasks read from them.
const ENV_FILE: &str = r#"
BACKEND_PORT=8000
FROM_FILE='a b'
FILE_PLAIN=  a b # comment
FILE_SINGLE='$HOME ${PATH} \n "x"'
FILE_DOUBLE="first\n  second\t\"x\" \\ \$HOME"
FILE_FILLED="${FROM_FILE}, ${BACKEND_PORT:-1}"
FILE_HASH=a#b
FILE_EQUALS=a=b=c
FILE_UTF8=größer
export FILE_EXPORT=1
FILE_EMPTY=
"#;

#[test]
fn compose_runs_the_stack_needs_root() {
    let shop = Shop::new("[export.compose]\nimage = 'localhost/shop:1'\n");
    shop.sandbox.write(".env", ENV_FILE);
    shop.export(&["compose"]);
    // The task leaves a file for the backend.
    let shared =
        "services:\n  migrate: {volumes: ['app:/app']}\n  backend: {volumes: ['app:/app']}\nvolumes: {app: {}}\n";
    shop.sandbox.write("shared.yaml", shared);
    let bin = tools::compose();
    let bin = bin.display();
    shop.run(&format!(
        r#"
        {PODMAN}
        {IMAGE}
        {ENGINE}
        {bin}/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml >&2
        {bin}/docker-compose -f deploy/compose.yaml config -q
        compose() {{ {bin}/docker-compose -f deploy/compose.yaml -f shared.yaml "$@" 2>>log; }}
        compose up -d || {{ cat log >&2; compose ps -a >&2; compose logs >&2; exit 1; }}
        ready
        look
        # One program is enough for the health check of HTTP.
        line=$(compose config --format json | python3 -c '
import json, sys
print(json.load(sys.stdin)["services"]["backend"]["healthcheck"]["test"][1].replace("$$", "$"))')
        for it in curl wget bash; do mkdir "only-$it"; ln -s "$(command -v $it)" "only-$it/$it"; done
        for it in curl wget bash; do PATH="only-$it" /bin/sh -c "$line"; done
        of_backend() {{ pgrep -f '^\.\./app 8000'; }}
        is_new() {{ now=$(of_backend) && [ "$now" != "$1" ] && answers 8000/; }}
        old=$(of_backend)
        kill -9 "$old"
        until_is 20 is_new "$old"
        compose down -t 3
        nothing_left
        for it in curl wget bash; do ! PATH="only-$it" /bin/sh -c "$line" 2>/dev/null || exit 9; done
        [ -z "$(pod ps -aq)" ]
        "#
    ));
    shop.has_arrived_in("/app/back end", "store:6390");
    let printed = shop.sandbox.run(&["env", "backend", "--format", "json", "--reveal"]);
    let ours: serde_json::Value = serde_json::from_str(&printed.with(0).stdout).unwrap();
    let names = ENV_FILE.lines().filter_map(|line| line.split_once('='));
    let names = names.map(|(name, _)| name.trim_start_matches("export "));
    let theirs = shop.look().environment;
    for name in names {
        let ours = &ours["variables"][name];
        assert_eq!(theirs.get(name).map(String::as_str), ours.as_str(), "{name}: {ours:#}");
        assert!(ours.is_string(), "{name}");
    }
}

#[test]
fn compose_takes_what_the_shop_does_not_have() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "My Shop!"
        [export.compose]
        build = "."
        [services.db]
        compose = "postgres"
        compose_file = "ops/compose.dev.yaml"
        [services.odd]
        command = "./odd"
        tty = true
        depends_on = { db = { restart = true } }
        ports = { main = { number = 8000, host = "::1" }, udp = { number = 8001, protocol = "udp" } }
        stop_signal = "SIGINT"
        stop_grace_period = "1500ms"
        restart = "on-failure"
        [services.seldom]
        command = ["./seldom", "$${X} $$$$"]
        profiles = ["some"]
        stdin = "open"
        [tasks.seed]
        command = "./seed"
        depends_on = ["db"]
        "#,
    );
    let other = "services:\n  postgres:\n    image: postgres:17\n    volumes: ['data:/data']\nvolumes: {data: {}}\n";
    sandbox.write("ops/compose.dev.yaml", other);
    sandbox.run(&["export", "compose", "--output", "deploy"]).with(0);
    sandbox.write("deploy/compose.override.yaml", "volumes: {data: {}}\n");
    let file = ["--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"];
    run(&sandbox, "check-jsonschema", &file);
    let compose = |arguments: &[&str]| {
        let words = [&["--project-directory", "deploy"], arguments].concat();
        let printed = run(&sandbox, "docker-compose", &words);
        let mut lines: Vec<_> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(compose(&["config", "--services"]), ["db", "odd"]);
    assert_eq!(
        compose(&["--profile", "some", "config", "--services"]),
        ["db", "odd", "seldom"]
    );
    assert_eq!(
        compose(&["--profile", "tasks", "config", "--services"]),
        ["db", "odd", "seed"]
    );
}

#[track_caller]
fn run(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> String {
    let ended = output(sandbox.other(tools::compose().join(program)).args(arguments));
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}
