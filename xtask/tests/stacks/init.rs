//! `init`, then `up --detach`, unedited, in fresh clones: what is missing is installed, and everything answers.

use std::path::Path;

use xshell::{Shell, cmd};

use crate::it::sandbox::{Sandbox, output, port};
use crate::shop::get;

/// A repository without `devtasks.toml`, whose ports are `A_PORT` and `B_PORT` of `.env`.
fn clone(files: &[(&str, &str)], ports: &[(&str, u16)]) -> Sandbox {
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.project().join("devtasks.toml")).unwrap();
    for (path, text) in files {
        sandbox.write(path, text);
    }
    let lines = ports.iter().map(|(name, port)| format!("{name}={port}\n"));
    sandbox.write(".env", &lines.collect::<String>());
    sandbox
}

/// Up, down, and up again, which installs nothing a second time.
#[track_caller]
fn comes_up(sandbox: &Sandbox, answers: impl Fn()) {
    sandbox.run(&["init"]).with(0);
    // Packages may take longer than a test waits for anything else.
    let up = || {
        let ended = output(&mut sandbox.command(&["up", "--detach", "--timeout", "5m"]));
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success(), "{said}");
        said
    };
    up();
    answers();
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    let again = up();
    assert!(!again.contains("pip install"), "{again}");
    answers();
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left_soon();
}

/// The example, without the file that it comes with.
#[test]
fn fastapi_and_vite() {
    let (backend, frontend) = (port(), port());
    let sandbox = clone(&[], &[("BACKEND_PORT", backend), ("FRONTEND_PORT", frontend)]);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fastapi-vite");
    let shell = Shell::new().expect("a working directory");
    shell.change_dir(&example);
    let files = cmd!(shell, "git ls-files").read().expect("the example is in git");
    for file in files.lines().filter(|file| *file != "devtasks.toml" && *file != ".env") {
        sandbox.write(file, &shell.read_file(file).expect("it is text"));
    }
    comes_up(&sandbox, || {
        assert_eq!(get(backend, "/healthz"), r#"{"status":"ok"}"#);
        assert!(get(frontend, "/api/items").contains("teapot"));
    });
}

#[test]
fn express_with_nodemon_and_a_procfile_with_gunicorn() {
    let (api, web) = (port(), port());
    let sandbox = clone(
        &[
            ("Procfile", "web: gunicorn app:app --bind 0.0.0.0:$PORT\n"),
            ("requirements.txt", "flask\ngunicorn\n"),
            (
                "app.py",
                "from flask import Flask\napp = Flask(__name__)\n\n\n@app.route(\"/health\")\ndef health():\n    return \"web\"\n",
            ),
            (
                "api/package.json",
                "{\"scripts\": {\"dev\": \"nodemon server.js\"}, \"dependencies\": {\"express\": \"^5\"}, \"devDependencies\": {\"nodemon\": \"^3\"}}",
            ),
            (
                "api/server.js",
                "const app = require(\"express\")();\napp.get(\"/health\", (request, response) => response.send(\"api\"));\n\
                 app.listen(process.env.PORT || 3000);\n",
            ),
        ],
        &[("WEB_PORT", web), ("API_PORT", api)],
    );
    comes_up(&sandbox, || {
        assert_eq!([get(web, "/health"), get(api, "/health")], ["web", "api"])
    });
}
