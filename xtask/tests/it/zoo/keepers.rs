//! Owners that somebody else looks after: container engines, service managers, tunnels. `up` never touches them.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use super::namespace::{as_nobody, give_to_nobody};
use super::{Zoo, known_as};
use crate::sandbox::service;

/// An engine that lists one container, `shop-db-1`, for the zoo's port. It answers as Docker does: in chunks, and the
/// connection stays open.
fn engine(zoo: &mut Zoo, server: &'static str) {
    let socket = zoo.sandbox.home().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).unwrap();
    zoo.sandbox.set("DOCKER_HOST", &format!("unix://{}", socket.display()));
    let port = zoo.port;
    let body = format!(
        r#"[{{"Id":"{ID}","Names":["/shop-db-1"],"Image":"postgres:16","State":"running",
            "Ports":[{{"IP":"0.0.0.0","PrivatePort":5432,"PublicPort":{port},"Type":"tcp"}}],
            "Labels":{{"com.docker.compose.project":"shop","com.docker.compose.service":"db"}}}}]"#
    );
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            let head = format!("HTTP/1.1 200 OK\r\nServer: {server}\r\nTransfer-Encoding: chunked\r\n\r\n");
            let _ = stream.write_all(format!("{head}{chunk}").as_bytes());
            open.push(stream);
        }
    });
}

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn proxy(zoo: &mut Zoo, name: &'static str) {
    let proxy = known_as(&service(), &zoo.sandbox.home().join(name));
    let proxy = zoo.sandbox.other(proxy);
    zoo.start_by("proxy", proxy, "-host-port PORT -- --listen 127.0.0.1:PORT");
}

#[test]
fn a_published_port_is_traced_to_its_container() {
    let mut zoo = Zoo::new();
    engine(&mut zoo, "Docker/28.2.2 (linux)");
    proxy(&mut zoo, "docker-proxy");
    zoo.says(
        "
        who port.busy.container
        [proxy] docker-proxy running listening 127.0.0.1:[port], protected: it is the container engine's port proxy
        hint stop it with `docker compose -p shop stop db`
        doctor fail port.busy.container: port [port] is taken by container `shop-db-1` (compose project `shop`, service `db`), which publishes it through `docker-proxy` (pid [proxy])
        hint stop it with `docker compose -p shop stop db`
        hint or give `api` another `port` in devtasks.toml",
    );
    let who = zoo.command(&["port", "who", "PORT", "--format", "json"]).json();
    let expected =
        serde_json::json!({"runtime": "docker", "id": ID, "name": "shop-db-1", "project": "shop", "service": "db"});
    assert_eq!(who["ports"][0]["owners"][0]["container"], expected);
    zoo.is_never_touched();
    assert_eq!(
        zoo.command(&["port", "kill", "PORT", "--yes", "--foreign"]).code,
        Some(6)
    );
    zoo.all_live();
}

