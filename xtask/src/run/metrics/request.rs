//! One HTTP request for metrics: bytes → what to answer. Values in, values out.

use std::net::{IpAddr, SocketAddr};

use httparse::{EMPTY_HEADER, Error, Header, Request, Status};

use super::exposition::Format;

/// The longest request head, in bytes. Prometheus sends some 400.
pub(super) const MAX_HEAD_BYTES: usize = 8 * 1024;

const MAX_HEADERS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The head is not complete yet.
    More,
    Answer(Answer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) content: Result<Format, Refusal>,
    /// To `HEAD`: only the head of the answer.
    pub(super) is_head: bool,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Answer {
            content: Err(refusal),
            is_head: false,
        }
    }
}

/// Why there are no metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    BadRequest,
    NotFound,
    MethodNotAllowed,
    /// The request did not come in time.
    Timeout,
    /// A name was asked for that is not ours.
    Misdirected,
    TooLarge,
    /// The run is ending, or its supervisor does not answer in time.
    Unavailable,
}

impl Refusal {
    /// The status line without the version, and the text for a person.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Refusal::BadRequest => ("400 Bad Request", "this is no HTTP request with one Host\n"),
            Refusal::NotFound => ("404 Not Found", "metrics are at /metrics\n"),
            Refusal::MethodNotAllowed => ("405 Method Not Allowed", "only GET and HEAD are answered\n"),
            Refusal::Timeout => ("408 Request Timeout", "the request did not come in time\n"),
            Refusal::Misdirected => (
                "421 Misdirected Request",
                "the Host must be the address at which metrics are served, or localhost, with the port\n",
            ),
            Refusal::TooLarge => ("431 Request Header Fields Too Large", "the request is too long\n"),
            Refusal::Unavailable => ("503 Service Unavailable", "the stack is ending\n"),
        }
    }
}

/// What to do after these bytes from a client that is connected to our address `local`.
pub(super) fn hear(bytes: &[u8], local: SocketAddr) -> Heard {
    let refused = |refusal: Refusal| Heard::Answer(refusal.into());
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(Status::Complete(_)) => Heard::Answer(Answer {
            content: content(&request, local),
            is_head: request.method == Some("HEAD"),
        }),
        Ok(Status::Partial) if bytes.len() >= MAX_HEAD_BYTES => refused(Refusal::TooLarge),
        Ok(Status::Partial) => Heard::More,
        Err(Error::TooManyHeaders) => refused(Refusal::TooLarge),
        Err(_) => refused(Refusal::BadRequest),
    }
}

fn content(request: &Request, local: SocketAddr) -> Result<Format, Refusal> {
    let host = one(request.headers, "host").ok_or(Refusal::BadRequest)?;
    if !is_ours(host, local) {
        return Err(Refusal::Misdirected);
    }
    let target = request.path.unwrap_or_default();
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    if path != "/metrics" {
        return Err(Refusal::NotFound);
    }
    match request.method {
        Some("GET" | "HEAD") => Ok(format(request.headers)),
        Some(_) | None => Err(Refusal::MethodNotAllowed),
    }
}

/// The value of a header that is there exactly once.
fn one<'h>(headers: &[Header<'h>], name: &str) -> Option<&'h str> {
    let mut found = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let value = found.next()?.value;
    if found.next().is_some() {
        return None;
    }
    str::from_utf8(value).ok()
}

/// Whether a client that knows our address, and not only a name that leads to it, would ask for this host. A page of the web
/// can make a browser connect to this machine by a name of its own (DNS rebinding); that name is then the host.
fn is_ours(host: &str, local: SocketAddr) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        // The colon of `[::1]` is inside.
        Some((name, port)) if !port.ends_with(']') => (name, port.parse::<u16>().ok()),
        Some(_) | None => (host, Some(80)),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_known = |ip: IpAddr| ip.is_loopback() || ip == local.ip().to_canonical();
    let is_address = match bare {
        Some(bare) => bare.parse().is_ok_and(|ip| is_known(IpAddr::V6(ip))),
        None => name.parse().is_ok_and(|ip| is_known(IpAddr::V4(ip))),
    };
    port == Some(local.port()) && (is_address || name.eq_ignore_ascii_case("localhost"))
}

/// What the client prefers. Who accepts neither gets the plain text, as from Prometheus's own clients.
///
/// Source: RFC 9110, 12.5.1.
fn format(headers: &[Header]) -> Format {
    let values = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("accept"));
    let values = values.filter_map(|header| str::from_utf8(header.value).ok());
    let (mut text, mut open) = (0, 0);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let parameter = |name: &str| {
            let mut found = parameters
                .iter()
                .filter(|(its_name, _)| its_name.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim_matches('"'))
        };
        let weight = parameter("q").map_or(1000, thousandths);
        let has_version = |known: &[&str]| parameter("version").is_none_or(|version| known.contains(&version));
        match kind.as_str() {
            // 0.0.1 is what Prometheus called it before.
            "application/openmetrics-text" if has_version(&["1.0.0", "0.0.1"]) => open = weight.max(open),
            "text/plain" if has_version(&["0.0.4"]) => text = weight.max(text),
            "text/*" | "*/*" => text = weight.max(text),
            _ => {}
        }
    }
    if open > 0 && open >= text {
        Format::OpenMetrics
    } else {
        Format::Prometheus
    }
}

/// `0.5` → 500; 0 if it is no weight.
fn thousandths(weight: &str) -> u32 {
    let weight = weight.parse::<f64>().unwrap_or_default();
    if (0.0..=1.0).contains(&weight) {
        (weight * 1000.0) as u32
    } else {
        0
    }
}

#[cfg(test)]
mod tests;
