//! Messages as datagrams, over UDP or to a socket file.

use std::io::{self, ErrorKind};
use std::time::Duration;

use socket2::Socket;

use super::messages::Messages;
use crate::system::os;

/// No UDP datagram over IPv4 holds more.
///
/// Source: RFC 768, RFC 791: 65,535 bytes without the headers.
const MAX_UDP_BYTES: usize = 65_507;

/// Every receiver takes messages of this length.
///
/// Source: RFC 5424, 6.1.
const MIN_BYTES: usize = 480;

/// What is done with a message that does not fit into a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooLong {
    Cut,
    /// It is handed over in a file.
    File,
}

pub(super) struct Datagrams {
    socket: Socket,
    /// A receiver that is not there is only told of with the next call.
    is_udp: bool,
    too_long: TooLong,
    /// What fits into a datagram, as far as we know.
    limit: usize,
}

impl Datagrams {
    pub(super) fn new(socket: Socket, is_udp: bool, too_long: TooLong) -> Datagrams {
        Datagrams {
            socket,
            is_udp,
            too_long,
            limit: if is_udp { MAX_UDP_BYTES } else { usize::MAX },
        }
    }

    /// Sends the rest of the batch.
    ///
    /// # Errors
    /// `WouldBlock` if the receiver has no room within `patience`; or nobody is there.
    pub(super) fn send(&mut self, batch: &mut Messages, patience: Duration) -> io::Result<()> {
        self.socket.set_write_timeout(Some(patience))?;
        while let Some(message) = batch.next() {
            let datagram = match self.too_long {
                TooLong::Cut => cut(message, self.limit),
                TooLong::File => message,
            };
            match self.socket.send(datagram) {
                Ok(_) => batch.next_was_sent(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if os::is_too_long(&error) && self.too_long == TooLong::File => {
                    match os::send_in_file(&self.socket, message) {
                        Ok(()) => batch.next_was_sent(),
                        Err(error) => return Err(error),
                    }
                }
                Err(error) if os::is_too_long(&error) && self.limit > MIN_BYTES => {
                    self.limit = (message.len().min(self.limit) / 2).max(MIN_BYTES);
                }
                Err(error) => return Err(self.not_sent(error, batch)),
            }
        }
        match self.socket.take_error() {
            Ok(Some(error)) => Err(self.not_sent(error, batch)),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// On this machine, a refusal is of the datagram before it.
    ///
    /// Source: man 7 udp, "all fatal errors will be passed to the user … even when the socket is not connected".
    fn not_sent(&self, error: io::Error, batch: &mut Messages) -> io::Error {
        if self.is_udp && error.kind() == ErrorKind::ConnectionRefused {
            batch.last_was_not_sent();
        }
        error
    }
}

/// The beginning of a message, without half a character.
fn cut(message: &[u8], limit: usize) -> &[u8] {
    if message.len() <= limit {
        return message;
    }
    let is_inside = |at: usize| message[at] & 0xc0 == 0x80;
    let end = (limit - 3..=limit).rev().find(|at| !is_inside(*at)).unwrap_or(limit);
    &message[..end]
}
