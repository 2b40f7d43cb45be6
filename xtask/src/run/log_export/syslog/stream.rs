//! Messages in a stream, over TCP or to a socket file.
//!
//! A stream has no answers: what the system has taken counts as sent, although a receiver that dies may not have read it.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::time::Duration;

use socket2::Socket;

use crate::run::log_export::messages::Messages;

pub(super) struct Stream {
    socket: Socket,
}

impl Stream {
    pub(super) fn new(socket: Socket) -> Stream {
        Stream { socket }
    }

    /// The receiver has ended the connection, so that what is written now would be lost.
    pub(super) fn is_closed(&self) -> bool {
        if self.socket.set_nonblocking(true).is_err() {
            return true;
        }
        let closed = match self.socket.peek(&mut [MaybeUninit::uninit(); 1]) {
            Ok(n_bytes) => n_bytes == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        closed || self.socket.set_nonblocking(false).is_err()
    }

    /// Sends the rest of the batch.
    ///
    /// # Errors
    /// `WouldBlock` if the receiver takes nothing for `patience`; or the connection is broken.
    pub(super) fn send(&self, batch: &mut Messages, patience: Duration) -> io::Result<()> {
        self.socket.set_write_timeout(Some(patience))?;
        while !batch.rest().is_empty() {
            match self.socket.send(batch.rest()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n_bytes) => batch.wrote(n_bytes),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
