//! The numbers of the ports of one `up`: chosen and saved under the lock of the registry, and once more for ports that
//! are reassigned.

use super::preflight::Preflight;
use crate::diagnostic::{Code, ConflictKind, Diagnostics, Level};
use crate::plan::{Allocation, DeclaredPort, Plan, Port, PortId, Service};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding};
use crate::report::reassignment;
use crate::run::reservations::{CompetingCheckout, Registry, SavedPorts};
use crate::system::owners::{self, Addresses};

/// A plan with its numbers. With `--plan` nothing of it is saved.
pub(super) struct Numbers {
    pub(super) plan: Plan,
    pub(super) allocation: Allocation,
    saved: Option<SavedPorts>,
}

impl Numbers {
    /// Puts back what the registry had before, because nothing was started on these ports.
    pub(super) fn restore(self) {
        if let Some(saved) = self.saved {
            // Where nothing can be written, the numbers stay: the next `up` begins with them.
            let _ = saved.restore();
        }
    }
}

/// A port that leaves its number to another checkout.
struct Yielding {
    id: PortId,
    /// As it was.
    port: Port,
    competitor: CompetingCheckout,
}

impl Preflight<'_> {
    /// Chooses and saves the numbers of all ports. A number of a stack that runs or starts elsewhere counts as taken, even
    /// if nobody listens there yet: a port that may move gets another one before anything is looked at.
    pub(super) fn allocate(&self, tell: &mut dyn FnMut(&Finding)) -> Result<Numbers, Diagnostics> {
        let registry = self.registry(None)?;
        let mut allocation = registry.allocate(&self.draft.declared(), &Default::default());
        let mut plan = match allocation == self.request.allocation {
            true => self.request.before.clone(),
            false => self.draft.complete_plan(&allocation)?,
        };
        let mut yielding = self.yielding(&plan, &registry);
        let can_have = |port: &DeclaredPort, number| self.can_have(&self.request.before, port, number);
        while !yielding.is_empty() {
            let ids: Vec<PortId> = yielding.iter().map(|one| one.id.clone()).collect();
            let next = registry.reassign(&allocation, &ids, &can_have);
            let moved = self.draft.complete_plan(&next)?;
            let n = yielding.len();
            // A port stays if its command does not follow: the start will show whether it can be had.
            yielding.retain(|one| moved.follows(&one.id) && number(&moved, &one.id) != Some(one.port.number));
            if yielding.len() == n {
                (allocation, plan) = (next, moved);
                break;
            }
        }
        let taken = registry.taken_bases(&allocation);
        let mut saved = None;
        self.save(registry, &allocation, &mut saved)?;
        let (context, home) = (self.context, self.context.home.as_deref());
        if let Some(broken) = saved.as_ref().and_then(|saved| saved.broken.as_deref()) {
            context.say(&reassignment::registry_reset(broken));
        }
        let taken = taken
            .iter()
            .filter_map(|one| reassignment::base_taken(one, &plan, home, &context.program));
        taken.for_each(|said| context.say(&said));
        for Yielding { id, port, competitor } in &yielding {
            let found = reassignment::competing(&id.service, port, &plan.project, competitor, home);
            let said = reassignment::moved(id, port.number, &found, &plan, self.verb());
            said.iter().for_each(&mut *tell);
        }
        Ok(Numbers {
            plan,
            allocation,
            saved,
        })
    }

    /// Chooses and saves other numbers for ports of `to_do` that are taken. If one of them cannot move, nothing changes, and
    /// the findings that say so are returned.
    ///
    /// The moves are told after they were saved: a terminal may be slow, and other checkouts wait.
    pub(super) fn reassign(
        &self,
        numbers: &mut Numbers,
        to_do: &Plan,
        taken: &[(&PortId, &Finding)],
        tell: &mut dyn FnMut(&Finding),
    ) -> Result<Vec<Finding>, Diagnostics> {
        let registry = self.registry(numbers.saved.as_ref())?;
        let can_have = |port: &DeclaredPort, number| self.can_have(to_do, port, number);
        let ids: Vec<PortId> = taken.iter().map(|(id, _)| (*id).clone()).collect();
        let allocation = registry.allocate(&self.draft.declared(), numbers.allocation.reassigned());
        let allocation = registry.reassign(&allocation, &ids, &can_have);
        let plan = self.draft.complete_plan(&allocation)?;
        let stuck = taken
            .iter()
            .filter_map(|(id, finding)| reassignment::cannot_move(id, finding, &plan));
        let stuck: Vec<Finding> = stuck.collect();
        if !stuck.is_empty() {
            return Ok(stuck);
        }
        self.save(registry, &allocation, &mut numbers.saved)?;
        for (id, finding) in taken {
            let from = number(to_do, id).expect("only ports of the plan are judged");
            let said = reassignment::moved(id, from, finding, &plan, self.verb());
            said.iter().for_each(&mut *tell);
        }
        (numbers.plan, numbers.allocation) = (plan, allocation);
        Ok(stuck)
    }

    /// Opens the registry, locked if the numbers are going to be saved. `--reset-ports` forgets the numbers of what is
    /// started, but not those that this `up` has saved.
    fn registry(&self, saved: Option<&SavedPorts>) -> Result<Registry<'_>, Diagnostics> {
        let of = self.project.reference();
        let mut registry = match self.request.is_preview {
            true => Registry::read(of)?,
            false => Registry::lock(of)?,
        };
        if self.request.reset_ports && saved.is_none() {
            // A service that is not started may run on where it is, and others are told that number.
            let started = self.request.before.services.iter();
            started.for_each(|service| registry.forget(&service.name));
        }
        Ok(registry)
    }

    fn save(
        &self,
        registry: Registry<'_>,
        allocation: &Allocation,
        saved: &mut Option<SavedPorts>,
    ) -> Result<(), Diagnostics> {
        let services: Vec<&str> = self.project.service_names().collect();
        if let Some(now) = registry.save(allocation, &services)? {
            *saved = Some(now.after(saved.take()));
        }
        Ok(())
    }

    /// Ports that may move, and whose number another checkout has that runs or starts.
    fn yielding(&self, plan: &Plan, registry: &Registry<'_>) -> Vec<Yielding> {
        let services = plan.services.iter();
        let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
        let yielding = ports.filter(|(service, port)| self.policy().reassigns(port) && !self.runs_at(service, port));
        let yielding = yielding.filter_map(|(service, port)| {
            Some(Yielding {
                id: PortId::new(&service.name, &port.key),
                port: port.clone(),
                competitor: registry.competitor(port.number, port.protocol)?,
            })
        });
        yielding.collect()
    }

    /// Does the service run here, and have this port already?
    fn runs_at(&self, service: &Service, port: &Port) -> bool {
        let mut live = self
            .running()
            .iter()
            .filter(|it| !it.state.is_over() && it.service.name == service.name);
        let is_it = |its: &Port| Endpoint::from(its) == Endpoint::from(port);
        live.any(|it| it.service.ports.iter().any(is_it))
    }

    /// The number is free, or the process of the service has it already.
    fn can_have(&self, plan: &Plan, port: &DeclaredPort, number: u16) -> bool {
        let asked = Endpoint {
            number,
            host: port.host,
            protocol: port.protocol,
        };
        if owners::can_be_served(asked) {
            return true;
        }
        let Some((service, planned)) = plan.port(&port.id) else {
            return false;
        };
        let facts = owners::look_up(&[asked], Addresses::Service);
        let ours = self.ours(plan).for_service(&service.name, planned);
        let found = finding(&asked, &facts[&asked], &ours);
        found.code == Code::PortBusy(ConflictKind::OwnRunning) && found.level == Level::Ok
    }

    fn verb(&self) -> &'static str {
        match self.request.is_preview {
            true => "would move",
            false => "moves",
        }
    }
}

fn number(plan: &Plan, id: &PortId) -> Option<u16> {
    plan.port(id).map(|(_, port)| port.number)
}
