//! syslog: each line is a message of RFC 5424, in a datagram or in a stream.

mod message;
mod stream;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::datagrams::{Datagrams, TooLong};
use super::messages::Messages;
use super::shipper::{Attempt, Pace, Transport};
use super::{LineBlock, LineSource};
use crate::config::SyslogAddress;
use crate::system::cause;
pub(super) use message::severity;
use message::{Framing, MessageFormat};
use stream::Stream;

/// A batch is sent once it is as long, in bytes.
const FULL_BYTES: usize = 256 * 1024;

pub(super) struct Syslog {
    address: SyslogAddress,
    format: MessageFormat,
    batch: Messages,
    connection: Option<Connection>,
}

/// An open socket; both kinds know how much of the batch was sent.
enum Connection {
    Datagrams(Datagrams),
    Stream(Stream),
}

impl Syslog {
    pub(super) fn new(address: SyslogAddress, source: &LineSource) -> Syslog {
        let framing = match &address {
            SyslogAddress::Udp(_) => Framing::None,
            SyslogAddress::Tcp(_) => Framing::OctetCount,
            SyslogAddress::Unix(_) => Framing::Newline,
        };
        Syslog {
            address,
            format: MessageFormat::new(source, framing),
            batch: Messages::with_trailer(usize::from(framing == Framing::Newline)),
            connection: None,
        }
    }

    fn connect(&self, patience: Duration) -> io::Result<Connection> {
        match &self.address {
            SyslogAddress::Udp(host) => {
                let socket = reach(host, |address| {
                    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
                    socket.connect(&address.into())?;
                    Ok(socket)
                })?;
                Ok(Connection::Datagrams(Datagrams::new(socket, true, TooLong::Cut)))
            }
            SyslogAddress::Tcp(host) => {
                let socket = reach(host, |address| {
                    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
                    socket.connect_timeout(&address.into(), patience)?;
                    Ok(socket)
                })?;
                Ok(Connection::Stream(Stream::new(socket)))
            }
            SyslogAddress::Unix(path) => {
                let path = SockAddr::unix(path)?;
                let open = |kind: Type| {
                    let socket = Socket::new(Domain::UNIX, kind, None)?;
                    socket.connect(&path).map(|()| socket)
                };
                match open(Type::DGRAM) {
                    Ok(socket) => Ok(Connection::Datagrams(Datagrams::new(socket, false, TooLong::Cut))),
                    Err(error) if is_absence(&error) => Err(error),
                    // A socket of the other kind refuses with a code that `ErrorKind` has no name for.
                    Err(error) => {
                        let socket = open(Type::STREAM).map_err(|_| error)?;
                        Ok(Connection::Stream(Stream::new(socket)))
                    }
                }
            }
        }
    }
}

/// Opens a socket to the first address of `host` that takes one.
fn reach(host: &str, open: impl Fn(SocketAddr) -> io::Result<Socket>) -> io::Result<Socket> {
    let mut last = None;
    for address in host.to_socket_addrs()? {
        match open(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("the name has no address")))
}

/// Nobody listens there, or we may not connect.
fn is_absence(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | ConnectionRefused | PermissionDenied)
}

impl Transport for Syslog {
    /// A UDP receiver loses what comes faster than it reads, so its lines wait only for a moment.
    fn pace(&self) -> Pace {
        let (milliseconds, bytes) = match self.address {
            SyslogAddress::Udp(_) => (2, 8 * 1024),
            SyslogAddress::Tcp(_) | SyslogAddress::Unix(_) => (50, 128 * 1024),
        };
        Pace {
            time: Duration::from_millis(milliseconds),
            bytes,
        }
    }

    fn begin(&mut self, block: &LineBlock) {
        self.format.begin(block);
    }

    fn add(&mut self, line: &[u8]) {
        self.format.add(line, &mut self.batch);
    }

    fn is_full(&self) -> bool {
        self.batch.bytes.len() >= FULL_BYTES
    }

    fn send(&mut self, patience: Duration) -> Attempt {
        let mut connection = match self.connection.take() {
            Some(Connection::Stream(stream)) if stream.is_closed() => None,
            open => open,
        };
        let sent = match &mut connection {
            Some(open) => Ok(open),
            None => self.connect(patience).map(|new| {
                self.batch.rewind();
                connection.insert(new)
            }),
        };
        let sent = sent.and_then(|open| match open {
            Connection::Datagrams(datagrams) => datagrams.send(&mut self.batch, patience),
            Connection::Stream(stream) => stream.send(&mut self.batch, patience),
        });
        let n_sent = self.batch.settle();
        match sent {
            Ok(()) => {
                self.connection = connection;
                self.batch.clear();
                Attempt::sent(n_sent)
            }
            // The socket has no room: what is left of a message must go through the same connection. On Windows it is
            // unknown how much was sent, so another one begins with the whole message.
            //
            // Source: learn.microsoft.com, "SOL_SOCKET Socket Options", `SO_SNDTIMEO`: after it, the state is indeterminate.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.connection = connection.filter(|_| error.kind() == ErrorKind::WouldBlock);
                Attempt {
                    sent: n_sent,
                    ..Attempt::later("it does not read")
                }
            }
            Err(error) => Attempt {
                sent: n_sent,
                ..Attempt::later(cause(&error))
            },
        }
    }
}

#[cfg(test)]
mod tests;
