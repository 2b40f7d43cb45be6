//! Two worktrees of the example side by side, without an edit: each frontend reaches its own backend.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::it::sandbox::port::row;
use crate::it::sandbox::{Ended, Sandbox, eventually_gone};
use crate::shop::{ended_with, get, set_up};

#[test]
fn two_worktrees_of_the_example_run_side_by_side() {
    let sandbox = Sandbox::new("");
    let main = sandbox.project();
    set_up(&main);
    let first = row(30);
    let env = fs::read_to_string(main.join(".env")).unwrap();
    let env = env
        .replace("8000", &first.to_string())
        .replace("8080", &(first + 5).to_string());
    sandbox.write(".env", &env);
    let topic = sandbox.worktree();
    // What git does not carry over is shared.
    for path in ["backend/.venv", "frontend/node_modules"] {
        symlink(main.join(path), topic.join(path)).unwrap();
    }

    for directory in [&topic, &main] {
        ended_with(0, &run(&sandbox, directory, &["up", "--detach"]));
    }
    let expected = [(&main, first), (&topic, first + 10)];
    for (directory, backend) in expected {
        let frontend = backend + 5;
        assert_eq!(ports(&sandbox, directory), [backend, frontend].map(u64::from));
        assert!(get(frontend, "/").contains("<script type=\"module\""));
        let items: Value = serde_json::from_str(&get(frontend, "/api/items")).unwrap();
        let pid = items["served_by"].as_u64().unwrap();
        let cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
        assert_eq!(cwd, directory.join("backend"), "the frontend of the other worktree");
    }
    let listed = run(&sandbox, &main, &["port", "ls", "--all-projects"]);
    ended_with(0, &listed);
    let n_rows = |branch: &str| listed.stdout.matches(&format!(" {branch} ")).count();
    assert_eq!([n_rows("topic"), n_rows("main")], [2, 2], "{listed:?}");
    assert_eq!(listed.stdout.matches(" ours ").count(), 4, "{listed:?}");

    ended_with(0, &run(&sandbox, &main, &["down"]));
    assert!(
        get(first + 15, "/api/items").contains("teapot"),
        "the other one goes on"
    );
    ended_with(0, &run(&sandbox, &topic, &["down"]));
    // A supervisor in the background ends a moment after its answer.
    sandbox.processes().into_iter().for_each(eventually_gone);
    sandbox.nothing_is_left();
}

fn run(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Ended {
    sandbox.start_in(directory, arguments).wait()
}

fn ports(sandbox: &Sandbox, directory: &Path) -> [u64; 2] {
    let status = run(sandbox, directory, &["status", "--format", "json"]);
    ended_with(0, &status);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    [0, 1].map(|at| status["services"][at]["ports"][0]["number"].as_u64().unwrap())
}
