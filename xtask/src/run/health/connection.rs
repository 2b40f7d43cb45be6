//! The connection of a health check: ureq with our own transport, because ureq does not tell our end of its connections.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

use crate::system::http_time::{failed, left};

/// Opens a connection to the first address that answers, and tells our end of it before anything is sent.
pub(super) struct TellingConnector<F>(pub(super) F);

impl<F> fmt::Debug for TellingConnector<F> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a connector")
    }
}

impl<F: Fn(SocketAddr) + Send + Sync + 'static> Connector for TellingConnector<F> {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let timeout = details.timeout;
        let mut last = ureq::Error::HostNotFound;
        // Each address gets an equal share of the time.
        let n_addresses = u32::try_from(details.addrs.len()).unwrap_or(u32::MAX).max(1);
        for address in &details.addrs {
            let connected = match left(timeout) {
                Some(left) => TcpStream::connect_timeout(address, left / n_addresses),
                None => TcpStream::connect(address),
            };
            match connected {
                Ok(stream) => {
                    (self.0)(stream.local_addr()?);
                    let config = details.config;
                    return Ok(Some(Connection {
                        stream,
                        buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
                    }));
                }
                Err(error) => last = failed(error, timeout),
            }
        }
        Err(last)
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.set_write_timeout(left(timeout))?;
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output).map_err(|error| failed(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.set_read_timeout(left(timeout))?;
        let input = self.buffers.input_append_buf();
        let amount = loop {
            match self.stream.read(input) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(|error| failed(error, timeout))?,
            }
        };
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // The connection serves one request.
        false
    }
}
