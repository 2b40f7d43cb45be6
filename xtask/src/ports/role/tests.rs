//! A process → its role. `protected` tests which processes are never signalled.

use super::*;
use crate::process::container::runtime_of_group;
use crate::process::{Identity, ProcessState, argument_vector};

/// `pid name : arguments`, with words separated by `|`; port 8000. We are pid 500, below 400.
#[track_caller]
fn check(line: &str, details: Details, expected: &str) {
    let (facts, command) = line.split_once(" : ").unwrap_or((line, ""));
    let (pid, name) = facts.split_once(' ').unwrap();
    let process = Process {
        identity: Identity {
            boot: String::new(),
            pid: pid.parse().unwrap(),
            start: 0,
        },
        name: name.into(),
        parent: 1,
        group: 1,
        session: 1,
        terminal: None,
        state: ProcessState::Running,
        kernel: false,
    };
    let ours = Ancestry {
        us: 500,
        ancestors: vec![400, 1],
        unit: None,
    };
    let details = Details {
        command: argument_vector(command),
        ..details
    };
    let said = match role(&process, &details, &ours, 8000) {
        Role::Server => "server".to_owned(),
        Role::Managed(manager) => format!("managed: {}", manager.stop),
        Role::Tunnel(tunnel) => tunnel.what,
        Role::Container(container) => {
            let inside = if container.is_inside { " inside" } else { "" };
            let name = container.name.map(|name| format!(" {name}")).unwrap_or_default();
            format!("{:?}{inside}{name}", container.runtime)
        }
    };
    assert_eq!(said, expected, "{line}");
}

#[test]
fn proxies_and_engines_stand_for_containers() {
    let none = Details::default;
    check("7 docker-proxy", none(), "Some(Docker)");
    check("7 com.docker.back", none(), "Some(Docker)");
    check("7 rootlessport", none(), "Some(Podman)");
    check("7 exe : /usr/bin/conmon|--api-version", none(), "Some(Podman)");
    check(
        "7 conmon : /usr/bin/conmon|-c|bbb9|-n|web|-r|runc",
        none(),
        "Some(Podman) web",
    );
    check("7 pasta.avx2", none(), "Some(Podman)");
    check("7 com.docker.backend.exe", none(), "Some(Docker)");
    check("7 OrbStack Helper", none(), "Some(Docker)");
    check("7 gvproxy.exe", none(), "Some(Podman)");
    check(
        "7 ssh : ssh: /Users/kim/.colima/_lima/colima/ssh.sock [mux]",
        none(),
        "Some(Docker)",
    );
    let contained = || Details {
        container: Some("f00".into()),
        runtime: runtime_of_group("/user.slice/libpod-f00.scope"),
        ..Details::default()
    };
    check("7 node : node|server.js", contained(), "Some(Podman) inside");
    assert_eq!(runtime_of_group("/docker/f00"), Some(Runtime::Docker));
    assert_eq!(runtime_of_group("/kubepods/pod1/f00"), None);
}

#[test]
fn some_managers_hold_sockets_for_others() {
    check("1 systemd", Details::default(), "managed: systemctl stop NAME.socket");
    check(
        "700 systemd : /lib/systemd/systemd|--user",
        Details::default(),
        "managed: systemctl --user stop NAME.socket",
    );
    check(
        "7 PM2 v7.0.4: God : PM2 v7.0.4: God Daemon (/home/kim/.pm2)",
        Details::default(),
        "managed: pm2 stop NAME",
    );
    check(
        "1 launchd",
        Details::default(),
        "managed: sudo launchctl bootout system/NAME",
    );
    check(
        "7 node : PM2 v5.3.0: God Daemon (/Users/kim/.pm2)",
        Details::default(),
        "managed: pm2 stop NAME",
    );
    check("7 supervisord : supervisord", Details::default(), "server");
    check("7 systemd-resolve", Details::default(), "server");
}

#[test]
fn an_ssh_session_forwards_and_its_server_does_not() {
    let session = "a port that an SSH session forwards to its user's machine (`ssh -R`)";
    check("7 sshd : sshd: kim@pts/0", Details::default(), session);
    check("7 sshd-session", Details::default(), session);
    check("7 sshd.exe", Details::default(), "server");
    check("7 sshd : /usr/sbin/sshd|-D", Details::default(), "server");
    check(
        "7 sshd : sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
        Details::default(),
        "server",
    );
}

#[test]
fn an_editor_forwards_where_it_does_not_serve() {
    check(
        "7 code : /usr/share/code/code|--type=utility",
        Details::default(),
        "most likely a port that the editor (`code`) forwards",
    );
    check(
        "7 node : /home/kim/.vscode-server/bin/1/node",
        Details::default(),
        "server",
    );
    check("400 ssh : ssh|-L|8000:db:1|bastion", Details::default(), "server");
    check(
        "7 ssh : ssh|-L|8000:db:1|bastion",
        Details::default(),
        "an SSH tunnel to `db:1` by way of `bastion`",
    );
}
