//! Other users: what they own cannot be seen or stopped, and they may not steer a stack. Root is needed to be several.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::getuid;

use crate::sandbox::{Running, Sandbox, copy_program, output, service};

const NOBODY: u32 = 65534;
/// Nobody's either, and not even in `/etc/passwd`.
const STRANGER: u32 = 61_234;

/// A sandbox that belongs to a user without rights, with the programs in it.
struct Nobodys {
    sandbox: Sandbox,
    port: u16,
}

impl Nobodys {
    /// `None` when the tests do not run as root.
    fn new() -> Option<Self> {
        if !getuid().is_root() {
            return None;
        }
        let (sandbox, port) = Sandbox::with_api();
        let service = link(&sandbox, &service());
        link(&sandbox, Path::new(env!("CARGO_BIN_EXE_xtask")));
        let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
        sandbox.write(
            "devtasks.toml",
            &config.replace(
                &crate::sandbox::service().display().to_string(),
                &service.display().to_string(),
            ),
        );
        let top = sandbox.home().parent().unwrap().to_owned();
        let given = output(Command::new("chown").args(["-R", &NOBODY.to_string()]).arg(top));
        assert!(given.status.success());
        Some(Nobodys { sandbox, port })
    }

    fn command(&self, program: &str, arguments: &[&str], user: u32) -> Command {
        let mut command = self.sandbox.other(self.sandbox.home().join(program));
        command.args(arguments).uid(user).gid(user);
        command
    }

    fn run(&self, arguments: &[&str]) -> crate::sandbox::Ended {
        self.start(arguments).wait()
    }

    fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command("xtask", arguments, NOBODY))
    }
}

/// The program where everybody can run it.
fn link(sandbox: &Sandbox, program: &Path) -> PathBuf {
    let link = sandbox.home().join(program.file_name().unwrap());
    copy_program(program, &link);
    link
}

fn may(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn an_ordinary_user_runs_a_stack_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let up = nobodys.start(&["up"]);
    up.wait_for("eady in");
    nobodys.run(&["status"]).with(0);
    nobodys.run(&["down"]).with(0);
    up.wait().with(0);
    nobodys.sandbox.nothing_is_left();
}

#[test]
fn an_owner_that_cannot_be_seen_is_said_to_be_another_users_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let port = nobodys.port;
    let stranger = nobodys.sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    for arguments in [&["up"][..], &["up", "--on-conflict", "kill", "--yes"]] {
        let ended = nobodys.run(arguments).with(3);
        assert_eq!(
            ended.stderr,
            format!(
                "error: port {port} is taken, and its owner cannot be seen: it belongs to user `root`
  --> devtasks.toml:3:8  [services.api]

hint: look with `sudo xtask port who {port}`
hint: or give `api` another `port` in devtasks.toml

"
            )
        );
    }
    let document = nobodys
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    assert_eq!(document["ports"][0]["code"], "port.busy.hidden");
    assert!(!stranger.has_ended());
}

#[test]
fn root_sees_whose_it_is_and_may_stop_it_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let listen = format!("127.0.0.1:{}", nobodys.port);
    let stranger = Running::start(nobodys.command("service", &["--listen", &listen, "--announce", "here"], NOBODY));
    stranger.wait_for("here");
    let ended = nobodys.sandbox.run(&["port", "who", &nobodys.port.to_string()]).with(0);
    assert!(ended.stdout.contains("   of nobody   running"), "{ended:?}");
}

#[test]
fn a_request_of_another_user_is_refused_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let up = nobodys.start(&["up"]);
    up.wait_for("eady in");
    let state = nobodys.sandbox.home().join(".local/state/devtasks");
    let directory = std::fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    let socket = directory.join("control");
    // Nobody else may even come near.
    assert_eq!(
        std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    for path in [
        nobodys.sandbox.home().parent().unwrap(),
        &nobodys.sandbox.home(),
        &state,
        &directory,
        &socket,
    ] {
        may(path, 0o777);
    }
    for upper in [".local", ".local/state"] {
        may(&nobodys.sandbox.home().join(upper), 0o777);
    }
    let request = r#"{"protocol":12,"request":{"Down":{"services":[]}}}"#;
    let ask = ["--ask", &socket.display().to_string(), request, "--exit", "0"];
    let ended = Running::start(nobodys.command("service", &ask, STRANGER))
        .wait()
        .with(0);
    assert!(ended.stdout.contains("this stack belongs to another user"), "{ended:?}");
    assert!(!up.has_ended());
    // The same words of its own user are heard.
    let ended = Running::start(nobodys.command("service", &ask, NOBODY)).wait().with(0);
    assert!(ended.stdout.contains("Transition"), "{ended:?}");
    up.wait().with(0);
}

