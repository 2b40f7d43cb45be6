//! Lines of shell that look whether a service answers, with what images have: `curl`, `wget`, `nc` or bash.

use crate::export::shell;
use crate::plan::{Check, Health, Service};

/// Of a service in whose container it runs: its health check, or else a connection to its main port.
pub(crate) fn check(service: &Service) -> String {
    match (&service.health, service.ports.first()) {
        (Some(health), _) => of_health(service, health),
        (None, Some(port)) => connect(&port.address().ip().to_string(), port.number),
        (None, None) => "true".to_owned(),
    }
}

pub(crate) fn of_health(service: &Service, health: &Health) -> String {
    let main = service.ports.first();
    match (&health.check, main) {
        (Check::HttpPath(path), Some(port)) => get(&format!("http://{}{path}", port.address())),
        (Check::HttpUrl(url), _) => get(url),
        (Check::Tcp, Some(port)) => connect(&port.address().ip().to_string(), port.number),
        (Check::Command(words), _) => shell::words(words.iter().map(String::as_str)),
        // `config` refuses them without a port.
        (Check::HttpPath(_) | Check::Tcp, None) => "true".to_owned(),
    }
}

/// Images of Debian have bash, those of Alpine the `nc` of busybox.
pub(crate) fn connect(host: &str, port: u16) -> String {
    format!(
        "if command -v bash >/dev/null; then bash -c ': </dev/tcp/{host}/{port}'; else nc -z -w 2 {host} {port}; fi"
    )
}

/// Slim images of Debian have neither `curl` nor `wget`, but bash.
fn get(url: &str) -> String {
    let (host, port, path) = parts(url);
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let (url, path) = (shell::word(url), shell::word(&path));
    let by_hand = r#"exec 3<>"/dev/tcp/$0/$1" && printf "GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n" "$2" "$0" "$1" >&3 && read -r _ code _ <&3 && [[ $code == [23]* ]]"#;
    format!(
        "if command -v curl >/dev/null; then curl -fsS --noproxy '*' -o /dev/null {url}; \
         elif command -v wget >/dev/null; then wget -Y off -q -O /dev/null {url}; \
         else bash -c '{by_hand}' {host} {port} {path}; fi"
    )
}

/// Host, port and path of an `http://` URL.
fn parts(url: &str) -> (&str, &str, &str) {
    let rest = url.trim_start_matches("http://");
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host.trim_matches(['[', ']']), port, path),
        Some(_) | None => (authority.trim_matches(['[', ']']), "80", path),
    }
}
