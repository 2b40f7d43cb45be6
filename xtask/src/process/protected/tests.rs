//! Processes, one per line as `pid name [options] : arguments` → which are protected, and why.

use super::super::{Identity, ProcessState, argument_vector};
use super::*;

/// Options: `tty`, `kernel`, `exe=PATH`, `managed`, `container=NAME`. We are pid 500 below 400, 300; in `ci.service`.
#[track_caller]
fn check(input: &str, expected: &str) {
    let ours = Ancestry {
        us: 500,
        ancestors: vec![400, 300, 1],
        unit: Some("ci.service".to_owned()),
    };
    let mut said = String::new();
    for line in input.trim().lines() {
        let (facts, command) = line.split_once(" : ").unwrap_or((line, ""));
        let mut facts = facts.split_whitespace();
        let pid = facts.next().unwrap().parse().unwrap();
        let name = facts.next().unwrap().replace('_', " ");
        let mut process = Process {
            identity: Identity {
                boot: String::new(),
                pid,
                start: 0,
            },
            name: name.clone().into(),
            parent: 300,
            group: pid,
            session: pid,
            terminal: None,
            state: ProcessState::Running,
            kernel: false,
        };
        let mut details = Details {
            command: argument_vector(command),
            ..Details::default()
        };
        for fact in facts {
            match fact.split_once('=') {
                None if fact == "tty" => process.terminal = Some("pts/3".to_owned()),
                None if fact == "kernel" => process.kernel = true,
                Some(("exe", exe)) => details.exe = Some(exe.into()),
                None if fact == "managed" => details.manager = Some(ManagedService::socket(false, Some("x.socket"))),
                Some(("container", container)) => details.container = Some(container.into()),
                _ => panic!("unknown option `{fact}`"),
            }
        }
        let reason = protection(&process, &details, &ours).unwrap_or_else(|| "-".to_owned());
        said.push_str(&format!("{pid} {reason}\n"));
    }
    let expected: Vec<_> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(said.trim_end(), expected.join("\n"));
}

#[test]
fn the_system_and_our_own_ancestors_are_protected() {
    check(
        "1 python3 : python3|server.py
        2 kthreadd kernel
        300 python3 : python3|server.py
        400 bash tty : bash
        500 xtask
        501 python3 : python3|server.py",
        "1 it is the first process of this system or container
        2 it is a part of the kernel
        300 it is an ancestor of this command
        400 it is an ancestor of this command
        500 it is this very command
        501 -",
    );
}

#[test]
fn engines_managers_and_editors_are_known_by_any_of_their_names() {
    check(
        "10 docker-proxy exe=/tmp/docker-proxy : /tmp/docker-proxy|-container-ip|172.17.0.2|-host-port|5432
        11 python3 exe=/usr/bin/python3 : docker-proxy|-host-port|5432
        12 containerd-shim : /usr/bin/containerd-shim-runc-v2|-namespace|moby
        13 com.docker.back exe=/Applications/Docker.app/Contents/MacOS/com.docker.backend
        14 rootlesskit-doc
        15 passt.avx2
        16 sshd : sshd: kim@pts/0
        17 systemd-resolve
        18 supervisord exe=/usr/bin/python3.11 : /usr/bin/python3|/usr/bin/supervisord
        19 PM2_v5.3.0:_God : PM2 v5.3.0: God Daemon (/home/kim/.pm2)
        20 Electron exe=/Applications/Code.app/Contents/Frameworks/Code_Helper : Code Helper (Plugin)
        21 node exe=/home/kim/.vscode-server/bin/f1/node : node|out/server-main.js
        22 java exe=/opt/idea/jbr/bin/java : java|-cp|x|com.intellij.idea.Main
        23 tmux:_server : tmux|new|-s|work
        24 gnome-terminal-",
        "10 it is the container engine's port proxy
        11 it is the container engine's port proxy
        12 it belongs to the container engine
        13 it belongs to the container engine
        14 it is the container engine's port proxy
        15 it is the container engine's port proxy
        16 it is the SSH server
        17 it is the system's service manager or belongs to it
        18 it is a service manager
        19 it is a service manager
        20 it belongs to the editor
        21 it belongs to the editor
        22 it belongs to the editor
        23 it is a terminal multiplexer's server
        24 it belongs to the desktop",
    );
}

#[test]
fn windows_and_its_programs_are_known_in_any_case() {
    check(
        r"4 System
        10 svchost.exe
        11 lsass.exe
        12 LSASS.EXE
        13 csrss
        14 services.exe
        15 Explorer.EXE exe=C:\Windows\Explorer.EXE
        16 com.docker.backend.exe
        17 wslrelay.exe
        18 wslhost.exe
        19 vmmemWSL
        20 Code.exe exe=C:\Users\kim\Code.exe
        21 idea64.exe
        22 x exe=C:\Windows\System32\spoolsv.exe
        23 host-switch.exe
        24 gvproxy.exe
        25 [System_Process]
        26 node.exe : C:\node\node.exe|C:\npm\node_modules\pm2\lib\Daemon.js",
        "4 it is the kernel of Windows, with its own HTTP server (http.sys)
        10 it is a part of Windows
        11 it is a part of Windows
        12 it is a part of Windows
        13 it is a part of Windows
        14 it is a part of Windows
        15 it belongs to the desktop
        16 it belongs to the container engine
        17 it passes the port on to a server inside WSL
        18 it passes the port on to a server inside WSL
        19 it passes the port on to a server inside WSL
        20 it belongs to the editor
        21 it belongs to the editor
        22 it is a part of Windows
        23 it is the container engine's port proxy
        24 it is the container engine's port proxy
        25 -
        26 it is a service manager",
    );
    // Pid 0 of Windows, by whatever name, and the kernel's process if the system calls it that.
    check(
        "0 [System_Process]
        4 System kernel",
        "0 it is a part of the kernel
        4 it is the kernel of Windows, with its own HTTP server (http.sys)",
    );
}

