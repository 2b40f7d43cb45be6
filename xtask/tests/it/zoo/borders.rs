//! Other users, other networks, and whom nobody may end: rows 9 and 19 to 24.

use super::namespace::{Namespace, as_nobody, give_to_nobody};
use super::{Zoo, known_as};
use crate::sandbox::{Running, service};

/// A network of its own has few ports, so that the kernel has to choose the service's.
#[test]
fn row_9_the_local_end_of_a_connection_is_no_server_and_never_ended_needs_root() {
    let mut zoo = Zoo::new();
    let few_ports = "echo 25700 25701 > /proc/sys/net/ipv4/ip_local_port_range";
    let network = Namespace::network(&mut zoo, few_ports);
    zoo.port = 9000;
    let inside = network.inside(&zoo, service());
    zoo.start_by("server", inside, "--hang --listen 127.0.0.1:PORT");
    let mut client = network.inside(&zoo, "python3");
    client.args([
        "-c",
        "import socket, time
stream = socket.create_connection(('127.0.0.1', 9000))
print(stream.getsockname()[1], 'open', flush=True)
time.sleep(1000)",
    ]);
    zoo.follow("client", client);
    zoo.port = zoo.running["client"]
        .stdout()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    zoo.write_config("5s");

    let run = |arguments: &[&str]| {
        let mut command = network.inside(&zoo, env!("CARGO_BIN_EXE_xtask"));
        let port = zoo.port.to_string();
        command.args(arguments.iter().map(|word| if *word == "PORT" { &port } else { *word }));
        Running::start(command).wait()
    };
    zoo.says_through(
        run,
        "
        who port.busy.connection
        [client] python3 running connection 127.0.0.1:[port]
        hint wait until that connection is closed: it uses the port as its ephemeral port
        doctor fail port.busy.connection: port [port] is the local end of a connection of `python3` (pid [client])
        hint wait until that connection is closed: it uses the port as its ephemeral port
        hint or give `api` another `port` in devtasks.toml
        doctor warn port.ephemeral: port [port] is in the ephemeral port range ([port] to 25701): an outgoing connection may have it when `api` starts
        hint give `api` a port below [port]",
    );
    let up = run(&["up", "--on-conflict", "kill", "--yes"]);
    assert_eq!(up.code, Some(3), "{up:?}");
    zoo.all_live();
    assert!(!zoo.audit_log().exists());
}

