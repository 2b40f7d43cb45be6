//! What names this machine by `127.0.0.1` or `localhost`, which in a container is the container itself.

use std::path::Path;

use super::Container;
use crate::export::loss::Loss;

/// Programs that listen there unless they are told otherwise, and how those words begin.
///
/// Source: the settings of Uvicorn, Hypercorn, Flask, FastAPI CLI and Vite (`server.host`); `django-admin runserver`.
const PROGRAMS: [(&[&str], &[&str], &str); 6] = [
    (&["uvicorn"], &["--host", "--uds", "--fd"], "--host 0.0.0.0"),
    (&["hypercorn"], &["--bind", "-b"], "--bind 0.0.0.0:PORT"),
    (&["flask", "run"], &["--host", "-h"], "--host 0.0.0.0"),
    (&["fastapi", "dev"], &["--host"], "--host 0.0.0.0"),
    (&["vite"], &["--host"], "--host 0.0.0.0"),
    (&["manage.py", "runserver"], &["0.0.0.0", "0:", "[::]"], "0.0.0.0:PORT"),
];

pub(super) fn losses(container: &Container) -> Vec<Loss> {
    let service = container.service;
    let mut losses = Vec::new();
    let hosts = service.ports.iter().filter_map(|port| port.host);
    let host = hosts
        .filter(|host| host.is_loopback())
        .map(|host| host.to_string())
        .next();
    let parts: Vec<&str> = container
        .words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let said = parts.iter().find_map(|part| names_loopback(part));
    let silent = PROGRAMS
        .iter()
        .find(|(words, flags, _)| runs_without(&parts, words, flags));
    let silent = silent.filter(|_| !service.ports.is_empty());
    let message = match (said.or(host.as_deref()), silent) {
        (Some(name), _) => Some(format!(
            "its `{name}` is the container itself there: it must listen on all addresses to be reached, and reaches nobody by it"
        )),
        (None, Some((words, _, instead))) => Some(format!(
            "`{}` listens on 127.0.0.1, which is the container itself there: add `{instead}`",
            words.join(" ")
        )),
        (None, None) => None,
    };
    let key = if said.is_none() && host.is_some() {
        "host"
    } else {
        "command"
    };
    losses.extend(message.map(|message| Loss::new(service, key, message)));
    for (variable, value) in &container.variables {
        if let Some(name) = names_loopback(value) {
            let message = format!(
                "`{variable}` says `{name}`, which is the container itself there: write `${{services.NAME.address}}` or `.url`"
            );
            losses.push(Loss::new(service, "environment", message));
        }
    }
    losses
}

/// The words stand one after the other, the first perhaps with a directory, and none begins with one of `flags`.
fn runs_without(parts: &[&str], words: &[&str], flags: &[&str]) -> bool {
    let name = |part: &str| Path::new(part).file_name().is_some_and(|name| name == words[0]);
    let mut places = parts.windows(words.len());
    let runs = places.any(|place| name(place[0]) && place[1..] == words[1..]);
    runs && !parts.iter().any(|part| flags.iter().any(|flag| part.starts_with(flag)))
}

/// `127.0.0.1` as a whole, after `=`, or as the host of a URL.
fn names_loopback(text: &str) -> Option<&'static str> {
    const LOOPBACK: [&str; 4] = ["127.0.0.1", "localhost", "[::1]", "::1"];
    let mut parts = text.split(['=', '/', '@', ',', ' ', '"', '\'']);
    parts.find_map(|part| LOOPBACK.into_iter().find(|name| is_host(part, name)))
}

fn is_host(part: &str, name: &str) -> bool {
    let port = part.strip_prefix(name);
    port.is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
}