#[test]
fn a_state_directory_of_another_user_is_refused_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let state = nobodys.sandbox.home().join(".local/state");
    let up = nobodys.start(&["up"]);
    up.wait_for("eady in");
    up.interrupt();
    up.wait().with(130);
    let taken = output(Command::new("chown").args(["-R", "0"]).arg(&state));
    assert!(taken.status.success());
    may(&state, 0o777);
    let ended = nobodys.run(&["up"]).with(1);
    assert!(ended.stderr.starts_with("error: cannot make `"), "{ended:?}");
    nobodys.sandbox.nothing_is_left();
}

#[test]
fn what_root_left_in_the_state_directory_of_another_checkout_is_in_nobodys_way_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let left = nobodys
        .sandbox
        .home()
        .join(".local/state/devtasks/other-0000000000000000");
    let up = nobodys.start(&["up"]);
    up.wait_for("eady in");
    std::fs::create_dir(&left).unwrap();
    may(&left, 0o700);
    nobodys.run(&["down"]).with(0);
    up.wait().with(0);
    nobodys.run(&["doctor"]).with(0);
    nobodys.sandbox.nothing_is_left();
}

#[test]
fn a_home_that_may_not_be_written_is_said_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    may(&nobodys.sandbox.home(), 0o555);
    let ended = nobodys.run(&["up"]).with(1);
    assert!(
        ended.stderr.contains("/home/.local") && ended.stderr.contains("permission denied"),
        "{ended:?}"
    );
    // Those who only look need no state.
    nobodys.run(&["status"]).with(1);
    nobodys.run(&["doctor"]).with(0);
    nobodys.run(&["port", "who", &nobodys.port.to_string()]).with(0);
    let ended = nobodys.run(&["down"]);
    assert!(
        ended.stderr.contains("permission denied") || ended.code == Some(0),
        "{ended:?}"
    );
    nobodys.sandbox.nothing_is_left();
}

#[test]
fn without_a_home_there_is_no_place_for_state_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let project = nobodys.sandbox.home().parent().unwrap().to_owned();
    may(&project, 0o777);
    let mut up = nobodys.command("xtask", &["--file", "devtasks.toml", "up"], STRANGER);
    up.env_remove("HOME");
    let ended = Running::start(up).wait().with(1);
    assert_eq!(
        ended.stderr,
        "error: there is no place for state: neither `HOME` nor `XDG_STATE_HOME` is set\n\nhint: set `HOME`\n"
    );
    nobodys.sandbox.nothing_is_left();
}

#[test]
fn a_directory_that_may_not_be_entered_is_missing_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    let project = nobodys.sandbox.project();
    let config = std::fs::read_to_string(project.join("devtasks.toml")).unwrap();
    nobodys
        .sandbox
        .write("devtasks.toml", &format!("{config}working_dir = \"locked\"\n"));
    std::fs::create_dir(project.join("locked")).unwrap();
    may(&project.join("locked"), 0o700);
    let ended = nobodys.run(&["up"]).with(5);
    assert!(
        ended
            .stderr
            .contains("no permission to enter working directory `locked`"),
        "{ended:?}"
    );
}

#[test]
fn files_that_may_not_be_read_are_named_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    nobodys.sandbox.write(".env", "A=1\n");
    may(&nobodys.sandbox.project().join(".env"), 0o600);
    let ended = nobodys.run(&["up"]).with(5);
    assert!(ended.stderr.contains("/.env`: permission denied"), "{ended:?}");

    std::fs::remove_file(nobodys.sandbox.project().join("devtasks.toml")).unwrap();
    nobodys.sandbox.write("devtasks.toml", "");
    may(&nobodys.sandbox.project().join("devtasks.toml"), 0o600);
    for command in ["up", "status", "doctor"] {
        let ended = nobodys.run(&[command]).with(2);
        assert_eq!(ended.stderr, "error: cannot read `devtasks.toml`: permission denied\n");
    }
}

/// A file that would run a script as whoever uses it, in the directory above a project of root's.
fn trap() -> Option<(Sandbox, PathBuf)> {
    if !getuid().is_root() {
        return None;
    }
    let sandbox = Sandbox::new("[venvs.v]\npath = \".venv\"\n[services.api]\ncommand = \"sleep 1000\"\nvenv = \"v\"\n");
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    let ran = sandbox.home().join("ran");
    sandbox.write_script(".venv/bin/python", &format!("touch {}; echo 3.11.0", ran.display()));
    chown(&sandbox.project(), STRANGER);
    std::fs::create_dir(sandbox.project().join("mine")).unwrap();
    Some((sandbox, ran))
}

fn chown(path: &Path, user: u32) {
    let given = Command::new("chown")
        .args(["-hR", &user.to_string()])
        .arg(path)
        .status()
        .unwrap();
    assert!(given.success());
}

