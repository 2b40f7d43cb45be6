//! Who belongs to a run, and who does not although it looks like it: nobody else is ever ended with it.

use std::path::Path;

use crate::sandbox::{Ended, Running, Sandbox, copy_program, eventually, eventually_gone, port};

/// The pids of the living processes of a sandbox that are called so.
fn called(sandbox: &Sandbox, name: &str) -> Vec<u32> {
    let comm = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let mut pids = sandbox.processes();
    pids.retain(|pid| comm(pid).trim_end() == name);
    pids
}

#[track_caller]
fn eventually_called(sandbox: &Sandbox, name: &str) -> u32 {
    eventually(|| format!("one called {name}"), || called(sandbox, name).len() == 1);
    called(sandbox, name)[0]
}

/// `up` as the first process of a container.
struct Container {
    sandbox: Sandbox,
    up: Running,
    first: u32,
}

impl Container {
    #[track_caller]
    fn new(sandbox: Sandbox) -> Self {
        copy_program(Path::new("/bin/sleep"), &sandbox.project().join("stranger"));
        let mut unshare = sandbox.other("unshare");
        unshare.args(["--pid", "--fork", "--mount-proc", env!("CARGO_BIN_EXE_xtask"), "up"]);
        let up = Running::start(unshare);
        let children = || std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", up.pid())).unwrap_or_default();
        eventually(children, || !children().trim().is_empty());
        let first = children().trim().parse().unwrap();
        Container { sandbox, up, first }
    }

    /// Runs a shell inside, as `docker exec` does: what it leaves becomes the first process's.
    fn exec(&self, script: &str) {
        let ended = self.inside(&["sh", "-c", script]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    fn inside(&self, words: &[&str]) -> Ended {
        let mut nsenter = self.sandbox.other("nsenter");
        nsenter.args(["--target", &self.first.to_string(), "--pid", "--mount"]);
        nsenter.arg(format!("--wd={}", self.sandbox.project().display()));
        nsenter.args(words);
        Running::start(nsenter).wait()
    }

    fn adopts(&self, pid: u32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{}", self.first))
    }

    #[track_caller]
    fn stranger(&self) -> u32 {
        self.exec("setsid ./stranger 5555 >/dev/null 2>&1 &");
        let stranger = eventually_called(&self.sandbox, "stranger");
        eventually(|| format!("{stranger} adopted"), || self.adopts(stranger));
        stranger
    }
}

#[test]
fn the_first_process_of_a_container_ends_no_orphan_that_it_did_not_start_needs_root() {
    let port = port();
    let container = Container::new(Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port}\"\nport = {port}\nrestart = \"always\"\n"
    )));
    container.up.wait_for("eady in ");
    let stranger = container.stranger();
    container.exec(&format!("{} restart api", env!("CARGO_BIN_EXE_xtask")));
    assert_eq!(called(&container.sandbox, "stranger"), [stranger]);
    // Its own end tells of no stranger either.
    let api = eventually_called(&container.sandbox, "service");
    crate::sandbox::signal(api, rustix::process::Signal::KILL);
    container.up.wait_for("again at once\n  ✓ api  ready      again");
    assert_eq!(called(&container.sandbox, "stranger"), [stranger]);
}

#[test]
fn an_orphan_that_a_container_left_makes_no_service_ready_needs_root() {
    let port = port();
    let container = Container::new(Sandbox::new(&format!(
        "[services.api]\ncommand = \"sleep 1000\"\nport = {port}\nhealthcheck = {{ tcp = true, start_period = \"30s\" }}\n"
    )));
    container.up.wait_for("free");
    let server = crate::sandbox::service();
    container.exec(&format!(
        "setsid {} --listen 127.0.0.1:{port} >/dev/null 2>&1 &",
        server.display()
    ));
    let orphan = eventually_called(&container.sandbox, "service");
    eventually(|| "its listener".to_owned(), || container.adopts(orphan));
    // It is looked at again and again, and says whose the port is.
    let waits = || container.inside(&[env!("CARGO_BIN_EXE_xtask"), "why", "api"]).stdout;
    eventually(waits, || waits().contains("is held by another process"));
    assert!(!container.up.stderr().contains("ready"), "{}", container.up.stderr());
}

/// A stack whose service starts another one's.
fn nested(start: &str) -> (Sandbox, std::path::PathBuf) {
    let xtask = env!("CARGO_BIN_EXE_xtask");
    let sandbox = Sandbox::new(&start.replace("UP", &format!("cd ../inner && {xtask} up -d")));
    let inner = sandbox.project().parent().unwrap().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("devtasks.toml"), "[services.x]\ncommand = \"sleep 7777\"\n").unwrap();
    (sandbox, inner)
}

