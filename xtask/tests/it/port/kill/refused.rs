//! Who is left alone, whatever is asked: code 6, how to stop them, and not one signal.

use super::Scene;
use crate::port::as_nobody;
use crate::sandbox::{Running, Sandbox, copy_program, port, service};

/// A second name for the fixture, by which it then goes.
fn known_as(scene: &Scene, name: &str) -> std::path::PathBuf {
    let alias = scene.sandbox.home().join(name);
    std::os::unix::fs::symlink(service(), &alias).unwrap();
    alias
}

#[test]
fn without_a_terminal_and_a_yes_nobody_is_stopped() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    let ended = scene.kill(&["PORT"]).with(6);
    let said = scene.named(&ended.stderr);
    assert!(
        said.starts_with("Port [port] is busy.\n\n  service   pid of holder "),
        "{said}"
    );
    assert!(
        said.ends_with(
            "error: not confirmed: there is no terminal to ask at, so nothing was stopped

hint: add `--yes` to stop it without a question
"
        ),
        "{said}"
    );
    let port = scene.document(&scene.kill(&["PORT", "--format", "json"]).with(6));
    assert_eq!(port["result"], "refused");
    assert_eq!(port["hints"][0], "add `--yes` to stop it without a question");
    scene.all_live();
}

#[test]
fn a_container_engines_proxy_is_left_to_its_engine() {
    let mut scene = Scene::empty();
    let mut proxy = scene.sandbox.other(known_as(&scene, "docker-proxy"));
    proxy.args(["--listen", &format!("127.0.0.1:{}", scene.port), "--announce", "open"]);
    scene.follow("proxy", proxy);
    for arguments in [
        &["PORT", "--yes"][..],
        &["PORT", "--yes", "--foreign"],
        &["PORT", "--dry-run"],
    ] {
        let said = scene.named(&scene.kill(arguments).with(6).stderr);
        assert!(
            said.contains("`docker-proxy` (pid of proxy), which belongs to Docker; Docker does not answer")
                && said.contains("hint: find the container with `docker ps --filter publish=[port]`"),
            "{said}"
        );
    }
    let ended = scene.kill(&["PORT", "--yes", "--format", "json"]).with(6);
    assert_eq!(scene.document(&ended)["code"], "port.busy.container");
    scene.all_live();
}

/// The test's own listener: whoever started the command is an ancestor of it.
#[test]
fn an_ancestor_of_the_command_is_left_alone() {
    let scene = Scene::empty();
    let _ours = std::net::TcpListener::bind(("127.0.0.1", scene.port)).unwrap();
    let ended = scene.kill(&["PORT", "--yes"]).with(6);
    let reason = "which is never stopped: it is an ancestor of this command";
    assert!(ended.stderr.contains(reason), "{ended:?}");
    scene.all_live();
}

#[test]
fn a_client_lives_on_when_the_owner_is_ended() {
    let scene = Scene::with("--listen 127.0.0.1:PORT --hang");
    let client = scene.sandbox.client(scene.port);
    let ended = scene.kill(&["PORT", "--yes"]).with(0);
    assert!(ended.stderr.contains(&format!("(sleep {})", client.pid())), "{ended:?}");
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    assert!(!client.has_ended());
}

#[test]
fn a_service_of_the_running_stack_is_left_to_down() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    let ended = sandbox.run(&["port", "kill", &port.to_string(), "--yes"]).with(6);
    assert!(
        ended.stderr.contains("hint: or stop it with `xtask down api`"),
        "{ended:?}"
    );
    assert!(!up.has_ended());
    sandbox.run(&["down", "api"]).with(0);
}

#[test]
fn what_devtasks_runs_elsewhere_takes_foreign() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    let other = sandbox.checkout("other");
    let port = port.to_string();
    let kill = |arguments: &[&str]| {
        let words = [&["port", "kill", &port, "--yes"], arguments].concat();
        sandbox.start_in(&other, &words).wait()
    };
    let ended = kill(&[]).with(6);
    let hint = format!("hint: or stop it anyway with `xtask port kill {port} --foreign`");
    assert!(ended.stderr.contains(&hint), "{ended:?}");
    assert!(!up.has_ended());
    kill(&["--foreign"]).with(0);
    let ended = up.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

