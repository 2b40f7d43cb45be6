//! What runs beside a service: before it starts, and until it is ready.

use std::net::IpAddr;

use super::Stack;
use super::syntax::{word, word_and};
use crate::export::process::{Process, SearchPath};
use crate::export::unix::bin;
use crate::export::{gate, shell};
use crate::plan::{Condition, Port, Protocol, Runs, Service};

/// The pause between two looks of a wait, in seconds.
const PAUSE: &str = "0.2";

/// The command line that `env` runs, because systemd itself would look for programs neither in a venv nor in the working
/// directory.
pub(super) fn by_env(process: &Process, words: &[String]) -> String {
    let path = match &process.search_path {
        // systemd replaces `${PATH}`, here by its own.
        Some(SearchPath::After(first)) => Some(word_and(&format!("PATH={first}:"), "${PATH}")),
        Some(SearchPath::Own(_)) | None => None,
    };
    let names = names_of_sockets(process.service).map(|names| word(&format!("LISTEN_FDNAMES={names}")));
    let words = words.iter().map(|it| word(it));
    let all = std::iter::once("/usr/bin/env".to_owned()).chain(path).chain(names);
    all.chain(words).collect::<Vec<_>>().join(" ")
}

/// A socket unit has one name for all of its sockets, and several units would have no order. `None`: the name in the socket
/// unit is right.
fn names_of_sockets(service: &Service) -> Option<String> {
    let keys: Vec<_> = service.ports.iter().map(|port| port.key.as_str()).collect();
    (service.listen && keys.len() > 1).then(|| keys.join(":"))
}

/// The command line of a script.
pub(super) fn by_shell(script: &str) -> String {
    format!("/bin/sh -c {}", word(script))
}

/// In front of a service, in this order: waits for what must be healthy, its venv, its pid file, its ports.
pub(super) fn before(stack: &Stack, process: &Process) -> Vec<String> {
    let service = process.service;
    let mut commands = Vec::new();
    for (dependency, condition) in stack.request.plan.dependencies(service) {
        let wait = match (condition, &dependency.runs) {
            (Condition::Completed | Condition::Started, _) => None,
            (Condition::Healthy, Runs::External) => {
                check_of_external(dependency).map(|check| gate::until(dependency, &check))
            }
            (Condition::Healthy, Runs::Command | Runs::Compose(_)) => Some(until_active(stack, &dependency.name)),
        };
        commands.extend(wait.map(|script| by_shell(&script)));
    }
    if let Some(venv) = &service.venv {
        let python = format!("{}/python", bin(&venv.path));
        commands.push(format!("/usr/bin/env {} -c pass", word(&python)));
    }
    if let Some(pidfile) = &service.pidfile {
        commands.push(by_shell(&without_stale(&pidfile.display().to_string())));
    }
    if !service.listen {
        commands.extend(service.ports.iter().map(|port| by_shell(&port_is_free(port))));
    }
    commands
}

/// Runs until the service is ready, which systemd takes as the end of its start. `None` if nothing can tell, or if a check is
/// a connection to a socket that systemd opens itself.
pub(super) fn until_ready(process: &Process) -> Option<String> {
    let service = process.service;
    if service.task || (service.listen && service.health.is_none()) {
        return None;
    }
    let check = check(process)?;
    // systemd waits for this command even if the service has ended.
    Some(by_shell(&format!(
        "until {check}; do kill -0 $MAINPID 2>/dev/null || exit 1; sleep {PAUSE}; done"
    )))
}

/// In the unit of the service itself, whose directory and variables it has.
fn check(process: &Process) -> Option<String> {
    gate::check_with(process.service, &|words| {
        let path = match &process.search_path {
            Some(SearchPath::After(first)) => format!("PATH={}:\"$PATH\" ", shell::word(first)),
            Some(SearchPath::Own(_)) | None => String::new(),
        };
        let words = shell::words(words.iter().map(String::as_str));
        let limit = gate::limit(process.service);
        Some(format!("{path}timeout {limit} {words} >/dev/null 2>&1"))
    })
}

/// `None` if nothing can tell. A check that is a command would need the variables of that service, which the unit of
/// another cannot show to everybody.
pub(super) fn check_of_external(service: &Service) -> Option<String> {
    gate::check_with(service, &|_| None)
}

/// A unit is active once its own check has passed. If systemd cannot be asked, its order of the start counts.
///
/// `Requires=` would do more than `healthy` says: see docs/design/export.md.
fn until_active(stack: &Stack, service: &str) -> String {
    let (systemctl, unit) = (stack.manager.systemctl(), stack.names.unit(service));
    let state = format!("{systemctl} show -p ActiveState --value {unit}");
    let failed = shell::word(&format!("`{service}` has failed")).into_owned();
    format!(
        "while state=$({state}) && [ $state != active ]; do [ $state != failed ] || {{ echo {failed} >&2; exit 1; }}; sleep {PAUSE}; done"
    )
}

/// Ends with 1, and shows who listens there, as far as the user of the service may see it. Without `ss` the service itself
/// finds out.
pub(super) fn port_is_free(port: &Port) -> String {
    let number = port.number;
    let protocol = match port.protocol {
        Protocol::Tcp => "t",
        Protocol::Udp => "u",
    };
    let everywhere = port.host.is_some_and(|host| host.is_unspecified());
    let addresses = match port.address().ip() {
        _ if everywhere => String::new(),
        IpAddr::V4(host) => format!(" and ( src {host} or src 0.0.0.0 or src [::] )"),
        IpAddr::V6(host) => format!(" and ( src [{host}] or src [::] )"),
    };
    format!(
        "! ss -Hln{protocol}pe 'sport = :{number}{addresses}' 2>/dev/null | sed 's/^/port {number} is taken: /' | grep . >&2"
    )
}

/// Of a process that is gone, or that started after the file was written and so is another one. Nothing of the unit runs yet.
/// A file without a pid is not judged.
fn without_stale(pidfile: &str) -> String {
    let file = shell::word(pidfile);
    format!(
        "pid=$(grep -m 1 -x '[0-9][0-9]*' {file}) || exit 0; age=$(ps -o etimes= -p $pid) && [ $age -ge $(($(date +%s) - $(stat -c %Y {file}) - 2)) ] || rm -f {file}"
    )
}
