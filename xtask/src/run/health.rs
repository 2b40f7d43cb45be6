//! One health check over the network: whether it passes, and the detail.

mod connection;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::plan::Port;
use crate::system::threads;
use connection::TellingConnector;

/// How servers know our health checks.
pub(crate) const USER_AGENT: &str = concat!("devtasks-healthcheck/", env!("CARGO_PKG_VERSION"));

/// A health check that did not pass.
pub(crate) struct HealthFailure {
    pub(crate) detail: String,
    /// The HTTP status of the answer, if there was one.
    pub(crate) status: Option<u16>,
}

impl From<String> for HealthFailure {
    fn from(detail: String) -> Self {
        HealthFailure { detail, status: None }
    }
}

/// `GET`: 200 to 399 passes; redirects are not followed. Before the request is sent, `sent` gets our end of the connection
/// and the path.
///
/// # Errors
/// The detail of a failure: `GET /healthz 503`, `GET /healthz: no answer in 2 s`.
pub(crate) fn http(
    url: &str,
    timeout: Duration,
    sent: impl Fn(SocketAddr, &str) + Send + Sync + 'static,
) -> Result<String, HealthFailure> {
    let began = Instant::now();
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        // An idle connection would count as a client and hold up the service's own graceful stop.
        .max_idle_connections(0)
        .proxy(None)
        .user_agent(USER_AGENT)
        .build();
    let path = path_of(url);
    let connector = TellingConnector({
        let path = path.to_owned();
        move |from| sent(from, &path)
    });
    let agent = Agent::with_parts(config, connector, AddressResolver);
    match agent.get(url).header("connection", "close").call() {
        Ok(response) => {
            let status = response.status().as_u16();
            if (200..400).contains(&status) {
                Ok(format!("{status} in {}", milliseconds(began.elapsed())))
            } else {
                Err(HealthFailure {
                    detail: format!("GET {path} {status}"),
                    status: Some(status),
                })
            }
        }
        Err(ureq::Error::Timeout(_)) => Err(format!("GET {path}: no answer in {}", milliseconds(timeout)).into()),
        Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            Err(format!("GET {path}: connection refused").into())
        }
        Err(error) => Err(format!("GET {path}: {error}").into()),
    }
}

/// Resolves a host. With a time limit, ureq itself resolves on a thread and panics if it cannot be created. Here a
/// literal address needs no thread, and a name that cannot be resolved is an error.
#[derive(Debug)]
pub(super) struct AddressResolver;

impl Resolver for AddressResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host_and_port = uri.scheme().zip(uri.authority());
        let host_and_port = host_and_port.and_then(|(scheme, host)| DefaultResolver::host_and_port(scheme, host));
        let host_and_port = host_and_port.ok_or(ureq::Error::HostNotFound)?;
        let found = match host_and_port.parse() {
            Ok(address) => vec![address],
            Err(_) => look_up(host_and_port, *timeout.after).map_err(|error| match error.kind() {
                ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
                _ => ureq::Error::Io(error),
            })?,
        };
        let mut addresses = self.empty();
        found
            .into_iter()
            .take(MAX_ADDRESSES)
            .for_each(|address| addresses.push(address));
        match addresses.is_empty() {
            true => Err(ureq::Error::HostNotFound),
            false => Ok(addresses),
        }
    }
}

/// The maximum number of addresses to try; ureq has no room for more.
const MAX_ADDRESSES: usize = 16;

/// Uses the system's resolver, whose own timeouts are long.
fn look_up(host_and_port: String, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
    let found = threads::within("name", timeout, move || host_and_port.to_socket_addrs());
    let found = found.map_err(|problem| io::Error::other(problem.message))?;
    found.ok_or(ErrorKind::TimedOut)?.map(Iterator::collect)
}

/// Opens a connection and closes it immediately.
///
/// # Errors
/// The detail of the failure.
pub(crate) fn tcp(address: SocketAddr, timeout: Duration) -> Result<String, HealthFailure> {
    let began = Instant::now();
    match TcpStream::connect_timeout(&address, timeout) {
        Ok(_) => Ok(milliseconds(began.elapsed())),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Err(format!("{address}: connection refused").into())
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Err(format!("{address}: no answer in {}", milliseconds(timeout)).into())
        }
        Err(error) => Err(format!("{address}: {error}").into()),
    }
}

/// The address at which a socket bound to `address` can be reached from this machine.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The address at which a service with this port is expected.
pub(crate) fn usual_address(port: &Port) -> SocketAddr {
    reachable(SocketAddr::new(
        port.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port.number,
    ))
}

fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// `3 ms`, `0.2 ms`, `2 s`.
fn milliseconds(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{} s", (seconds * 10.0).round() / 10.0),
        seconds if seconds >= 0.001 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    }
}
