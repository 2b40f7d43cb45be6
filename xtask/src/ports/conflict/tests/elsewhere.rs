//! Ports of macOS and Windows, and those seen from inside WSL or a container.

use super::*;
use expect_test::expect;

#[test]
fn airplay_is_turned_off_in_the_settings_of_macos() {
    check_on(
        Platform::MacOs,
        "port 5000
        answer busy
        we nobody
        owner 612 ControlCenter protected=it_is_the_AirPlay_Receiver_of_macOS,_and_would_come_back",
        expect![[r#"
            port.busy.protected fail 3: port 5000 is taken by `ControlCenter` (pid 612), which is never stopped: it is the AirPlay Receiver of macOS, and would come back
            hint: turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff (macOS 12: System Preferences > Sharing)"#]],
    );
}

#[test]
fn a_socket_of_launchd_belongs_to_a_setting_or_a_job() {
    check_on(
        Platform::MacOs,
        "port 22\nanswer busy\nwe nobody\nowner 1 launchd protected=x launchd=",
        expect![[r#"
            port.busy.system_service fail 3: port 22 is taken by `launchd` (pid 1): launchd holds it for socket activation
            hint: turn off Remote Login in System Settings > General > Sharing"#]],
    );
    check_on(
        Platform::MacOs,
        "answer busy\nwe nobody\nowner 1 launchd protected=x launchd=",
        expect![[r#"
            port.busy.system_service fail 3: port 8000 is taken by `launchd` (pid 1): launchd holds it for socket activation
            hint: find its name with `grep -ls SockServiceName /Library/LaunchDaemons/* /System/Library/LaunchDaemons/* ~/Library/LaunchAgents/*`, then stop it with `sudo launchctl bootout system/NAME`"#]],
    );
}

#[test]
fn owners_that_are_a_part_of_windows_are_told_by_hand() {
    for (name, pid, expected) in [
        (
            "System",
            4,
            expect![[r#"
            port.busy.protected fail 3: port 8000 is taken by `System` (pid 4), which is never stopped: x
            hint: find the program behind it with `netsh http show servicestate`, and stop that; IIS ends with `iisreset /stop`, as administrator"#]],
        ),
        (
            "svchost.exe",
            812,
            expect![[r#"
            port.busy.protected fail 3: port 8000 is taken by `svchost.exe` (pid 812), which is never stopped: x
            hint: look whether it passes the port on with `netsh interface portproxy show all`; `netsh interface portproxy delete v4tov4 listenport=8000` ends that, as administrator
            hint: or look which services it runs with `tasklist /svc /fi "PID eq 812"`"#]],
        ),
        (
            "wslrelay.exe",
            9,
            expect![[r#"
            port.busy.protected fail 3: port 8000 is taken by `wslrelay.exe` (pid 9), which is never stopped: x
            hint: stop the server inside WSL; find it with `wsl -u root -- ss -tulnp | findstr :8000`
            hint: or end all of WSL with `wsl --shutdown`, if no server is left there"#]],
        ),
        (
            "wslhost.exe",
            9,
            expect![[r#"
            port.busy.protected fail 3: port 8000 is taken by `wslhost.exe` (pid 9), which is never stopped: x
            hint: stop the server inside WSL; find it with `wsl -u root -- ss -tulnp | findstr :8000`
            hint: or end all of WSL with `wsl --shutdown`, if no server is left there"#]],
        ),
    ] {
        let text = format!("answer busy\nwe nobody\nowner {pid} {name} protected=x");
        check_on(Platform::Windows, &text, expected);
    }
    check_on(
        Platform::Windows,
        "port 445\nanswer busy\nwe nobody\nowner 4 System protected=x",
        expect![[r#"
            port.busy.protected fail 3: port 445 is taken by `System` (pid 4), which is never stopped: x
            hint: see what the file sharing of Windows shares with `net share`, and use another port"#]],
    );
}

#[test]
fn port_in_an_excluded_range_of_windows_is_denied() {
    check_on(
        Platform::Windows,
        "answer excluded
        excluded 7949 8048
        we variable",
        expect![[r#"
            port.denied fail 3: port 8000 may not be bound: Windows keeps 7949 to 8048 for itself, for Hyper-V or for WSL
            hint: give `backend` another port: `$env:BACKEND_PORT=8049; cargo xtask up`, in PowerShell
            hint: look at the ranges with `netsh int ipv4 show excludedportrange protocol=tcp`
            hint: or have Windows choose other ranges with `net stop winnat`, then `net start winnat`, as administrator"#]],
    );
    check_on(
        Platform::Windows,
        "port 8000 udp
        answer excluded
        we asking",
        expect![[r#"
            port.denied fail 3: UDP port 8000 may not be bound: it lies in a range that Windows keeps, or a program has it to itself alone
            hint: look at the ranges with `netsh int ipv4 show excludedportrange protocol=udp`
            hint: or have Windows choose other ranges with `net stop winnat`, then `net start winnat`, as administrator"#]],
    );
}

#[test]
fn hints_have_the_commands_of_the_system() {
    let hidden = "answer busy\nwe asking\nsocket 0 listening";
    check_on(
        Platform::MacOs,
        hidden,
        expect![[r#"
        port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
        hint: look with `sudo cargo xtask port who 8000`"#]],
    );
    check_on(
        Platform::Windows,
        hidden,
        expect![[r#"
        port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
        hint: look, in a terminal that was opened as administrator, with `cargo xtask port who 8000`"#]],
    );
    let veiled = "answer busy\nwe root\nwe asking\nsocket 0 listening veiled";
    check_on(
        Platform::MacOs,
        veiled,
        expect![[r#"
        port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
        hint: try `cargo xtask port who 8000` once more: macOS lets nobody inspect some of its processes"#]],
    );
    let denied = "port 80\nanswer denied";
    check_on(
        Platform::MacOs,
        denied,
        expect![[r#"
        port.denied fail 3: port 80 needs privilege: it is not in use, but this user may not bind it
        hint: give `backend` another `port` in devtasks.toml
        hint: or bind it at all addresses with `host = "0.0.0.0"`, which macOS allows to every user; other machines reach it then, too"#]],
    );
    let other = r"answer busy
        we variable
        owner 7 node.exe tag=blog:\\box\my_blog:r9:web";
    check_on(
        Platform::Windows,
        other,
        expect![[r#"
            port.busy.other_project fail 3: port 8000 is taken by `node.exe` (pid 7): service `web` of `blog` in \\box\my blog
            hint: stop it there with `cargo xtask down --file "\\box\my blog\devtasks.toml"`
            hint: or stop it anyway with `cargo xtask port kill 8000 --foreign`
            hint: or give `backend` another port: `$env:BACKEND_PORT=8001; cargo xtask up`, in PowerShell"#]],
    );
}

#[test]
fn hidden_owner_beyond_wsl_or_a_container_is_looked_for_there() {
    for (limit, expected) in [
        (
            "wsl1",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is WSL 1, where processes of Windows cannot be seen
                hint: look at Windows with `netstat.exe -ano | grep :8000`, or there, in PowerShell, with `Get-Process -Id (Get-NetTCPConnection -LocalPort 8000).OwningProcess`"#]],
        ),
        (
            "wsl2",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is WSL 2, where processes of its other distributions cannot be seen
                hint: look at the other distributions with `wsl.exe --list --running`, then into one with `wsl.exe -d NAME -u root ss -tulnp`"#]],
        ),
        (
            "mirrored",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is WSL 2 with the ports of Windows (`networkingMode=mirrored`), where processes of Windows and of other distributions cannot be seen
                hint: look at Windows with `netstat.exe -ano | grep :8000`, or there, in PowerShell, with `Get-Process -Id (Get-NetTCPConnection -LocalPort 8000).OwningProcess`
                hint: or look at the other distributions with `wsl.exe --list --running`, then into one with `wsl.exe -d NAME -u root ss -tulnp`"#]],
        ),
        (
            "container",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is a container, where processes of the host cannot be seen
                hint: look on the host with `docker ps --filter publish=8000`, or with `cargo xtask port who 8000`"#]],
        ),
        (
            "podman",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is a container of Podman, where processes of the host cannot be seen
                hint: look on the host with `podman ps`, or with `cargo xtask port who 8000`"#]],
        ),
        (
            "devcontainer",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is a development container, where processes of the host and of other containers cannot be seen
                hint: look for a service with `network_mode` in the Compose file of the development container: it shares these ports
                hint: or look on the host with `docker ps --filter publish=8000`, or with `cargo xtask port who 8000`"#]],
        ),
        (
            "codespace",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is a codespace, where processes of its other containers cannot be seen
                hint: look for a service with `network_mode` in the Compose file of the codespace: it shares these ports
                hint: or look at the ports of the codespace with `gh codespace ports`"#]],
        ),
        (
            "pod",
            expect![[r#"
                port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it; this is a pod of Kubernetes, where processes of its other containers cannot be seen
                hint: look into the other containers of the pod with `kubectl exec NAME -c CONTAINER -- ss -tulnp`; `kubectl describe pod NAME` lists them"#]],
        ),
    ] {
        check(&format!("answer busy\nwe nobody\nblind {limit}"), expected);
    }
    check(
        "answer busy
        we root
        we asking
        blind docker
        socket 0 listening",
        expect![[r#"
            port.busy.no_owner fail 3: port 8000 is taken by no process that can be seen: the kernel or a socket in flight holds it; this is a container of Docker, where processes of the host cannot be seen
            hint: try `cargo xtask port who 8000` once more
            hint: or look on the host with `docker ps --filter publish=8000`, or with `cargo xtask port who 8000`"#]],
    );
    // Another user's process, of which root may see more.
    check(
        "answer busy\nwe asking\nblind docker\nsocket 0 listening",
        expect![[r#"
            port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
            hint: look with `sudo cargo xtask port who 8000`"#]],
    );
    check(
        "port 5353 udp
        answer busy
        we root
        we asking
        blind mirrored
        socket 0 listening veiled",
        expect![[r#"
            port.busy.hidden fail 3: UDP port 5353 is taken, and its owner cannot be seen: it belongs to user `root`; this is WSL 2 with the ports of Windows (`networkingMode=mirrored`), where processes of Windows and of other distributions cannot be seen
            hint: look at Windows with `netstat.exe -ano | grep :5353`, or there, in PowerShell, with `Get-Process -Id (Get-NetUDPEndpoint -LocalPort 5353).OwningProcess`
            hint: or look at the other distributions with `wsl.exe --list --running`, then into one with `wsl.exe -d NAME -u root ss -tulnp`"#]],
    );
}
