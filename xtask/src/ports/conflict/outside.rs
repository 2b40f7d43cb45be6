//! What cannot be seen from inside WSL or a container, and the command that looks there.

use crate::config::Protocol;
use crate::diagnostic::Hint;
use crate::ports::{Endpoint, VisibilityLimit};
use crate::process::container::Runtime;

/// Completes a message about an owner that was not found.
pub(super) fn unseen(limit: VisibilityLimit) -> String {
    let (inside, outside) = match limit {
        VisibilityLimit::Wsl1 => ("WSL 1".to_owned(), "processes of Windows"),
        VisibilityLimit::Wsl2 => ("WSL 2".to_owned(), "processes of its other distributions"),
        VisibilityLimit::Wsl2Mirrored => (
            "WSL 2 with the ports of Windows (`networkingMode=mirrored`)".to_owned(),
            "processes of Windows and of other distributions",
        ),
        VisibilityLimit::Container(None) => ("a container".to_owned(), "processes of the host"),
        VisibilityLimit::Container(Some(engine)) => {
            (format!("a container of {}", engine.title()), "processes of the host")
        }
        VisibilityLimit::Devcontainer => (
            "a development container".to_owned(),
            "processes of the host and of other containers",
        ),
        VisibilityLimit::Codespace => ("a codespace".to_owned(), "processes of its other containers"),
        VisibilityLimit::Pod => ("a pod of Kubernetes".to_owned(), "processes of its other containers"),
    };
    format!("this is {inside}, where {outside} cannot be seen")
}

/// How to look there.
pub(super) fn look_outside(limit: VisibilityLimit, port: &Endpoint) -> Vec<Hint> {
    let number = port.number;
    let on_windows = || {
        Hint::from(format!(
            "look at Windows with `netstat.exe -ano | grep :{number}`, or there, in PowerShell, with `{}`",
            powershell(port)
        ))
    };
    let in_distributions = || {
        Hint::from(
            "look at the other distributions with `wsl.exe --list --running`, then into one with `wsl.exe -d NAME -u \
             root ss -tulnp`",
        )
    };
    let on_host = |with: &str| {
        let look = format!("look on the host with {with}, or with");
        Hint::run(&look, format!("port who {}", port.typed()))
    };
    let docker = format!("`docker ps --filter publish={number}`");
    match limit {
        VisibilityLimit::Wsl1 => vec![on_windows()],
        VisibilityLimit::Wsl2 => vec![in_distributions()],
        VisibilityLimit::Wsl2Mirrored => vec![on_windows(), in_distributions().or()],
        VisibilityLimit::Container(Some(Runtime::Podman)) => vec![on_host("`podman ps`")],
        VisibilityLimit::Container(Some(Runtime::Docker) | None) => vec![on_host(&docker)],
        VisibilityLimit::Devcontainer => vec![
            "look for a service with `network_mode` in the Compose file of the development container: it shares these ports"
                .into(),
            on_host(&docker).or(),
        ],
        VisibilityLimit::Codespace => vec![
            "look for a service with `network_mode` in the Compose file of the codespace: it shares these ports".into(),
            Hint::from("look at the ports of the codespace with `gh codespace ports`").or(),
        ],
        VisibilityLimit::Pod => vec![
            "look into the other containers of the pod with `kubectl exec NAME -c CONTAINER -- ss -tulnp`; `kubectl \
             describe pod NAME` lists them"
                .into(),
        ],
    }
}

/// Source: learn.microsoft.com, Get-NetTCPConnection and Get-NetUDPEndpoint.
fn powershell(port: &Endpoint) -> String {
    let what = match port.protocol {
        Protocol::Tcp => "Get-NetTCPConnection",
        Protocol::Udp => "Get-NetUDPEndpoint",
    };
    format!("Get-Process -Id ({what} -LocalPort {}).OwningProcess", port.number)
}