#[test]
fn podmans_containers_are_stopped_by_podman() {
    let mut zoo = Zoo::new();
    engine(&mut zoo, "Libpod/4.3.1 (linux)");
    proxy(&mut zoo, "rootlessport");
    zoo.says(
        "
        who port.busy.container
        [proxy] rootlessport running listening 127.0.0.1:[port], protected: it is the container engine's port proxy
        hint stop it with `podman stop shop-db-1`
        doctor fail port.busy.container: port [port] is taken by container `shop-db-1` (compose project `shop`, service `db`), which publishes it through `rootlessport` (pid [proxy])
        hint stop it with `podman stop shop-db-1`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_never_touched();
}

/// The usual case on Linux: the proxy is root's, and the user may talk to the engine.
#[test]
fn a_container_is_named_to_those_who_cannot_see_its_proxy_needs_root() {
    let mut zoo = Zoo::new();
    engine(&mut zoo, "Docker/28.2.2 (linux)");
    proxy(&mut zoo, "docker-proxy");
    give_to_nobody(&zoo);
    let run = |arguments: &[&str]| as_nobody(&zoo, zoo.sandbox.other("env"), arguments);
    zoo.says_through(
        run,
        "
        who port.busy.container
        hint stop it with `docker compose -p shop stop db`
        doctor fail port.busy.container: port [port] is taken by container `shop-db-1` (compose project `shop`, service `db`), which publishes it
        hint stop it with `docker compose -p shop stop db`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.all_live();
}

/// A control group, made for one process, which goes back to the root's in the end.
struct Group {
    directory: PathBuf,
    pid: u32,
}

impl Group {
    /// In systemd's own hierarchy, where the system has one of version 1.
    fn new(name: &str, pid: u32) -> Self {
        let roots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"];
        let root = roots
            .into_iter()
            .find(|root| Path::new(root).join("cgroup.procs").exists())
            .unwrap();
        let own = Path::new(root).join(format!("devtasks-test-{}", std::process::id()));
        let directory = own.join(name);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("cgroup.procs"), pid.to_string()).unwrap();
        Group { directory, pid }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let root = self
            .directory
            .ancestors()
            .find(|it| it.ends_with("systemd") || it.ends_with("cgroup"));
        let _ = fs::write(root.unwrap().join("cgroup.procs"), self.pid.to_string());
        let _ = fs::remove_dir(&self.directory);
        let _ = fs::remove_dir(self.directory.parent().unwrap());
    }
}

#[test]
fn a_unit_of_systemd_is_stopped_by_systemctl_needs_root() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    let _group = Group::new("redis.service", zoo.pid("holder"));
    zoo.says(
        "
        who port.busy.system_service
        [holder] service running listening 127.0.0.1:[port], protected: systemd runs it as `redis.service`
        hint stop it with `systemctl stop redis.service`
        doctor fail port.busy.system_service: port [port] is taken by `service` (pid [holder]): systemd runs it as `redis.service`
        hint stop it with `systemctl stop redis.service`
        hint or give `api` another `port` in devtasks.toml",
    );
    let who = zoo.command(&["port", "who", "PORT", "--format", "json"]).json();
    assert_eq!(who["ports"][0]["owners"][0]["unit"], "redis.service");
    zoo.is_never_touched();
}