#[test]
fn macos_and_its_programs_are_known_by_names_of_16_bytes() {
    check(
        "612 ControlCenter exe=/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter
        613 com.docker.backe
        614 OrbStack_Helper
        615 limactl
        616 ssh : ssh: /Users/kim/.colima/_lima/colima/ssh.sock [mux]
        617 ssh : ssh|-F|/Users/kim/Library/Application Support/rancher-desktop/lima/0/ssh.config|lima-0
        618 gvproxy
        619 WindowServer
        620 mDNSResponder
        621 remotepairingdev
        622 Python : /opt/homebrew/bin/python3|/opt/homebrew/bin/supervisord|-n
        623 node : PM2 v5.3.0: God Daemon (/Users/kim/.pm2)
        624 launchd",
        "612 it is the AirPlay Receiver of macOS, and would come back
        613 it belongs to the container engine
        614 it belongs to the container engine
        615 it belongs to the container engine
        616 it is the container engine's port proxy
        617 it is the container engine's port proxy
        618 it is the container engine's port proxy
        619 it belongs to the desktop
        620 it is a part of macOS
        621 it is a part of macOS
        622 it is a service manager
        623 it is a service manager
        624 it is the system's service manager or belongs to it",
    );
}

#[test]
fn what_a_user_runs_is_not_mistaken_for_them() {
    check(
        r"10 explorer : ./explorer|--port|8000
        11 services : ./services
        12 python.exe : C:\Python\python.exe|server.py
        13 node.exe : node|C:\code\services.exe.js
        14 system : ./system
        15 ssh : ssh|-L|8000:db:5432|lima.example
        16 python3 : python3|supervisord.py
        17 controlcenter",
        "10 -
        11 -
        12 -
        13 -
        14 -
        15 -
        16 -
        17 -",
    );
    check(
        "10 codec exe=/home/kim/codec : ./codec|8000
        11 python3 exe=/usr/bin/python3 tty : python3|code/server.py
        12 python3 exe=/home/kim/.vscode/extensions/x/python3 : python3|-m|debugpy|--listen|5678|app.py
        13 docker : docker|compose|up
        14 systemd-socket- : systemd-socket-activate|-l|8000|./server
        15 java exe=/opt/idea/jbr/bin/java : java|-jar|shop.jar
        16 node exe=/usr/bin/node : node|/home/kim/code-server-clone/index.js
        17 initdb
        18 pastad",
        "10 -
        11 -
        12 -
        13 -
        14 -
        15 -
        16 -
        17 -
        18 -",
    );
}

#[test]
fn a_shell_is_protected_while_a_person_types_in_it() {
    check(
        "10 bash tty : -bash
        11 bash tty : bash|--init-file|/opt/integration.sh
        12 zsh tty : zsh|-il
        13 bash tty
        14 bash tty : bash|-c|python3 -m http.server
        15 bash tty : bash|-lc|server
        16 sh tty : sh|./dev.sh
        17 bash : bash
        18 bash tty : bash|-o|pipefail
        19 bash tty : bash|-o|pipefail|dev.sh",
        "10 it is the shell of a terminal (pts/3)
        11 it is the shell of a terminal (pts/3)
        12 it is the shell of a terminal (pts/3)
        13 it is the shell of a terminal (pts/3)
        14 -
        15 -
        16 -
        17 -
        18 it is the shell of a terminal (pts/3)
        19 -",
    );
}

#[test]
fn a_manager_and_a_container_protect() {
    check(
        "10 redis-server managed
        15 postgres container=shop-db-1
        16 python3 container=shop-api-1 managed",
        "10 systemd holds it for socket activation (`x.socket`)
        15 it runs in container `shop-db-1`
        16 it runs in container `shop-api-1`",
    );
}

#[test]
fn our_ancestors_are_found_in_the_table() {
    let row = |pid, parent| Process {
        identity: Identity {
            boot: String::new(),
            pid,
            start: 0,
        },
        name: "".into(),
        parent,
        group: pid,
        session: pid,
        terminal: None,
        state: ProcessState::Running,
        kernel: false,
    };
    let found = |table: &[Process]| Ancestry::of(9, None, table).ancestors;
    assert_eq!(found(&[row(1, 0), row(4, 1), row(7, 4), row(9, 7)]), [7, 4, 1]);
    assert_eq!(found(&[row(7, 8), row(8, 7), row(9, 7)]), [7, 8]);
}
