//! The port numbers of one `up`: chosen and saved under the registry's lock, and again for ports that are reassigned.

use std::collections::BTreeMap;

use super::preflight::Preflight;
use crate::diagnostic::{Code, ConflictKind, Diagnostics, Level};
use crate::plan::{Allocation, DeclaredPort, Plan, Port, PortId, Service};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding};
use crate::report::reassignment;
use crate::run::reservations::{CompetingCheckout, Registry, SavedPorts};
use crate::supervise::steps::numbers as live_numbers;
use crate::system::owners::{self, Addresses};

/// A plan with its numbers. With `--plan`, nothing is saved.
pub(super) struct Numbers {
    pub(super) plan: Plan,
    pub(super) allocation: Allocation,
    /// Each port that was found taken by others, with its service and the last finding code.
    pub(super) conflicts: BTreeMap<PortId, (String, Code)>,
    saved: Option<SavedPorts>,
}

impl Numbers {
    /// Remembers a port that is taken by others.
    pub(super) fn note_conflict(&mut self, id: &PortId, finding: &Finding) {
        if finding.code.is_taken_by_others() {
            self.conflicts.insert(id.clone(), (id.service.clone(), finding.code));
        }
    }

    /// Restores the registry's previous entry, because nothing was started on these ports.
    pub(super) fn restore(self) {
        if let Some(saved) = self.saved {
            // If it cannot be written, the numbers stay, and the next `up` starts with them.
            let _ = saved.restore();
        }
    }
}

/// A port that leaves its number to another checkout.
struct Yielding {
    id: PortId,
    /// As it was before.
    port: Port,
    competitor: CompetingCheckout,
}

impl Preflight<'_> {
    /// Chooses and saves the numbers of all ports. A number of a stack that runs or starts in another checkout counts
    /// as taken, even if no process listens yet: a port that may move gets another one before ports are looked up.
    pub(super) fn allocate(&self, tell: &mut dyn FnMut(&Finding)) -> Result<Numbers, Diagnostics> {
        let registry = self.registry(None)?;
        let by_itself = registry.allocate(&self.draft.declared(), &Default::default());
        // A task of `run` takes what runs as it is, also what was started with other numbers.
        let mut allocation = match &self.request.task {
            Some(_) => registry.allocate(&self.draft.declared(), &live_numbers(self.running())),
            None => by_itself.clone(),
        };
        let is_of_this_run = allocation != by_itself;
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
            // A port whose command does not follow it stays; the start will show whether it is free.
            yielding.retain(|one| moved.follows(&one.id) && number(&moved, &one.id) != Some(one.port.number));
            if yielding.len() == n {
                (allocation, plan) = (next, moved);
                break;
            }
        }
        let taken = registry.taken_bases(&allocation);
        let mut saved = None;
        if !is_of_this_run {
            self.save(registry, &allocation, &mut saved)?;
        }
        let (context, home) = (self.context, self.context.home.as_deref());
        if let Some(broken) = saved.as_ref().and_then(|saved| saved.broken.as_deref()) {
            context.say(&reassignment::registry_reset(broken));
        }
        let taken = taken
            .iter()
            .filter_map(|one| reassignment::base_taken(one, &plan, home, &context.program));
        taken.for_each(|said| context.say(&said));
        let mut conflicts = BTreeMap::new();
        for Yielding { id, port, competitor } in &yielding {
            conflicts.insert(
                id.clone(),
                (id.service.clone(), Code::PortBusy(ConflictKind::OtherCheckout)),
            );
            let found = reassignment::competing(&id.service, port, &plan.project, competitor, home);
            let said = reassignment::moved(id, port.number, &found, &plan, self.verb());
            said.iter().for_each(&mut *tell);
        }
        Ok(Numbers {
            plan,
            allocation,
            conflicts,
            saved,
        })
    }

    /// Chooses and saves other numbers for ports of `to_do` that are taken. If one of them cannot move, nothing
    /// changes, and the findings with the reasons are returned.
    ///
    /// The moves are reported after saving: a terminal may be slow, and other checkouts wait.
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

    /// Opens the registry, locked if the numbers will be saved. `--reset-ports` forgets the numbers of the services to
    /// start, but not those that this `up` has saved.
    fn registry(&self, saved: Option<&SavedPorts>) -> Result<Registry<'_>, Diagnostics> {
        let of = self.project.reference();
        let mut registry = match self.request.is_preview {
            true => Registry::read(of)?,
            false => Registry::lock(of)?,
        };
        if self.request.reset_ports && saved.is_none() {
            // A service that is not started may keep running, and others refer to its number.
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

    /// Ports that may move and whose number belongs to another checkout that runs or starts.
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

    /// Whether the service runs in this checkout and already has this port.
    fn runs_at(&self, service: &Service, port: &Port) -> bool {
        let mut live = self
            .running()
            .iter()
            .filter(|it| !it.state.is_over() && it.service.name == service.name);
        let is_it = |its: &Port| Endpoint::from(its) == Endpoint::from(port);
        live.any(|it| it.service.ports.iter().any(is_it))
    }

    /// Whether the number is free, or the service's process already has it.
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
