//! Services of a Compose file, and services that somebody else runs.
//!
//! `docker` is `fixtures/docker.py`: an engine whose containers are processes that are no children of devtasks.

mod broken;
mod container;
mod crash;
mod external;
mod provider;

use std::fs;

use serde_json::Value;

use crate::sandbox::{Ended, Running, Sandbox, eventually, port};

/// A project with the container `db`, and `docker` in its `PATH`.
struct Shop {
    sandbox: Sandbox,
    port: u16,
    engine: Option<Running>,
}

impl Shop {
    /// `more` is further settings of the service, `container` further properties of the container.
    #[track_caller]
    fn new(more: &str, container: &str) -> Shop {
        let port = port();
        let mut sandbox = Sandbox::new(&format!("[services.db]\ncompose = \"db\"\nport = {port}\n{more}\n"));
        sandbox.write_bytes("docker.py", include_bytes!("../fixtures/docker.py"));
        sandbox.write_script("bin/docker", "exec python3 \"${0%/bin/docker}/docker.py\" \"$@\"");
        // A real one, if the machine has it, is not asked.
        sandbox.write_script("bin/docker-compose", "exit 127");
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = sandbox.project().join("bin");
        sandbox.set("PATH", &format!("{}:{path}", bin.display()));
        let shop = Shop {
            sandbox,
            port,
            engine: None,
        };
        shop.write_compose(container);
        shop.start_engine()
    }

    fn write_compose(&self, more: &str) {
        let port = self.port;
        let command = r#"["SERVICE", "--listen", "127.0.0.1:PORT", "--announce", "database system is ready"]"#;
        self.sandbox.write(
            "compose.json",
            &format!(r#"{{"db": {{"command": {command}, "port": {port} {more}}}, "cache": {{}}}}"#),
        );
    }

    #[track_caller]
    fn start_engine(mut self) -> Shop {
        let mut engine = self.sandbox.other("python3");
        engine.args(["docker.py", "engine"]);
        let engine = Running::start(engine);
        engine.wait_for("engine");
        self.engine = Some(engine);
        self
    }

    /// Runs the fake `docker` itself.
    #[track_caller]
    fn docker(&self, words: &[&str]) -> Ended {
        let mut docker = self.sandbox.other("python3");
        docker.arg("docker.py").args(words);
        Running::start(docker).wait().with(0)
    }

    fn misbehave(&self, how: &str) {
        self.sandbox.write(how, "");
    }

    /// The commands of Compose that change something, without repetitions.
    fn changes(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.sandbox.project().join("calls")).unwrap_or_default();
        let changes = calls.lines().filter(|call| {
            let words = ["up", "stop", "kill"];
            call.split(' ').any(|word| words.contains(&word))
        });
        let mut changes: Vec<String> = changes.map(str::to_owned).collect();
        changes.dedup();
        changes
    }

    /// The state of the container, as the engine knows it.
    #[track_caller]
    fn state(&self) -> String {
        let listed = self.docker(&["compose", "ps", "db"]).stdout;
        match listed.lines().next() {
            Some(line) => {
                let container: Value = serde_json::from_str(line).unwrap();
                container["State"].as_str().unwrap().to_owned()
            }
            None => "none".to_owned(),
        }
    }

    #[track_caller]
    fn eventually(&self, state: &str) {
        eventually(|| format!("container is {}", self.state()), || self.state() == state);
    }

    /// `db` in `status`.
    #[track_caller]
    fn status(&self) -> Value {
        let status = self.sandbox.run(&["status", "--format", "json"]).json();
        status["services"][0].clone()
    }
}