/// Its supervisor starts it again, and is nobody to be killed for one service.
#[test]
fn one_that_another_stack_restarts_is_left_to_that_stack() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port}"
        port = {port}
        restart = "always"
        [services.other]
        command = "SERVICE"
        "#
    ));
    let up = sandbox.up(&[]);
    let other = sandbox.checkout("other");
    let words = ["port", "kill", &port.to_string(), "--yes", "--foreign"];
    let ended = sandbox.start_in(&other, &words).wait().with(7);
    let directory = sandbox.project().display().to_string();
    for said in [
        "which devtasks runs for `project`".to_owned(),
        format!("hint: stop it there with `cd {directory} && xtask down api`"),
    ] {
        assert!(ended.stderr.contains(&said), "{said} in {ended:?}");
    }
    assert!(!ended.stderr.contains("`kill "), "{ended:?}");
    assert!(!up.has_ended());
    sandbox.run(&["down"]).with(0);
}

#[test]
fn the_owners_that_may_be_ended_are_and_the_code_tells_of_the_others() {
    let mut scene = Scene::with("--listen 127.0.0.1:PORT");
    let other = port();
    let mut proxy = scene.sandbox.other(known_as(&scene, "docker-proxy"));
    proxy.args(["--listen", &format!("127.0.0.1:{other}"), "--announce", "open"]);
    let proxy = Running::start(proxy);
    proxy.wait_for("open");
    let ended = scene.kill(&["PORT", &other.to_string(), "--yes"]).with(6);
    assert!(scene.named(&ended.stderr).contains("port [port] is free"), "{ended:?}");
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    assert!(!proxy.has_ended());
    scene.names.clear();
}

#[test]
fn a_process_of_another_user_is_left_alone_needs_root() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    let words = scene.typed(&["PORT", "--yes"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(ended) = as_nobody(&scene.sandbox, &words) else {
        return;
    };
    let ended = ended.with(6);
    let said = scene.named(&ended.stderr);
    assert!(
        said.contains("port [port] is taken, and its owner cannot be seen: it belongs to user `root`")
            && said.contains("hint: look with `sudo xtask port who [port]`"),
        "{said}"
    );
    scene.all_live();
}

/// Nobody of a tree is signalled if one cannot be; `--dry-run` says so too.
#[test]
fn a_server_below_another_users_wrapper_is_left_alone_needs_root() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let mut scene = Scene::empty();
    let home = scene.sandbox.home();
    let root = home.parent().unwrap();
    std::fs::set_permissions(root, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let server = home.join("service");
    copy_program(&service(), &server);
    let given_up = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    let listen = "--listen 127.0.0.1:PORT --announce open";
    scene.shell("wrapper", &format!("{given_up} {} {listen}; true", server.display()));
    scene.name_the_others(&["server"]);
    for flag in ["--dry-run", "--yes"] {
        let words = scene.typed(&["PORT", flag]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = as_nobody(&scene.sandbox, &words).unwrap().with(6);
        let said = scene.named(&ended.stderr);
        let left_alone = "`bash` (pid of wrapper) would have to end too, and is left alone: it belongs to another user";
        assert!(said.contains(left_alone), "{said}");
        scene.all_live();
    }
}

#[test]
fn a_port_that_nobody_holds_and_that_cannot_be_bound_is_7() {
    let scene = Scene::empty();
    // The server closes first and has not set SO_REUSEADDR: its end of the connection lingers.
    let script = "
import socket, sys
server = socket.socket()
server.bind(('127.0.0.1', int(sys.argv[1])))
server.listen()
client = socket.create_connection(server.getsockname())
server.accept()[0].close()
client.close()
";
    let mut python = scene.sandbox.other("python3");
    python.args(["-c", script, &scene.port.to_string()]);
    Running::start(python).wait().with(0);
    let ended = scene.kill(&["PORT", "--yes", "--format", "json"]).with(7);
    let port = scene.document(&ended);
    assert_eq!(port["code"], "port.busy.no_owner");
    assert_eq!(port["result"], "busy");
}