/// With the host's network nobody stands between: the server itself listens.
#[test]
fn a_process_inside_a_container_is_named_by_its_container_needs_root() {
    let mut zoo = Zoo::new();
    engine(&mut zoo, "Docker/28.2.2 (linux)");
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    let _group = Group::new(&format!("docker-{ID}.scope"), zoo.pid("holder"));
    zoo.says(
        "
        who port.busy.container
        [holder] service running listening 127.0.0.1:[port], protected: it runs in container `0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef`
        hint stop it with `docker compose -p shop stop db`
        doctor fail port.busy.container: port [port] is taken by `service` (pid [holder]) in container `shop-db-1` (compose project `shop`, service `db`)
        hint stop it with `docker compose -p shop stop db`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_never_touched();
}

/// A manager that starts one service: a shell by another name.
fn supervised(zoo: &mut Zoo, manager: &str, arguments: &[&str], variables: &[(&str, &str)]) {
    let bash = known_as(Path::new("/bin/bash"), &zoo.sandbox.home().join(manager));
    let port = zoo.port;
    let line = format!(
        "{} --listen 127.0.0.1:{port} --announce open & wait",
        service().display()
    );
    zoo.sandbox.write("run", &line);
    let run = zoo.sandbox.project().join("run");
    let mut command = zoo.sandbox.other(bash);
    command.arg(run).args(arguments).envs(variables.iter().copied());
    zoo.follow("manager", command);
    zoo.name_the_others(&["holder"]);
}

#[test]
fn a_program_of_supervisord_is_stopped_by_supervisorctl() {
    let mut zoo = Zoo::new();
    let variables = [("SUPERVISOR_PROCESS_NAME", "web"), ("SUPERVISOR_GROUP_NAME", "shop")];
    supervised(&mut zoo, "supervisord", &["-c", "/etc/s.conf"], &variables);
    zoo.says(
        "
        who port.busy.system_service
        [holder] service running listening 127.0.0.1:[port], protected: supervisord runs it as `shop:web`
        hint stop it with `supervisorctl -c /etc/s.conf stop shop:web`
        doctor fail port.busy.system_service: port [port] is taken by `service` (pid [holder]): supervisord runs it as `shop:web`
        hint stop it with `supervisorctl -c /etc/s.conf stop shop:web`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_never_touched();
    assert_eq!(zoo.command(&["port", "kill", "PORT", "--yes"]).code, Some(6));
}

/// Started from an editor's or a login's service, say: who looks after it is its supervisor.
#[test]
fn a_stack_in_the_unit_of_something_else_is_no_service_of_that_needs_root() {
    let zoo = Zoo::new();
    zoo.sandbox.run(&["up", "-d"]).with(0);
    let groups: Vec<Group> = zoo
        .sandbox
        .processes()
        .into_iter()
        .map(|pid| Group::new("code-server@kim.service", pid))
        .collect();
    let doctor = zoo.command(&["doctor", "--format", "json"]).json();
    assert_eq!(doctor["findings"][0]["code"], "port.busy.own_running", "{doctor:#}");
    let other = zoo.sandbox.checkout("other");
    let who = zoo
        .sandbox
        .start_in(&other, &["port", "who", &zoo.port.to_string(), "--format", "json"])
        .wait();
    assert_eq!(who.json()["ports"][0]["code"], "port.busy.other_project", "{who:?}");
    zoo.sandbox.run(&["down"]).with(0);
    drop(groups);
}

/// A stack that a manager started is its own stack all the same: an edit of it restarts what changed.
#[test]
fn a_stack_that_a_manager_runs_is_ours_before_it_is_the_managers() {
    let zoo = Zoo::new();
    let bash = known_as(Path::new("/bin/bash"), &zoo.sandbox.home().join("supervisord"));
    zoo.sandbox
        .write("run", &format!("{} up; echo ended", env!("CARGO_BIN_EXE_xtask")));
    let run = zoo.sandbox.project().join("run");
    let mut command = zoo.sandbox.other(bash);
    command.arg(run).env("SUPERVISOR_PROCESS_NAME", "stack");
    let manager = crate::sandbox::Running::start(command);
    crate::sandbox::eventually(
        || "the stack to be ready".to_owned(),
        || zoo.command(&["status"]).code == Some(0),
    );
    let doctor = zoo.command(&["doctor", "--format", "json"]).json();
    assert_eq!(doctor["findings"][0]["code"], "port.busy.own_running", "{doctor:#}");
    let config = fs::read_to_string(zoo.sandbox.project().join("devtasks.toml")).unwrap();
    zoo.sandbox.write(
        "devtasks.toml",
        &format!("{config}\nenvironment = {{ EDITED = \"1\" }}\n"),
    );
    let up = zoo.command(&["up"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.stderr.contains("restarting `api`"), "{up:?}");
    zoo.sandbox.run(&["down"]).with(0);
    manager.wait();
}

#[test]
fn a_tunnel_says_where_it_leads_and_is_left_to_whoever_names_it() {
    let mut zoo = Zoo::new();
    let ssh = known_as(&service(), &zoo.sandbox.home().join("ssh"));
    let ssh = zoo.sandbox.other(ssh);
    zoo.start_by(
        "tunnel",
        ssh,
        "-fNL PORT:db:5432 kim@bastion -- --listen 127.0.0.1:PORT",
    );
    zoo.says(
        "
        who port.busy.tunnel
        [tunnel] ssh running listening 127.0.0.1:[port]
        hint close it with `xtask port kill [port]`, if it is no longer needed
        doctor fail port.busy.tunnel: port [port] is taken by `ssh` (pid [tunnel]): it is an SSH tunnel to `db:5432` by way of `kim@bastion`
        hint close it with `xtask port kill [port]`, if it is no longer needed
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_never_touched();
    let killed = zoo.command(&["port", "kill", "PORT", "--yes"]);
    assert_eq!(killed.code, Some(0), "{killed:?}");
}

#[test]
fn a_socket_that_systemd_holds_for_others_is_named_as_such() {
    let mut zoo = Zoo::new();
    let systemd = known_as(&service(), &zoo.sandbox.home().join("systemd"));
    let systemd = zoo.sandbox.other(systemd);
    let port = zoo.port;
    let unit = format!("[Socket]\nListenStream=127.0.0.1:{port}\n");
    zoo.sandbox.write("../home/.config/systemd/user/chat.socket", &unit);
    zoo.start_by("systemd", systemd, "--user -- --listen 127.0.0.1:PORT");
    zoo.says(
        "
        who port.busy.system_service
        [systemd] systemd running listening 127.0.0.1:[port], protected: it is the system's service manager or belongs to it
        hint stop it with `systemctl --user stop chat.socket`
        doctor fail port.busy.system_service: port [port] is taken by `systemd` (pid [systemd]): systemd holds it for socket activation (`chat.socket`)
        hint stop it with `systemctl --user stop chat.socket`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_never_touched();
}
