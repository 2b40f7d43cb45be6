//! Several who answer at one number, and whoever holds a socket without serving.

use super::Zoo;

#[test]
fn two_families_that_lead_to_different_servers_are_a_split() {
    let mut zoo = Zoo::new();
    zoo.start("four", "--listen 127.0.0.1:PORT");
    zoo.start("six", "--listen [::1]:PORT");
    let who = zoo.named(&zoo.command(&["port", "who", "PORT"]).stdout);
    let said = "Port [port] is split: IPv4 leads to `service` (pid [four]), IPv6 to `service` (pid [six]), and `localhost` to either.";
    assert!(who.contains(said), "{who}");
    let doctor = zoo.command(&["doctor", "--format", "json"]).json();
    let findings = doctor["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings.iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["port.busy.foreign", "port.split"]);
    // `up` needs the one address, and ends whoever has that.
    let said = zoo.starts(&["--on-conflict", "kill", "--yes"]);
    assert!(said.contains("stopped in [time], port [port] is free"), "{said}");
    assert_eq!(zoo.signals_sent(), "SIGTERM [four]\n");
}

#[test]
fn a_stranger_that_shares_a_running_services_port_is_a_warning() {
    let mut zoo = Zoo::new();
    let port = zoo.port;
    zoo.sandbox.write(
        "devtasks.toml",
        &format!("[services.api]\ncommand = \"SERVICE --reuseport --listen 127.0.0.1:{port}\"\nport = {port}\n"),
    );
    zoo.sandbox.run(&["up", "-d"]).with(0);
    zoo.name_the_others(&["supervisor", "watchdog", "api"]);
    zoo.start("stranger", "--reuseport --listen 127.0.0.1:PORT");
    let doctor = zoo.command(&["doctor", "--format", "json"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    let finding = &doctor.json()["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["level"]),
        (&"port.shared".into(), &"warn".into())
    );
    let said = zoo.named(finding["message"].as_str().unwrap());
    assert!(
        said.contains("`service` (pid [api]), service `api` of `project`"),
        "{said}"
    );
    assert!(said.contains("`service` (pid [stranger])"), "{said}");
    // Nobody is ended for it: one of them is ours and runs.
    assert_eq!(zoo.command(&["port", "kill", "PORT", "--yes"]).code, Some(6));
    zoo.all_live();
    zoo.names.clear();
    zoo.running.clear();
    zoo.sandbox.run(&["down"]);
}

/// Each of them opens the port for itself, below a master that does not.
#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn workers_of_one_master_are_one_owner() {
    let mut zoo = Zoo::new();
    let worker = format!(
        "{} --reuseport --listen 127.0.0.1:PORT --announce open",
        crate::sandbox::service().display()
    );
    let worker = worker.replace("PORT", &zoo.port.to_string());
    let mut master = zoo.sandbox.other("setsid");
    master.args([
        "bash",
        "-c",
        &format!("{worker} | sed -u s/open/one/ & {worker} & wait"),
    ]);
    zoo.follow("master", master);
    let code = || zoo.command(&["port", "who", "PORT", "--format", "json"]).json()["ports"][0].clone();
    crate::sandbox::eventually(
        || format!("two workers: {}", code()),
        || code()["owners"].as_array().unwrap().len() == 2,
    );
    assert_eq!(code()["code"], "port.busy.foreign");
}

#[test]
fn a_program_that_inherited_the_socket_of_a_dead_server_is_told_as_such() {
    let mut zoo = Zoo::new();
    zoo.python(
        "server",
        "
import socket, subprocess, time
listener = socket.create_server(('127.0.0.1', PORT))
listener.set_inheritable(True)
subprocess.Popen(['sleep', '1000'], close_fds=False)
print('open', flush=True)
time.sleep(1000)
",
    );
    zoo.name_the_others(&["sleep"]);
    zoo.kill("server");
    zoo.says(
        "
        who port.busy.foreign
        [sleep] sleep running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `sleep` (pid [sleep]), which does not serve it: it inherited the socket from a server that has exited
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [sleep]"]);
}

/// The server no longer listens, and talks on with whoever was connected.
#[test]
fn a_connection_that_was_accepted_outlives_its_listener() {
    let mut zoo = Zoo::new();
    zoo.python(
        "server",
        "
import socket, time
listener = socket.socket()
listener.bind(('127.0.0.1', PORT))
listener.listen()
client = socket.create_connection(('127.0.0.1', PORT))
accepted, _ = listener.accept()
listener.close()
print('open', flush=True)
time.sleep(1000)
",
    );
    let who = zoo.command(&["port", "who", "PORT", "--format", "json"]).json();
    assert_eq!(who["ports"][0]["code"], "port.busy.connection");
    zoo.is_never_touched();
}
