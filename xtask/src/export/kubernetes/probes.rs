//! Health checks as probes.

use std::time::Duration;

use super::names;
use crate::export::containers::of_health;
use crate::export::yaml::{Yaml, map, texts};
use crate::plan::{Check, Port, Protocol, Service};

/// How often it is looked whether a port takes connections, if nobody says it, in seconds.
const PORT_INTERVAL: u64 = 2;

/// The entries of a container. A service without a health check is ready when its main port takes connections.
///
/// Source: kubernetes.io, "Configure Liveness, Readiness and Startup Probes".
pub(super) fn probes(service: &Service) -> Vec<(String, Yaml)> {
    let probe = |name: &str, handler: (String, Yaml), period: u64, timeout: Option<Duration>, failures: u64| {
        let mut entries = vec![handler, ("periodSeconds".to_owned(), Yaml::Number(period))];
        entries.extend(timeout.map(|timeout| ("timeoutSeconds".to_owned(), Yaml::Number(seconds(timeout)))));
        entries.push(("failureThreshold".to_owned(), Yaml::Number(failures)));
        (name.to_owned(), Yaml::Map(entries))
    };
    match (&service.health, main_tcp(service)) {
        (Some(health), _) => {
            let timeout = Some(health.timeout);
            let (period, retries) = (seconds(health.interval), u64::from(health.retries));
            vec![
                probe(
                    "startupProbe",
                    handler(service),
                    1,
                    timeout,
                    seconds(service.start_period),
                ),
                probe("readinessProbe", handler(service), period, timeout, retries),
                probe("livenessProbe", handler(service), period, timeout, retries),
            ]
        }
        (None, Some(_)) => vec![probe("readinessProbe", handler(service), PORT_INTERVAL, None, 3)],
        (None, None) => Vec::new(),
    }
}

pub(super) fn main_tcp(service: &Service) -> Option<&Port> {
    let is_tcp = |port: &&Port| port.protocol == Protocol::Tcp;
    service.ports.first().filter(is_tcp)
}

fn handler(service: &Service) -> (String, Yaml) {
    let port = main_tcp(service)
        .map(|port| names::of_port(service, port))
        .unwrap_or_default();
    let exec = |words: Yaml| ("exec".to_owned(), map([("command", words)]));
    let health = service.health.as_ref();
    match health.map(|health| &health.check) {
        Some(Check::HttpPath(path)) => {
            let get = map([("path", path.as_str().into()), ("port", port.into())]);
            ("httpGet".to_owned(), get)
        }
        // The kubelet would ask from the node, where 127.0.0.1 is another.
        Some(Check::HttpUrl(_)) => {
            let line = health.map(|health| of_health(service, health)).unwrap_or_default();
            exec(texts(["sh".to_owned(), "-c".to_owned(), line]))
        }
        Some(Check::Command(words)) => exec(texts(words.clone())),
        Some(Check::Tcp) | None => ("tcpSocket".to_owned(), map([("port", port.into())])),
    }
}

/// At least one.
pub(super) fn seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}
