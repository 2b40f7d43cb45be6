//! `listen = true`: a service's sockets, opened by the supervisor, kept for the service's life and handed to each process of it.
//!
//! So nobody can take a port between the check and the start, and while the service restarts its clients wait in the
//! backlog instead of being refused. The way they are handed over is that of systemd, sd_listen_fds(3).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use socket2::{Domain, Socket, Type};

use super::os;
use crate::error::{Exit, Problem};
use crate::plan::{Port, Service};

/// The open sockets of one service, in the order of its ports.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// They were opened for these.
    ports: Vec<Port>,
    open: Vec<Socket>,
}

impl Sockets {
    /// # Errors
    /// An address is taken, or forbidden, or not of this machine.
    pub(crate) fn open(service: &Service) -> Result<Sockets, Problem> {
        let open = service.ports.iter().map(open).collect::<Result<_, Problem>>()?;
        Ok(Sockets {
            ports: service.ports.clone(),
            open,
        })
    }

    /// Are they what the service wants now?
    pub(crate) fn are_for(&self, service: &Service) -> bool {
        let address = |port: &Port| (port.key.clone(), port.host, port.number);
        service.listen && self.ports.iter().map(address).eq(service.ports.iter().map(address))
    }

    /// The command as it has to be run to find them: through a shell that puts in the pid it keeps, for `LISTEN_PID` must
    /// name the process that takes them. And what has to be held until it was spawned.
    ///
    /// # Errors
    /// The system has no more descriptors.
    pub(super) fn hand_over(&self, wanted: &Command) -> io::Result<(Command, os::Held)> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"]);
        command.arg(wanted.get_program()).args(wanted.get_args());
        let variables = wanted.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(variables);
        if let Some(folder) = wanted.get_current_dir() {
            command.current_dir(folder);
        }
        let names: Vec<&str> = self.ports.iter().map(|port| port.key.as_str()).collect();
        command.env("LISTEN_FDS", self.open.len().to_string());
        command.env("LISTEN_FDNAMES", names.join(":"));
        let held = os::pass_on(&mut command, &self.open)?;
        Ok((command, held))
    }
}

/// As most servers open it: with `SO_REUSEADDR`, and the longest backlog that the system allows.
fn open(port: &Port) -> Result<Socket, Problem> {
    let address = SocketAddr::new(port.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port.number);
    let opened = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::MAX)?;
        Ok(socket)
    };
    opened().map_err(|error: io::Error| {
        let text = error.to_string();
        let why = text.split(" (os error").next().unwrap_or_default().to_lowercase();
        Problem::new(format!("port {} cannot be opened for it: {why}", port.number)).exit(Exit::PortBusy)
    })
}
