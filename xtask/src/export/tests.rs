//! What the targets get of a whole `devtasks.toml`, as text.

mod compose;
mod kubernetes;
mod procfile;
mod yaml;

use std::path::Path;

use expect_test::Expect;

use super::{Request, Target, export};
use crate::plan::planned;

/// Services that have to do with each other in every way that `devtasks.toml` knows.
const SHOP: &str = r#"
[project]
name = "shop"

[venvs.api]
path = "backend/.venv"

[services.db]
command = "redis-server --port ${DB_PORT:-6390} --save ''"
port = "${DB_PORT:-6390}"
healthcheck = { tcp = true }

[services.backend]
command = ["python", "-m", "uvicorn", "app:app", "--port", "8000"]
working_dir = "backend"
venv = "api"
port = "${BACKEND_PORT:-8000}"
environment = { DB_URL = "redis://${services.db.address}", GREETING = "it's $$5, 100%" }
depends_on = { db = "healthy", migrate = "completed" }
healthcheck = { http = "/healthz", timeout = "3s", start_period = "30s" }
restart = "on-failure"

[services.worker]
command = "python worker.py"
working_dir = "backend"
venv = "api"
depends_on = { backend = "started", db = "healthy" }
healthcheck = { command = "python check.py" }
restart = "always"

[services.frontend]
command = "npm run dev | tee log"
shell = true
ports = { http = 8080, hmr = 24678 }
depends_on = ["backend", "worker"]

[tasks.migrate]
command = "alembic upgrade head"
venv = "api"
depends_on = ["db"]
"#;

/// The files of `file` in `/srv/shop`, each under its name, then what is lost.
#[track_caller]
fn check(target: Target, file: &str, expected: Expect) {
    let config = planned::read(file);
    let written = config.export.root.as_ref().map(|root| root.value.as_str());
    let root = Path::new(written.or(target.root()).unwrap_or("/srv/shop"));
    let plan = planned::plan_of(&config, root, &target.selection(&[]), &target.address());
    let request = Request {
        plan: &plan,
        made_from: &["devtasks.toml".to_owned()],
        config: &config,
        to_project: Path::new(".."),
    };
    let mut text = String::new();
    match export(target, &request) {
        Ok(exported) => {
            for file in &exported.files {
                let access = if file.has_variables { ", for its owner" } else { "" };
                text.push_str(&format!("=== {}{access}\n{}", file.name, file.text));
            }
            for loss in &exported.losses {
                let service = loss.service.as_deref().unwrap_or("the stack");
                text.push_str(&format!("lost: {service}, {}: {}\n", loss.key, loss.message));
                text.extend(loss.substitute.iter().map(|it| format!("    instead: {it}\n")));
            }
        }
        Err(problems) => text.extend(problems.iter().map(|problem| format!("error: {}\n", problem.message))),
    }
    expected.assert_eq(&text);
}
