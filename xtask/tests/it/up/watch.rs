//! Services that are restarted when a file changes.

use std::fs;

use crate::sandbox::{Running, Sandbox, eventually, port, signal};

use rustix::process::Signal;
use serde_json::Value;

/// `api`, which watches, on a port of its own.
fn with(watch: &str) -> Sandbox {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port}\"\nport = {port}\nwatch = {watch}\n"
    ));
    sandbox.write("src/app.py", "one");
    sandbox
}

/// `up` that watches: the first walk lies behind it, or a change could be taken for what was there.
#[track_caller]
fn up(sandbox: &Sandbox) -> Running {
    let up = sandbox.up(&[]);
    eventually(
        || format!("{} watched, in\n{}", watched(&up), up.stderr()),
        || watched(&up) > 0 && is_asleep(&up),
    );
    up
}

/// How many directories the supervisor watches.
fn watched(up: &Running) -> usize {
    let directory = format!("/proc/{}/fdinfo", up.pid());
    let infos = fs::read_dir(directory).into_iter().flatten().flatten();
    let infos = infos.map(|info| fs::read_to_string(info.path()).unwrap_or_default());
    infos.map(|info| info.matches("inotify wd:").count()).sum()
}

/// The thread that compares files waits for something to happen.
fn is_asleep(up: &Running) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", up.pid())).into_iter().flatten();
    let mut tasks = tasks.flatten().map(|task| {
        let read = |name| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        (read("comm"), read("wchan"))
    });
    tasks.any(|(name, waits_in)| name.trim() == "watch" && waits_in.contains("futex"))
}

/// The lines about `api` that `up` has written.
fn lines(sandbox: &Sandbox, up: &Running) -> Vec<String> {
    let said = sandbox.plain(&up.stderr());
    let of_api = said
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains(" api  "));
    of_api.skip(1).map(str::to_owned).collect()
}

#[track_caller]
fn wait_for_restarts(up: &Running, n: usize) {
    let seen = || up.stderr().matches("ready      again").count();
    eventually(|| format!("{n} restarts in\n{}", up.stderr()), || seen() >= n);
}

fn why(sandbox: &Sandbox) -> Value {
    sandbox.run(&["why", "api", "--format", "json"]).json()
}

