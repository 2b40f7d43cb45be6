//! Ports of a service that failed, which other processes hold.

use super::UpReporter;
use crate::commands::lost_ports::{self, found_port_busy};
use crate::diagnostic::Exit;
use crate::plan;
use crate::ports::Finding;
use crate::ports::conflict::CallerContext;
use crate::supervise::Cause;
use crate::system::os;
use crate::system::owners::Addresses;
use crate::system::runs::StateDir;

impl UpReporter<'_> {
    /// Looks up the holders of a port that was free in preflight, but taken before the service could bind it.
    pub(super) fn lost_ports(&self, service: &plan::Service, why: &Cause) -> Vec<Finding> {
        match why.last() {
            why if found_port_busy(why) => {
                let taken = self.busy_ports(service, Addresses::Service);
                // It may bind another address than preflight checks, such as `::1`.
                let elsewhere = || self.busy_ports(service, Addresses::All);
                if taken.is_empty() { elsewhere() } else { taken }
            }
            Cause::NotReady { .. } => self.busy_ports(service, Addresses::Service),
            Cause::NotSpawned { exit, .. } if *exit == Exit::PortBusy => self.busy_ports(service, Addresses::Service),
            _ => Vec::new(),
        }
    }

    fn busy_ports(&self, service: &plan::Service, addresses: Addresses) -> Vec<Finding> {
        let run = StateDir::existing(&self.checkout).and_then(|directory| directory.live_run().ok()?);
        let numbers = self.ports.iter().map(|port| port.number).collect();
        let ours = CallerContext::new(&self.project, &self.checkout, run, os::user_id()).with_reserved_numbers(numbers);
        let judged = lost_ports::judge(&service.name, &service.ports, &ours, addresses).into_iter();
        judged.filter(|found| found.code.is_port_taken()).collect()
    }
}
