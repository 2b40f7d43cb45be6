//! Programs that only forward connections, and the target of the tunnel as far as their arguments show it.

#[cfg(test)]
mod tests;

use crate::foreign::Foreign;
use crate::process::arguments::{program, value};

/// A process that forwards its port to another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tunnel {
    /// Completes the sentence "it is …": `an SSH tunnel to db:5432 by way of `bastion``.
    pub(crate) what: String,
    /// How to close it if it must not be signalled.
    pub(crate) close: Option<String>,
}

impl Tunnel {
    fn new(what: impl Into<String>) -> Self {
        Tunnel {
            what: what.into(),
            close: None,
        }
    }

    /// An editor's own process that listens forwards a port of the machine or container that it works in.
    pub(crate) fn of_editor(editor: &str) -> Self {
        let editor = Foreign::from(editor);
        Tunnel {
            what: format!("most likely a port that the editor (`{editor}`) forwards"),
            close: Some("close it in the editor: the Ports view of VS Code, or the remote session's window".to_owned()),
        }
    }

    /// The server's side of `ssh -R`.
    pub(crate) fn of_ssh_session() -> Self {
        Tunnel {
            what: "a port that an SSH session forwards to its user's machine (`ssh -R`)".to_owned(),
            close: Some("close that SSH session where it was opened".to_owned()),
        }
    }
}

/// The tunnel of a process that holds `port`; `None` if it is not a known tunnel program.
pub(super) fn tunnel(name: &str, command: &[String], port: u16) -> Option<Tunnel> {
    let called = program(command.first().map_or(name, String::as_str));
    let arguments = command.get(1..).unwrap_or_default();
    match called {
        "ssh" => Some(ssh(arguments, port)),
        "kubectl" | "oc" | "k3s" if arguments.iter().any(|word| word == "port-forward") => {
            Some(port_forward(arguments, port))
        }
        "socat" => socat(arguments, port),
        "ngrok" => Some(Tunnel::new("the web interface or a tunnel of ngrok")),
        "cloudflared" => Some(Tunnel::new(match value(arguments, &["--hostname"]) {
            Some(host) => format!("a Cloudflare tunnel to `{}`", Foreign::from(host)),
            None => "a Cloudflare tunnel".to_owned(),
        })),
        "cloud-sql-proxy" | "cloud_sql_proxy" => Some(Tunnel::new("a tunnel to a Cloud SQL database")),
        "session-manager-plugin" => Some(Tunnel::new("a tunnel of the AWS Session Manager")),
        "tsh" => Some(Tunnel::new("a tunnel of Teleport")),
        "k9s" => Some(Tunnel::new("a port that k9s forwards from a cluster")),
        // On 5037 it is adb's own server.
        "adb" if port != 5037 => Some(Tunnel::new("a port that adb forwards from a device")),
        "iproxy" => Some(Tunnel::new("a port that iproxy forwards from a device")),
        "frpc" | "chisel" | "bore" | "gost" => Some(Tunnel::new(format!("a tunnel of {called}"))),
        _ => None,
    }
}

/// Source: man 1 ssh: `-L [bind_address:]port:host:hostport` or `…:socket`, `-D [bind_address:]port`. The last of
/// several options in one word may take a value.
fn ssh(arguments: &[String], port: u16) -> Tunnel {
    const TAKE_A_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";
    let mut words = arguments.iter();
    let (mut leads_to, mut host) = (None, None);
    while let Some(word) = words.next() {
        let Some(options) = word.strip_prefix('-').filter(|options| !options.is_empty()) else {
            // Options may follow the host; a second word starts the remote command.
            match host {
                None => host = Some(word.as_str()),
                Some(_) => break,
            }
            continue;
        };
        let Some((at, option)) = options
            .char_indices()
            .find(|(_, letter)| TAKE_A_VALUE.contains(*letter))
        else {
            continue;
        };
        let inline = &options[at + option.len_utf8()..];
        let value = if inline.is_empty() {
            words.next().map_or("", String::as_str)
        } else {
            inline
        };
        match option {
            'L' => leads_to = forwards(value, port).or(leads_to),
            'D' if listens(value) == Some(port) => leads_to = Some(String::new()),
            // `LocalForward=8000 db:5432`.
            'o' => {
                let setting = value.split_once(['=', ' ']);
                let forward = setting.filter(|(name, _)| name.trim().eq_ignore_ascii_case("LocalForward"));
                let forward = forward.map(|(_, value)| value.trim().replacen(' ', ":", 1));
                leads_to = forward.and_then(|it| forwards(&it, port)).or(leads_to);
            }
            _ => {}
        }
    }
    let (leads_to, host) = (leads_to.map(Foreign::from), host.map(Foreign::from));
    let by_way_of = host
        .as_ref()
        .map(|host| format!(" by way of `{host}`"))
        .unwrap_or_default();
    Tunnel::new(match leads_to {
        Some(target) if target == "" => format!("an SSH proxy (`ssh -D`){by_way_of}"),
        Some(target) => format!("an SSH tunnel to `{target}`{by_way_of}"),
        None => match host {
            Some(host) => format!("an SSH tunnel to or by way of `{host}`"),
            None => "an SSH tunnel".to_owned(),
        },
    })
}

