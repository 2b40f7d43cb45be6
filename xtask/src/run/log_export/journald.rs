//! The journal of this machine, by its native protocol: each line is a datagram of fields.
//!
//! Source: systemd.io/JOURNAL_NATIVE_PROTOCOL; man 7 systemd.journal-fields.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::datagrams::{Datagrams, TooLong};
use super::messages::Messages;
use super::shipper::{Attempt, Pace, Transport};
use super::{LineBlock, LineSource, syslog};
use crate::system::cause;

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// A batch is sent once it is as long, in bytes.
const FULL_BYTES: usize = 256 * 1024;

const PACE: Pace = Pace {
    time: Duration::from_millis(50),
    bytes: 64 * 1024,
};

pub(super) struct Journald {
    socket: PathBuf,
    source: LineSource,
    /// What stands before the message of each line of the block.
    before: Vec<u8>,
    batch: Messages,
    connection: Option<Datagrams>,
}

impl Journald {
    pub(super) fn new(socket: PathBuf, source: LineSource) -> Journald {
        Journald {
            socket,
            source,
            before: Vec::new(),
            batch: Messages::default(),
            connection: None,
        }
    }

    fn connect(&self) -> io::Result<Datagrams> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        socket.connect(&SockAddr::unix(&self.socket)?)?;
        Ok(Datagrams::new(socket, false, TooLong::File))
    }
}

impl Transport for Journald {
    fn pace(&self) -> Pace {
        PACE
    }

    /// The journal notes when and from whom it gets a line, so both are told: `OBJECT_PID` is the process that wrote it.
    fn begin(&mut self, block: &LineBlock) {
        self.before.clear();
        let (pid, service) = (block.pid.to_string(), block.service.as_bytes());
        for (name, value) in [
            ("PRIORITY", syslog::severity(block.stream).to_string().as_bytes()),
            ("SYSLOG_IDENTIFIER", service),
            ("OBJECT_PID", pid.as_bytes()),
            ("DEVTASKS_PROJECT", self.source.project.as_bytes()),
            ("DEVTASKS_SERVICE", service),
            ("DEVTASKS_RUN", self.source.run.as_bytes()),
            ("DEVTASKS_STREAM", block.stream.name().as_bytes()),
            (
                "DEVTASKS_TIME",
                block.at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().as_bytes(),
            ),
        ] {
            push_field(&mut self.before, name, value);
        }
    }

    fn add(&mut self, line: &[u8]) {
        self.batch.bytes.extend_from_slice(&self.before);
        push_field(&mut self.batch.bytes, "MESSAGE", line);
        self.batch.end_message();
    }

    fn is_full(&self) -> bool {
        self.batch.bytes.len() >= FULL_BYTES
    }

    fn send(&mut self, patience: Duration) -> Attempt {
        let open = match self.connection.take() {
            Some(open) => Ok(open),
            None => self.connect(),
        };
        let sent = open.and_then(|mut open| {
            let sent = open.send(&mut self.batch, patience);
            if !matches!(&sent, Err(error) if error.kind() != io::ErrorKind::WouldBlock) {
                self.connection = Some(open);
            }
            sent
        });
        let n_sent = self.batch.settle();
        match sent {
            Ok(()) => {
                self.batch.clear();
                Attempt::sent(n_sent)
            }
            Err(error) => Attempt {
                sent: n_sent,
                ..Attempt::later(cause(&error))
            },
        }
    }
}

/// `NAME=value`, or the form with a length for a value with a line break.
fn push_field(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    if memchr::memchr(b'\n', value).is_some() {
        to.push(b'\n');
        to.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        to.push(b'=');
    }
    to.extend_from_slice(value);
    to.push(b'\n');
}

#[cfg(test)]
mod tests;
