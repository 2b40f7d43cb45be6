//! HTTP over a local socket: ureq with our own transport.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Stream};

use crate::system::http_time::{failed, left};
use crate::system::os;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

/// A complete response with status 200.
pub(super) struct Response {
    /// The `Server` header.
    pub(super) server: String,
    pub(super) body: String,
}

/// `None` on a timeout, another status than 200, or a body that is not text.
pub(super) fn get(socket: &Path, path: &str, timeout: Duration) -> Option<Response> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_idle_connections(0)
        .proxy(None)
        .user_agent("devtasks")
        .build();
    let agent = ureq::Agent::with_parts(config, EngineSocket(socket.to_owned()), DefaultResolver::default());
    // An IP address, so that no name is resolved.
    let mut response = agent.get(format!("http://127.0.0.1{path}")).call().ok()?;
    let server = response
        .headers()
        .get("server")
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    Some(Response {
        server: server.to_owned(),
        body: response.body_mut().read_to_string().ok()?,
    })
}

#[derive(Debug)]
struct EngineSocket(PathBuf);

impl Connector for EngineSocket {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let name = self.0.as_path().to_fs_name::<GenericFilePath>()?;
        let config = details.config;
        Ok(Some(Connection {
            stream: Stream::connect(name)?,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }))
    }
}

struct Connection {
    stream: Stream,
    buffers: LazyBuffers,
}

impl fmt::Debug for Connection {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a local socket")
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        os::set_send_timeout(&self.stream, left(timeout))?;
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output).map_err(|error| failed(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if left(timeout).is_some_and(|left| !os::receives_within(&self.stream, left)) {
            return Err(ureq::Error::Timeout(timeout.reason));
        }
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input).map_err(|error| failed(error, timeout))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // The connection serves one request.
        false
    }
}