#[test]
fn a_changed_file_restarts_the_service_and_is_named() {
    let sandbox = with("[\"src/**/*.py\"]");
    let up = up(&sandbox);
    let before = sandbox.pid("api");
    sandbox.write("src/app.py", "two!");
    wait_for_restarts(&up, 1);
    assert_ne!(sandbox.pid("api"), before);
    assert_eq!(
        lines(&sandbox, &up),
        [
            "  · api  restarts   src/app.py changed",
            "  ✓ api  ready      again, [time]"
        ]
    );
    let why = why(&sandbox);
    assert_eq!(why["restarted"]["files"]["names"], serde_json::json!(["src/app.py"]));
    let told = sandbox.plain(&sandbox.run(&["why", "api"]).stdout);
    assert!(told.contains("restarted   [time] ago: src/app.py changed"), "{told}");
    let log = sandbox.run(&["logs", "--format", "json"]).with(0).events();
    let marks = log.iter().filter(|event| event["state"] == "stopping");
    let changed: Vec<_> = marks.map(|mark| mark["changed"]["names"][0].clone()).collect();
    assert_eq!(changed, ["src/app.py"]);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn files_that_change_together_restart_it_once() {
    let sandbox = with("\"src\"");
    let up = up(&sandbox);
    for name in 0..50 {
        sandbox.write(&format!("src/pkg/m{name:02}.py"), "new");
    }
    wait_for_restarts(&up, 1);
    // One more change afterwards shows that there was none between.
    sandbox.write("src/app.py", "two!");
    wait_for_restarts(&up, 2);
    assert_eq!(
        lines(&sandbox, &up),
        [
            "  · api  restarts   src/pkg/m00.py and 49 more changed",
            "  ✓ api  ready      again, [time]",
            "  · api  restarts   src/app.py changed",
            "  ✓ api  ready      again, [time]",
        ]
    );
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn what_is_ignored_hidden_or_not_meant_restarts_nothing() {
    let sandbox = with("[\"**/*.py\", \"!src/gen\"]");
    fs::create_dir(sandbox.project().join(".git")).unwrap();
    sandbox.write(".gitignore", "build/\n");
    let others = [
        "build/a.py",
        ".hidden/a.py",
        "node_modules/x/a.py",
        "venv/lib/a.py",
        "target/a.py",
        "src/gen/a.py",
        "src/notes.txt",
    ];
    others.iter().for_each(|name| sandbox.write(name, "one"));
    sandbox.write("venv/pyvenv.cfg", "");
    sandbox.write("target/CACHEDIR.TAG", "");
    let up = up(&sandbox);
    others.iter().for_each(|name| sandbox.write(name, "two!"));
    // The files were written before this one, so they would be named with it or before it.
    sandbox.write("src/app.py", "two!");
    wait_for_restarts(&up, 1);
    assert_eq!(lines(&sandbox, &up)[0], "  · api  restarts   src/app.py changed");
    assert_eq!(lines(&sandbox, &up).len(), 2);
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn what_is_named_without_a_wildcard_is_watched_even_if_it_is_hidden_or_ignored() {
    let sandbox = with("[\".env\", \"dist/**/*.js\"]");
    fs::create_dir(sandbox.project().join(".git")).unwrap();
    sandbox.write(".gitignore", "dist/\n.env\n");
    sandbox.write("dist/a.js", "one");
    sandbox.write(".env", "A=1");
    let up = up(&sandbox);
    sandbox.write("dist/a.js", "two!");
    wait_for_restarts(&up, 1);
    sandbox.write(".env", "A=22");
    wait_for_restarts(&up, 2);
    let seen = lines(&sandbox, &up);
    assert_eq!(seen[0], "  · api  restarts   dist/a.js changed");
    assert_eq!(seen[2], "  · api  restarts   .env changed");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_directory_that_is_made_later_removed_and_made_again_is_watched() {
    let sandbox = with("[\"lib/**/*.py\"]");
    let up = up(&sandbox);
    up.wait_for("no file matches `watch` of `api` so far");
    let at = |name: &str| sandbox.project().join(name);
    sandbox.write("lib/pkg/a.py", "one");
    wait_for_restarts(&up, 1);
    // At the same path lies another directory before anybody looks.
    fs::rename(at("lib"), at("old")).unwrap();
    sandbox.write("lib/pkg/a.py", "two!");
    wait_for_restarts(&up, 2);
    sandbox.write("lib/pkg/a.py", "three");
    wait_for_restarts(&up, 3);
    fs::remove_dir_all(at("lib")).unwrap();
    wait_for_restarts(&up, 4);
    sandbox.write("lib/pkg/a.py", "four!!");
    wait_for_restarts(&up, 5);
    assert!(
        lines(&sandbox, &up)
            .iter()
            .step_by(2)
            .all(|it| it == "  · api  restarts   lib/pkg/a.py changed")
    );
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_link_is_watched_where_it_leads() {
    let sandbox = with("[\"src/**/*.py\"]");
    let at = |name: &str| sandbox.project().join(name);
    sandbox.write("shared/pkg/a.py", "one");
    sandbox.write("shared/one.py", "one");
    std::os::unix::fs::symlink(at("shared/pkg"), at("src/pkg")).unwrap();
    std::os::unix::fs::symlink(at("shared/one.py"), at("src/one.py")).unwrap();
    let up = up(&sandbox);
    sandbox.write("shared/pkg/a.py", "two!");
    wait_for_restarts(&up, 1);
    sandbox.write("shared/one.py", "two!");
    wait_for_restarts(&up, 2);
    let seen = lines(&sandbox, &up);
    assert_eq!(seen[0], "  · api  restarts   src/pkg/a.py changed");
    assert_eq!(seen[2], "  · api  restarts   src/one.py changed");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn one_that_changes_its_own_files_is_not_restarted_for_ever() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\nshell = true\nport = {port}\nwatch = \"src\"\n\
         command = \"echo $$ > src/gen.py; exec SERVICE --listen 127.0.0.1:{port}\"\n"
    ));
    sandbox.write("src/gen.py", "0");
    let up = up(&sandbox);
    sandbox.write("src/gen.py", "yours");
    up.wait_for("its files are no longer watched");
    let said = sandbox.plain(&up.stderr());
    let at = said.find("warning: ").unwrap_or_default();
    assert_eq!(
        said[at..].trim_end(),
        "warning: `src/gen.py` changed right after each of the last 5 starts of `api`, which seems to write it itself; \
         its files are no longer watched\n\n\
         hint: add `\"!src/gen.py\"` to `watch`\n\
         hint: watch them again with `xtask restart api`"
    );
    let n_restarts = said.matches("restarts   src/gen.py changed").count();
    // The edit that began it came late enough not to count, or it was one of them.
    assert!((5..=6).contains(&n_restarts), "{said}");
    eventually(|| format!("{} watched", watched(&up)), || watched(&up) == 0);
    sandbox.run(&["restart", "api"]).with(0);
    eventually(|| format!("{} watched", watched(&up)), || watched(&up) > 0);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn one_that_an_edit_broke_starts_at_the_next_and_what_needs_it_waits() {
    let (api, web) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        "[services.api]\nshell = true\ncommand = \". ./src/start\"\nport = {api}\nwatch = \"src\"\n\
         [services.web]\ncommand = \"SERVICE --listen 127.0.0.1:{web}\"\nport = {web}\n\
         depends_on = {{ api = {{ restart = true }} }}\n"
    ));
    let good = format!("exec SERVICE --listen 127.0.0.1:{api}");
    sandbox.write("src/start", &good);
    let up = up(&sandbox);
    sandbox.write("src/start", "exit 3");
    up.wait_for("hint: change a file of its `watch`, which starts `api` again");
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let states: Vec<_> = status["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(states, ["failed", "waiting"]);
    // A command that restarts both does not wait for the edit.
    sandbox.run(&["restart"]).with(1);
    sandbox.write("src/start", &good);
    eventually(|| up.stderr(), || up.stderr().matches("web  ready").count() == 2);
    sandbox.write("src/start", "exit 3");
    eventually(
        || up.stderr(),
        || up.stderr().matches("hint: change a file").count() == 3,
    );
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn one_that_was_stopped_by_command_is_left_alone() {
    let (api, db) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{api}\"\nport = {api}\nwatch = \"src\"\n\
         [services.db]\ncommand = \"SERVICE --listen 127.0.0.1:{db}\"\nport = {db}\nwatch = \"src\"\n"
    ));
    sandbox.write("src/app.py", "one");
    let up = up(&sandbox);
    sandbox.run(&["down", "api"]).with(0);
    sandbox.write("src/app.py", "two!");
    up.wait_for("db   ready      again");
    let api = sandbox.run(&["status", "--format", "json"]).json()["services"][0].clone();
    assert_eq!([&api["name"], &api["state"]], ["api", "stopped"]);
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_command_that_restarts_itself_is_not_watched_and_that_is_said() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"./nodemon --listen 127.0.0.1:{port}\"\nport = {port}\nwatch = \"src\"\n"
    ));
    std::os::unix::fs::symlink(crate::sandbox::service(), sandbox.project().join("nodemon")).unwrap();
    sandbox.write("src/app.py", "one");
    let up = sandbox.up(&[]);
    up.wait_for("`watch` has no effect: `nodemon` restarts `api` itself");
    assert_eq!(watched(&up), 0);
    let found = sandbox.run(&["doctor", "--format", "json"]).json();
    let codes: Vec<_> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].clone())
        .collect();
    assert!(codes.contains(&Value::from("watch.reloader")), "{codes:?}");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_stack_that_watches_ends_at_once() {
    let sandbox = with("\"src\"");
    let up = up(&sandbox);
    sandbox.write("src/app.py", "two!");
    signal(up.pid(), Signal::INT);
    up.wait().with(130);
    sandbox.nothing_is_left();
}