/// The port of `[bind_address:]port`.
fn listens(value: &str) -> Option<u16> {
    value.rsplit(':').next()?.parse().ok()
}

/// The target of `[bind_address:]port:target` if it is for this port; the address may be IPv6 in brackets.
fn forwards(value: &str, port: u16) -> Option<String> {
    let number = port.to_string();
    let (before, target) = value.split_once(&format!("{number}:"))?;
    let is_whole = before.is_empty() || before.ends_with(':');
    is_whole.then(|| target.to_owned())
}

/// Source: `kubectl port-forward --help`: `TYPE/NAME [LOCAL_PORT:]REMOTE_PORT …`.
fn port_forward(arguments: &[String], port: u16) -> Tunnel {
    let pair = arguments.iter().find_map(|word| {
        let (local, remote) = word.split_once(':').unwrap_or((word, word));
        (local.parse() == Ok(port)).then(|| remote.to_owned())
    });
    const TAKE_A_VALUE: &[&str] = &[
        "-n",
        "--namespace",
        "--context",
        "--address",
        "--kubeconfig",
        "--cluster",
        "--pod-running-timeout",
    ];
    let mut words = arguments.iter().skip_while(|word| *word != "port-forward").skip(1);
    let mut resource = None;
    while let Some(word) = words.next() {
        if TAKE_A_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            resource = Some(word.as_str());
            break;
        }
    }
    let namespace = value(arguments, &["-n", "--namespace"]).map(|it| format!(" in namespace `{}`", Foreign::from(it)));
    let cluster = value(arguments, &["--context"]).map(|it| format!(" of `{}`", Foreign::from(it)));
    let place = format!("{}{}", namespace.unwrap_or_default(), cluster.unwrap_or_default());
    Tunnel::new(match (resource.map(Foreign::from), pair.map(Foreign::from)) {
        (Some(resource), Some(remote)) => format!("a port forward to port {remote} of `{resource}`{place}"),
        (Some(resource), None) => format!("a port forward to `{resource}`{place}"),
        (None, _) => format!("a port forward into a cluster{place}"),
    })
}

/// Source: man 1 socat: two addresses, one of which listens, `TCP-LISTEN:8000,fork`.
fn socat(arguments: &[String], port: u16) -> Option<Tunnel> {
    let addresses: Vec<&String> = arguments.iter().filter(|word| word.contains(':')).collect();
    let listens = |address: &str| {
        let mut parts = address.split([':', ',']);
        let kind = parts.next().unwrap_or_default().to_ascii_uppercase();
        (kind.contains("LISTEN") || kind.ends_with("-L")) && parts.next() == Some(&port.to_string())
    };
    let at = addresses.iter().position(|address| listens(address))?;
    let other = addresses.iter().enumerate().find(|(other, _)| *other != at);
    Some(Tunnel::new(
        match other.map(|(_, address)| address.split(',').next().unwrap_or(address)) {
            Some(target) => format!("a tunnel of socat to `{}`", Foreign::from(target)),
            None => "a tunnel of socat".to_owned(),
        },
    ))
}
