//! Port arguments: `8000`, `8000-8010`, `5353/udp`, or the name of a service.

use crate::config::Protocol;
use crate::ports::Endpoint;

#[derive(Debug, Clone, Copy)]
pub(super) struct PortRange {
    pub(super) first: u16,
    pub(super) last: u16,
    /// `None` if not given.
    pub(super) protocol: Option<Protocol>,
}

impl PortRange {
    pub(super) fn is_range(&self) -> bool {
        self.first != self.last
    }

    pub(super) fn contains(&self, port: Endpoint) -> bool {
        (self.first..=self.last).contains(&port.number) && self.protocol.is_none_or(|it| it == port.protocol)
    }

    pub(super) fn ports(&self, protocol: Protocol) -> impl Iterator<Item = Endpoint> + use<> {
        (self.first..=self.last).map(move |number| Endpoint {
            number,
            host: None,
            protocol,
        })
    }
}

pub(super) fn span(text: &str) -> Result<PortRange, String> {
    let (numbers, protocol) = match text.split_once('/') {
        None => (text, None),
        Some((numbers, "tcp")) => (numbers, Some(Protocol::Tcp)),
        Some((numbers, "udp")) => (numbers, Some(Protocol::Udp)),
        Some((_, other)) => return Err(format!("`{other}` is neither `tcp` nor `udp`")),
    };
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(format!("the range ends before it begins: write `{last}-{first}`"));
    }
    Ok(PortRange { first, last, protocol })
}

/// What was asked about: ports by number, or all ports of a service.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Ports(PortRange),
    Service(String),
}

/// What starts with a digit is a port or a range.
pub(super) fn span_or_service(text: &str) -> Result<Asked, String> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    if text.starts_with(char::is_alphabetic) && text.chars().all(is_name) {
        return Ok(Asked::Service(text.to_owned()));
    }
    span(text).map(Asked::Ports)
}

pub(super) fn port_or_service(text: &str) -> Result<Asked, String> {
    match span_or_service(text)? {
        Asked::Ports(span) if span.is_range() => Err("write one port, not a range".to_owned()),
        asked => Ok(asked),
    }
}

pub(super) fn number(text: &str) -> Result<u16, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if number > 0 && is_plain => Ok(number),
        Ok(_) | Err(_) => Err("a port is a number from 1 to 65535".to_owned()),
    }
}