#[test]
fn a_file_of_another_user_above_is_not_even_read_as_root() {
    let Some((sandbox, ran)) = trap() else { return };
    let refusal = format!(
        "error: `[project]/devtasks.toml` belongs to user {STRANGER}, so it is not read: what it says would run as you

hint: name it with `--file [project]/devtasks.toml` if you trust that user
"
    );
    let commands: [&[&str]; 10] = [
        &["up"],
        &["up", "--detach"],
        &["up", "--plan"],
        &["doctor"],
        &["status"],
        &["down"],
        &["down", "api"],
        &["restart"],
        &["logs"],
        &["why", "api"],
    ];
    for arguments in commands {
        let ended = sandbox
            .start_in(&sandbox.project().join("mine"), arguments)
            .wait()
            .with(2);
        assert_eq!(sandbox.plain(&ended.stderr), refusal, "{arguments:?}");
        assert!(!ran.exists(), "{arguments:?}");
    }
    // Other commands that need no project do their work, and know of none.
    let ended = sandbox
        .start_in(&sandbox.project().join("mine"), &["port", "who", "1"])
        .wait();
    assert_eq!((ended.code, ran.exists()), (Some(0), false), "{ended:?}");

    let document = sandbox
        .start_in(&sandbox.project().join("mine"), &["doctor", "--format", "json"])
        .wait()
        .with(2)
        .json();
    assert_eq!(document["findings"][0]["code"], "file.untrusted");
    assert_eq!(
        (&document["ok"], &document["checkout"]),
        (&false.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_file_of_another_user_is_used_when_it_is_named_as_root() {
    let Some((sandbox, ran)) = trap() else { return };
    sandbox.run(&["--file", "devtasks.toml", "doctor"]).with(0);
    assert!(ran.exists());
}

#[test]
fn a_file_of_whoever_called_sudo_is_used_as_root() {
    let Some((mut sandbox, _)) = trap() else { return };
    sandbox.set("SUDO_UID", &STRANGER.to_string());
    sandbox.run(&["doctor"]).with(0);
    chown(&sandbox.project(), NOBODY);
    sandbox.run(&["doctor"]).with(2);
}

#[test]
fn a_link_of_another_user_is_no_better_than_a_file_as_root() {
    let Some((sandbox, _)) = trap() else { return };
    let file = sandbox.project().join("devtasks.toml");
    chown(&file, 0);
    sandbox.run(&["doctor"]).with(0);
    std::fs::rename(&file, sandbox.home().join("devtasks.toml")).unwrap();
    std::os::unix::fs::symlink(sandbox.home().join("devtasks.toml"), &file).unwrap();
    chown(&file, STRANGER);
    let ended = sandbox.run(&["doctor"]).with(2);
    assert!(ended.stderr.contains("belongs to user 61234"), "{ended:?}");
}

#[test]
fn nothing_is_made_in_the_home_of_another_user_as_root() {
    if !getuid().is_root() {
        return;
    }
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sleep 1000\"\n");
    let refusal = |directory: &str| {
        format!(
            "error: state cannot be kept below `[sandbox]/{directory}`: it belongs to user `nobody`

hint: run it without `sudo`, as user `nobody`
hint: or set `HOME` or `XDG_STATE_HOME` to a directory of root's
"
        )
    };
    let check = |directory: &str| {
        chown(&sandbox.home(), NOBODY);
        for arguments in [&["up"][..], &["up", "--detach"], &["down"]] {
            let ended = sandbox.run(arguments).with(1);
            assert_eq!(sandbox.plain(&ended.stderr), refusal(directory), "{arguments:?}");
        }
        let inside = std::fs::read_dir(sandbox.home().parent().unwrap().join(directory)).unwrap();
        assert_eq!(inside.count(), 0);
    };
    check("home");
    let state = sandbox.home().join(".local/state/devtasks");
    std::fs::create_dir_all(state).unwrap();
    check("home/.local/state/devtasks");
}

#[test]
fn a_directory_that_root_has_left_behind_is_given_back_as_root() {
    let Some(nobodys) = Nobodys::new() else { return };
    nobodys.run(&["down"]).with(0);
    let state = nobodys.sandbox.home().join(".local/state/devtasks");
    let directory = std::fs::read_dir(state).unwrap().next().unwrap().unwrap().path();
    chown(&directory, 0);
    let ended = nobodys.run(&["up"]).with(1);
    let directory = directory.display();
    assert_eq!(
        ended.stderr,
        format!(
            "error: state cannot be kept below `{directory}`: it belongs to user `root`

hint: take it back with `sudo chown -R {NOBODY} {directory}`
"
        )
    );
}
