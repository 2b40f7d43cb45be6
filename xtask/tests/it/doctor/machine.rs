//! What `doctor` alone looks at: the machine, engines, other dev servers; and the list of all that was checked.

use std::process::Command;

use super::{check, found, venv};
use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox, eventually_gone, port};

#[test]
fn everything_that_was_checked_is_listed_by_kind() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "python app.py"
        venv = "api"
        port = {port}
        [services.web]
        command = "sleep 1000"
        watch = ["src/**"]
        "#
    ));
    sandbox.write(".env", "A=1\nB=2\n");
    sandbox.write("src/app.js", "");
    venv(&sandbox, "echo 3.12.4");
    let listed = sandbox.run(&["doctor", "-v"]).with(0).stdout;
    let (listed, last) = listed.trim_end().rsplit_once('\n').unwrap();
    assert!(last.starts_with("All checks passed: "), "{last}");
    // Numbers and paths of the machine.
    let known = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["ok", "web", _] => "  ok  web  PATH".to_owned(),
        ["ok", "open", ..] => "  ok  open files".to_owned(),
        ["ok", "watches", ..] => "  ok  watches".to_owned(),
        ["ok", "instances", ..] => "  ok  instances".to_owned(),
        ["ok", "localhost", ..] => "  ok  localhost".to_owned(),
        _ => line.to_owned(),
    };
    let lines: Vec<String> = listed.lines().map(known).collect();
    assert_eq!(
        lines.join("\n"),
        format!(
            "ports
  ok  api  port {port} is free

venvs
  ok  .venv  Python 3.12.4

directories
  ok  .  is there

commands
  ok  api  .venv/bin/python
  ok  web  PATH

env files
  ok  .env  2 variables

processes
  ok  earlier runs  left nothing

machine
  ok  open files
  ok  watches
  ok  instances
  ok  localhost"
        )
    );
}

#[test]
fn findings_stand_together_by_kind() {
    let sandbox = Sandbox::new(
        "[services.gone]\ncommand = \"no-such-command\"\n\
         [services.lost]\ncommand = \"sleep 1\"\nworking_dir = \"nowhere\"\n\
         [services.weak]\ncommand = \"./no-such-script\"\n",
    );
    let told = sandbox.run(&["doctor"]).with(1).stdout;
    let heads: Vec<&str> = told
        .lines()
        .filter(|line| !line.starts_with(' ') && !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    assert_eq!(
        heads,
        [
            "directories",
            "error: working directory `nowhere` does not exist",
            "commands",
            "error: command `no-such-command` was not found",
            "error: command `./no-such-script` was not found",
            "3 checks failed.",
        ],
        "{told}"
    );
}

#[test]
fn an_engine_that_a_command_calls_must_answer() {
    let sandbox = Sandbox::new("[services.db]\ncommand = \"bin/docker run redis\"\n");
    sandbox.write_script("bin/docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    check(&sandbox, 1, &[("engine.unreachable", "fail")]);
    let said = sandbox.run(&["doctor"]).with(1).stdout;
    assert!(
        said.contains("none answers `docker`: Cannot connect to the Docker daemon"),
        "{said}"
    );
    sandbox.write_script("bin/docker", "[ \"$1\" = version ]");
    check(&sandbox, 0, &[]);
}

#[test]
fn another_dev_server_of_the_same_directory_is_told_of() {
    let (sandbox, port) = (Sandbox::new("[services.web]\ncommand = \"bin/next dev\"\n"), port());
    sandbox.write_script("bin/next", "exec sleep 1000");
    sandbox.write("package.json", "{}");
    check(&sandbox, 0, &[]);
    let other = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let lock = format!("{{\"pid\":{},\"port\":{port},\"hostname\":\"localhost\"}}", other.pid());
    sandbox.write(".next/dev/lock", &lock);
    check(&sandbox, 1, &[("lock.held", "fail")]);
    other.kill();
    eventually_gone(other.pid());
    check(&sandbox, 0, &[]);
}

#[test]
fn a_port_that_has_moved_is_a_note() {
    let one = row(2);
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:${{API_PORT}}\"\n\
         port = {{ number = \"${{API_PORT:-{one}}}\", on_conflict = \"next\" }}\n"
    ));
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{one}")]);
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.run(&["down"]).with(0);
    drop(stranger);
    let found = found(&sandbox, 0);
    assert_eq!(found, [("port.moved".to_owned(), "ok".to_owned())]);
    let line = sandbox.run(&["doctor", "--strict"]).with(0).stdout;
    assert!(
        line.starts_with("All checks passed: 1 port free, 1 of them moved, "),
        "{line}"
    );
}

/// `doctor` as root of a namespace in which `setting` was run. Needs root.
fn elsewhere(sandbox: &Sandbox, kind: &str, setting: &str) -> String {
    let program = env!("CARGO_BIN_EXE_xtask");
    let mut command: Command = sandbox.other("unshare");
    let script = format!("{setting} && exec {program} doctor --format json");
    command.args([kind, "sh", "-c", &script]);
    let document = Running::start(command).wait().json();
    let codes = document["findings"].as_array().unwrap().iter();
    let codes = codes.map(|it| it["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code != "port.free").collect::<Vec<_>>().join(" ")
}

#[test]
fn a_hosts_file_without_localhost_needs_root() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox.write("hosts", "127.0.0.1 shop.test\n");
    let bind = |resolver: &str| {
        sandbox.write("nsswitch.conf", &format!("hosts: {resolver}\n"));
        "mount --bind hosts /etc/hosts && mount --bind nsswitch.conf /etc/nsswitch.conf".to_owned()
    };
    assert_eq!(elsewhere(&sandbox, "--mount", &bind("files")), "hosts.localhost");
    sandbox.write("hosts", "127.0.0.1 localhost\n");
    assert_eq!(elsewhere(&sandbox, "--mount", &bind("files")), "");
}

#[test]
fn a_machine_without_ipv6_needs_root() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sleep 1000 --host=::1\"\n");
    let off = "ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1";
    assert_eq!(elsewhere(&sandbox, "--net", off), "ipv6.off");
    assert_eq!(elsewhere(&sandbox, "--net", "ip link set lo up"), "");
}