fn inner_state(sandbox: &Sandbox, inner: &Path) -> String {
    let status = sandbox.start_in(inner, &["status", "--format", "json"]).wait().json();
    status["services"][0]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_stack_that_a_service_started_in_the_background_is_another_one() {
    let (sandbox, inner) = nested("[services.term]\ncommand = [\"sh\", \"-c\", \"UP; exec sleep 8888\"]\n");
    let up = sandbox.up(&[]);
    eventually(
        || inner_state(&sandbox, &inner),
        || inner_state(&sandbox, &inner) == "running",
    );
    sandbox.run(&["restart"]).with(0);
    assert_eq!(inner_state(&sandbox, &inner), "running");
    let status = sandbox.start_in(&inner, &["status", "--format", "json"]).wait().json();
    let supervisor = &status["supervisor"]["pid"];
    let down = sandbox.run(&["down"]).with(0);
    let inner_path = inner.canonicalize().unwrap();
    let line = format!(
        "  `devtasks` (pid {supervisor}), which a service started, is left alone: it supervises the stack in `{}`\n",
        inner_path.display()
    );
    assert!(down.stderr.contains(&line), "{line}{down:?}");
    up.wait().with(0);
    assert_eq!(inner_state(&sandbox, &inner), "running");
    sandbox.start_in(&inner, &["down"]).wait().with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_stack_that_a_task_started_lives_on_when_the_task_is_done() {
    let (sandbox, inner) = nested(
        "[tasks.boot]\ncommand = [\"sh\", \"-c\", \"UP\"]\n[services.a]\ncommand = \"sleep 8888\"\ndepends_on = [\"boot\"]\n",
    );
    let up = sandbox.up(&[]);
    assert_eq!(inner_state(&sandbox, &inner), "running");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    assert_eq!(inner_state(&sandbox, &inner), "running");
    sandbox.start_in(&inner, &["down"]).wait().with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_stack_that_runs_as_a_service_ends_with_it() {
    let (sandbox, inner) = nested("");
    let xtask = env!("CARGO_BIN_EXE_xtask");
    sandbox.write(
        "devtasks.toml",
        &format!("[services.inner]\ncommand = \"{xtask} up\"\nworking_dir = \"../inner\"\n"),
    );
    let up = sandbox.up(&[]);
    eventually(
        || inner_state(&sandbox, &inner),
        || inner_state(&sandbox, &inner) == "running",
    );
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn an_editor_that_left_its_services_session_is_named_and_left_alone() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sh -c 'setsid -f ./code-server 5555; exec sleep 5555'\"\n");
    copy_program(Path::new("/bin/sleep"), &sandbox.project().join("code-server"));
    let up = sandbox.up(&[]);
    let editor = eventually_called(&sandbox, "code-server");
    let down = sandbox.run(&["down"]).with(0);
    let line =
        format!("  `code-server` (pid {editor}), which `api` started, is left alone: it belongs to the editor\n");
    assert!(down.stderr.contains(&line), "{down:?}");
    assert!(up.stderr().contains(&line), "{}", up.stderr());
    up.wait().with(0);
    assert_eq!(sandbox.processes(), [editor]);
}

#[test]
fn one_that_stays_in_its_services_session_is_a_part_of_it() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sh -c './code-server 5555 & exec sleep 5555'\"\n");
    copy_program(Path::new("/bin/sleep"), &sandbox.project().join("code-server"));
    let up = sandbox.up(&[]);
    eventually_called(&sandbox, "code-server");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn windows_of_a_multiplexer_that_a_crashed_run_left_are_left_alone() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sh -c 'setsid -f ./tmux; exec sleep 5555'\"\n");
    // A window has a session of its own.
    copy_program(Path::new("/bin/sleep"), &sandbox.project().join("window"));
    sandbox.write_script("tmux", "setsid ./window 5555\nexit 0");
    let up = sandbox.up(&[]);
    let window = eventually_called(&sandbox, "window");
    let tmux = eventually_called(&sandbox, "tmux");
    up.kill();
    eventually_gone(up.pid());
    let down = sandbox.run(&["down"]).with(0);
    assert!(
        down.stderr.contains(&format!(
            "  `tmux` (pid {tmux}), which `api` started, is left alone: it is a terminal multiplexer's server\n"
        )),
        "{down:?}"
    );
    let mut left = sandbox.processes();
    left.sort_unstable();
    let mut expected = vec![tmux, window];
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[test]
fn what_a_health_check_puts_into_the_background_ends_with_it() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"sleep 5555\"\nhealthcheck = { command = \"sh -c './left 2222 & echo >> checks; exit 0'\", interval = \"20ms\" }\n",
    );
    copy_program(Path::new("/bin/sleep"), &sandbox.project().join("left"));
    let up = sandbox.up(&[]);
    let n_checks = || std::fs::read(sandbox.project().join("checks")).map_or(0, |marks| marks.len());
    eventually(|| format!("{} checks", n_checks()), || n_checks() > 20);
    // That of the check which runs now, and of one that has just ended.
    let left = called(&sandbox, "left");
    assert!(left.len() <= 2, "{left:?}");
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}
