//! The text of a systemd socket unit.

use crate::plan::Protocol;

/// Whether a unit with this text listens on the port. An empty assignment cancels earlier ones.
///
/// Source: man 5 systemd.socket, `ListenStream=`: a port, or an address and a port.
pub(crate) fn listens(text: &str, port: u16, protocol: Protocol) -> bool {
    let key = match protocol {
        Protocol::Tcp => "ListenStream",
        Protocol::Udp => "ListenDatagram",
    };
    let mut found = false;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if name.trim() != key {
            continue;
        }
        let number = value.trim().rsplit(':').next().unwrap_or_default();
        found = !value.trim().is_empty() && (found || number.parse() == Ok(port));
    }
    found
}
