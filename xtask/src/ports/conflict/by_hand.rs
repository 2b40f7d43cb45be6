//! How to turn off an owner that is never signalled because it is a part of macOS or Windows.

use crate::diagnostic::Hint;
use crate::ports::Owner;
use crate::process::arguments::without_exe;

/// In the order in which they should be tried. `port` is the number that it holds.
pub(super) fn by_hand(owner: &Owner, port: u16) -> Vec<Hint> {
    let name = owner.process.name.raw().as_str();
    let pid = owner.process.identity.pid;
    let of_windows = without_exe(name).map(str::to_ascii_lowercase);
    match of_windows.as_deref().unwrap_or(name) {
        // Source: support.apple.com, "Use AirPlay to stream to your Mac": macOS 12 and later.
        "ControlCenter" => vec![
            "turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff (macOS 12: System Preferences > \
             Sharing)"
                .into(),
        ],
        // Source: WSL issue 10601: the relay may stay when the server has ended.
        "wslrelay" | "wslhost" | "vmmem" | "vmmemWSL" => vec![
            format!("stop the server inside WSL; find it with `wsl -u root -- ss -tulnp | findstr :{port}`").into(),
            Hint::from("end all of WSL with `wsl --shutdown`, if no server is left there").or(),
        ],
        // Source: learn.microsoft.com, netsh http; the SMB server is a driver as well.
        "System" if port == 445 || port == 139 => {
            vec!["see what the file sharing of Windows shares with `net share`, and use another port".into()]
        }
        "System" => vec![
            "find the program behind it with `netsh http show servicestate`, and stop that; IIS ends with `iisreset \
             /stop`, as administrator"
                .into(),
        ],
        // Source: learn.microsoft.com, netsh interface portproxy: the service iphlpsvc, in svchost, listens for it.
        "svchost" => vec![
            format!(
                "look whether it passes the port on with `netsh interface portproxy show all`; `netsh interface portproxy \
                 delete v4tov4 listenport={port}` ends that, as administrator"
            )
            .into(),
            Hint::from(format!("look which services it runs with `tasklist /svc /fi \"PID eq {pid}\"`"))
                .or(),
        ],
        _ => Vec::new(),
    }
}

/// The setting of macOS that makes launchd hold this port.
///
/// Source: /System/Library/LaunchDaemons: ssh.plist, com.apple.screensharing.plist, com.apple.smbd.plist;
/// support.apple.com, "TCP and UDP ports used by Apple software products".
pub(super) fn sharing_of_macos(port: u16) -> Option<Hint> {
    let service = match port {
        22 => "Remote Login",
        445 => "File Sharing",
        3283 => "Remote Management",
        5900 => "Screen Sharing",
        _ => return None,
    };
    Some(format!("turn off {service} in System Settings > General > Sharing").into())
}
