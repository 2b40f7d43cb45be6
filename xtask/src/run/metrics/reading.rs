//! Everything that a scrape shows: the driver's numbers, and what the kernel says now of processes and sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Conflicts, Measures, ServiceMeasures};
use crate::plan::Protocol;
use crate::ports::SocketState;
use crate::process::Identity;
use crate::system::os::{self, Socket, States};
use crate::system::usage::{OwnUsage, TreeUsage, of_trees};

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) project: String,
    /// In start order.
    pub(super) services: Vec<ServiceReading>,
    pub(super) conflicts: Conflicts,
    pub(super) dropped_lines: Option<u64>,
    /// The supervisor; `None` if it is not to be shown.
    pub(super) own: Option<OwnUsage>,
    /// When the supervisor was started, in seconds since 1970.
    pub(super) own_start: Option<u64>,
}

#[derive(Debug)]
pub(super) struct ServiceReading {
    pub(super) measures: ServiceMeasures,
    /// `None` if its processes are not ours, or could not be read.
    pub(super) usage: Option<TreeUsage>,
    /// By port; empty if the kernel does not say.
    pub(super) clients: Vec<(u16, u64)>,
}

/// The most processor time that was seen of each service, with the number of its process. A process that is waited for by
/// nobody, or by us, takes its time with it, and a counter must not fall.
pub(super) type HighWaterMarks = BTreeMap<String, (u32, Duration)>;

impl Reading {
    /// Without the supervisor itself.
    pub(super) fn of(measures: Measures, marks: &mut HighWaterMarks) -> Reading {
        let roots = roots(&measures);
        let clients = clients(&measures.services);
        let spared = &measures.left_alone;
        let services = measures.services.into_iter().map(|service| {
            let roots = roots.as_ref().map(|roots| roots.get(&service.name));
            let usage = roots.and_then(|roots| usage(&service, roots.map_or(&[], Vec::as_slice), spared, marks));
            let ports = service.ports.iter();
            let clients = clients
                .as_ref()
                .map(|clients| ports.map(|port| (*port, clients.get(port).copied().unwrap_or(0))));
            ServiceReading {
                usage,
                clients: clients.map(Iterator::collect).unwrap_or_default(),
                measures: service,
            }
        });
        Reading {
            project: measures.project,
            services: services.collect(),
            conflicts: measures.conflicts,
            dropped_lines: measures.dropped_lines,
            own: None,
            own_start: None,
        }
    }
}

fn usage(
    service: &ServiceMeasures,
    roots: &[u32],
    spared: &[Identity],
    marks: &mut HighWaterMarks,
) -> Option<TreeUsage> {
    if !service.is_ours {
        return None;
    }
    let usage = of_trees(roots, spared).ok()?;
    let cpu = raised(marks, &service.name, service.generation, usage.cpu);
    Some(TreeUsage { cpu, ..usage })
}

/// The highest time so far of this process of the service.
fn raised(marks: &mut HighWaterMarks, service: &str, generation: u32, seen: Duration) -> Duration {
    let mark = marks.entry(service.to_owned()).or_insert((generation, seen));
    let before = if mark.0 == generation { mark.1 } else { Duration::ZERO };
    *mark = (generation, before.max(seen));
    mark.1
}

/// Our children, by service: its main process, and those whose parent has exited. `None` if they cannot be listed.
///
/// They are told apart as `driver::membership` does it for signals: by pid, by group, by tag. Nothing depends on it here but
/// a number, so what is unclear is left out.
fn roots(measures: &Measures) -> Option<BTreeMap<String, Vec<u32>>> {
    let mut roots: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for child in os::children(std::process::id()).ok()? {
        let is_main = |service: &&ServiceMeasures| service.pid == Some(child);
        let main = measures
            .services
            .iter()
            .find(is_main)
            .map(|service| service.name.clone());
        let is_helper = measures.helpers.contains(&child);
        let service = main.or_else(|| if is_helper { None } else { service_of(child, measures) });
        if let Some(service) = service {
            roots.entry(service).or_default().push(child);
        }
    }
    Some(roots)
}

fn service_of(child: u32, measures: &Measures) -> Option<String> {
    if let Some(tag) = os::tag(child).ok()?.filter(|tag| *tag.run.raw() == measures.run) {
        return Some(tag.service.raw().clone());
    }
    let process = os::process(child).ok()??;
    // Its group may have died out, and its number have been used again by a process that leads it.
    let in_group = |service: &&ServiceMeasures| service.group == Some(process.group) && process.group != child;
    let service = measures.services.iter().find(in_group)?;
    Some(service.name.clone())
}

/// The connections to each port that somebody has accepted; `None` if the kernel does not say. Who is at the other end would
/// take a look at every process of the machine.
fn clients(services: &[ServiceMeasures]) -> Option<BTreeMap<u16, u64>> {
    let ports: Vec<os::Port> = services
        .iter()
        .filter(|service| service.state.is_alive())
        .flat_map(|service| &service.ports)
        .map(|port| (*port, Protocol::Tcp))
        .collect();
    let mut clients = BTreeMap::new();
    if ports.is_empty() {
        return Some(clients);
    }
    let sockets = os::sockets(&ports, States::All).ok()?;
    // A connection that nobody has accepted yet, or whose process has let go of it, has no inode.
    let is_accepted = |socket: &&Socket| socket.state == SocketState::Connection && socket.inode != 0;
    let connected = sockets.iter().filter(is_accepted);
    for socket in connected {
        *clients.entry(socket.address.port()).or_default() += 1;
    }
    Some(clients)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_never_falls_while_a_process_lives() {
        let mut marks = HighWaterMarks::new();
        let at = Duration::from_secs;
        let mut seen = |generation, seconds| raised(&mut marks, "api", generation, at(seconds)).as_secs();
        assert_eq!([seen(1, 3), seen(1, 5), seen(1, 4), seen(1, 6)], [3, 5, 5, 6]);
        // A new process begins again.
        assert_eq!([seen(2, 1), seen(2, 0)], [1, 1]);
    }
}