#[test]
fn row_19_a_process_of_another_user_is_not_seen_and_that_is_said_needs_root() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    give_to_nobody(&zoo);
    let run = |arguments: &[&str]| as_nobody(&zoo, zoo.sandbox.other("env"), arguments);
    zoo.says_through(
        run,
        "
        who port.busy.hidden
        hint look with `sudo xtask port who [port]`
        doctor fail port.busy.hidden: port [port] is taken, and its owner cannot be seen: it belongs to user `root`
        hint look with `sudo xtask port who [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    let up = run(&["up", "--on-conflict", "kill", "--yes"]);
    assert_eq!(up.code, Some(3), "{up:?}");
    zoo.all_live();
}

/// `hidepid=2`, as hardened machines and some containers have it.
#[test]
fn where_other_users_processes_are_hidden_the_owner_is_said_to_be_so_needs_root() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    give_to_nobody(&zoo);
    let run = |arguments: &[&str]| {
        let mut hiding = zoo.sandbox.other("unshare");
        let script = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"";
        hiding.args(["--mount", "sh", "-c", script, "sh"]);
        as_nobody(&zoo, hiding, arguments)
    };
    zoo.says_through(
        run,
        "
        who port.busy.hidden
        hint look with `sudo xtask port who [port]`
        doctor fail port.busy.hidden: port [port] is taken, and its owner cannot be seen: it belongs to user `root`
        hint look with `sudo xtask port who [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.all_live();
}

#[test]
fn row_20_a_listener_in_another_network_hinders_nobody_needs_root() {
    let mut zoo = Zoo::new();
    let network = Namespace::network(&mut zoo, "true");
    let inside = network.inside(&zoo, service());
    zoo.start_by("holder", inside, "--listen 127.0.0.1:PORT");
    zoo.says(
        "
        who port.free
        doctor ok port.free: port [port] is free",
    );
    zoo.starts(&["--on-conflict", "kill", "--yes"]);
    zoo.all_live();
}

#[test]
fn row_21_a_container_engines_proxy_is_never_ended() {
    let mut zoo = Zoo::new();
    let proxy = known_as(&service(), &zoo.sandbox.home().join("docker-proxy"));
    let proxy = zoo.sandbox.other(proxy);
    zoo.start_by("proxy", proxy, "--listen 127.0.0.1:PORT");
    zoo.says("
        who port.busy.container
        [proxy] docker-proxy running listening 127.0.0.1:[port], protected: it is the container engine's port proxy
        hint find the container with `docker ps --filter publish=[port]`, then `docker stop` it
        doctor fail port.busy.container: port [port] is taken by `docker-proxy` (pid [proxy]), which belongs to Docker; Docker does not answer, so which container it is for is not known
        hint find the container with `docker ps --filter publish=[port]`, then `docker stop` it
        hint or give `api` another `port` in devtasks.toml");
    zoo.is_never_touched();
}

#[test]
fn row_22_a_port_that_needs_privilege_is_not_called_busy_needs_root() {
    let mut zoo = Zoo::new();
    let network = Namespace::network(&mut zoo, "true");
    zoo.port = 80;
    zoo.write_config("5s");
    give_to_nobody(&zoo);
    let run = |arguments: &[&str]| as_nobody(&zoo, network.inside(&zoo, "env"), arguments);
    zoo.says_through(
        run,
        "
        who port.denied
        hint let every user bind it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=[port]`
        doctor fail port.denied: port [port] needs privilege: it is not in use, but this user may not bind it
        hint give `api` another `port` in devtasks.toml
        hint or let every user bind it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=[port]`",
    );
    let up = run(&["up"]);
    assert_eq!(up.code, Some(3), "{up:?}");
    assert!(up.stderr.contains("needs privilege"), "{up:?}");
}

#[test]
fn a_port_that_needs_privilege_and_is_in_use_is_called_busy_needs_root() {
    let mut zoo = Zoo::new();
    let network = Namespace::network(&mut zoo, "true");
    zoo.port = 80;
    zoo.write_config("5s");
    let inside = network.inside(&zoo, service());
    zoo.start_by("holder", inside, "--listen 127.0.0.1:PORT");
    give_to_nobody(&zoo);
    let run = |arguments: &[&str]| as_nobody(&zoo, network.inside(&zoo, "env"), arguments);
    zoo.says_through(
        run,
        "
        who port.busy.hidden
        hint look with `sudo xtask port who [port]`
        doctor fail port.busy.hidden: port [port] is taken, and its owner cannot be seen: it belongs to user `root`
        hint look with `sudo xtask port who [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
}

#[test]
fn row_23_whoever_started_the_program_is_never_ended() {
    let zoo = Zoo::new();
    // Its exit code is the program's, so it has outlived that.
    let parent = "
import os, socket, subprocess, sys
listener = socket.create_server(('127.0.0.1', PORT))
print(os.getpid(), file=sys.stderr, flush=True)
sys.exit(subprocess.call(sys.argv[1:]))
";
    zoo.sandbox
        .write("parent.py", &parent.replace("PORT", &zoo.port.to_string()));
    let run = |arguments: &[&str]| {
        let mut command = zoo.sandbox.other("python3");
        command.args(["parent.py", env!("CARGO_BIN_EXE_xtask")]);
        let port = zoo.port.to_string();
        command.args(arguments.iter().map(|word| if *word == "PORT" { &port } else { *word }));
        Running::start(command).wait()
    };
    let who = run(&["port", "who", "PORT"]);
    assert_eq!(who.code, Some(0), "{who:?}");
    assert!(
        who.stdout
            .contains("which is never stopped: it is an ancestor of this command"),
        "{who:?}"
    );
    let doctor = run(&["doctor", "--format", "json"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert_eq!(super::document(&doctor)["findings"][0]["code"], "port.busy.protected");
    for arguments in [&["up"][..], &["up", "--on-conflict", "kill", "--yes"]] {
        let up = run(arguments);
        assert_eq!(up.code, Some(3), "{up:?}");
    }
    assert!(!zoo.audit_log().exists());
}

#[test]
fn row_24_two_services_on_one_port_are_a_mistake_in_the_file() {
    let zoo = Zoo::new();
    zoo.sandbox.write(
        "devtasks.toml",
        &format!(
            r#"
            [services.api]
            command = "SERVICE --listen 127.0.0.1:env"
            port = {0}
            [services.web]
            command = "SERVICE --listen 127.0.0.1:env"
            port = {0}
            "#,
            zoo.port
        ),
    );
    for arguments in [&["up"][..], &["up", "--on-conflict", "kill", "--yes"], &["doctor"]] {
        let ended = zoo.command(arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let said = zoo.named(&(ended.stdout + &ended.stderr));
        assert!(said.contains("port [port] is declared twice, by `api`"), "{said}");
    }
    assert_eq!(zoo.sandbox.processes(), [0; 0]);
}
