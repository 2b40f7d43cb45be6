//! The number of each port: the one in the file, that of `auto`, or the next one above a number that is taken.
//!
//! Nothing is read from the system here. The registry's entries for this checkout are passed as data, and one function
//! tells whether numbers are available; see docs/design/ports.md, "Port numbers".

mod offsets;
mod reservation;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Origin, Protocol};
use crate::diagnostic::{Diagnostic, Exit};
use offsets::{AutoPort, Slot};
pub(crate) use reservation::{AutoNumber, PortId, Reservation};

/// A port of the file, before it has a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeclaredPort {
    pub(crate) id: PortId,
    pub(crate) protocol: Protocol,
    pub(crate) host: Option<IpAddr>,
    pub(crate) variable: Option<String>,
    pub(crate) number: DeclaredNumber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclaredNumber {
    Fixed(u16),
    Auto {
        base: u16,
        /// The base is in the file.
        is_written: bool,
    },
    /// The variable of the port is set for this call.
    Set(u16),
}

/// The number of a port and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllocatedPort {
    pub(crate) number: u16,
    pub(crate) origin: Origin,
}

/// The registry's entries for this checkout.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistryView {
    pub(crate) own: BTreeMap<PortId, Reservation>,
    /// Whether this is the main checkout of a repository, or the only one.
    pub(crate) is_main: bool,
}

/// What a number must satisfy before a port gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Requirement {
    /// No other checkout has reserved it.
    Unreserved,
    /// In addition, only processes of this checkout hold it. This is checked without binding it.
    Unheld,
    /// No other checkout has reserved it, and it can be bound or the service has it already.
    Bindable,
}

/// Whether all these numbers are available for their ports. Each call scans the system once, so they are checked
/// together.
pub(crate) type AreAvailable<'a> = dyn Fn(&[(&DeclaredPort, u16)], Requirement) -> bool + 'a;

/// The numbers of all ports of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Allocation {
    ports: Vec<(DeclaredPort, AllocatedPort)>,
    /// Numbers chosen by [`Allocation::reassign`]; a port is reassigned only once.
    reassigned: BTreeMap<PortId, u16>,
    /// No number is left for an `auto` port. All numbers are then those of the file.
    pub(super) problem: Option<Diagnostic>,
}

/// A number for each port. `reassigned` are numbers that [`Allocation::reassign`] chose earlier.
pub(crate) fn allocate(
    declared: &[DeclaredPort],
    registry: &RegistryView,
    reassigned: &BTreeMap<PortId, u16>,
    are_available: &AreAvailable,
) -> Allocation {
    let mut allocation = Allocation::as_written(declared);
    match auto_numbers(declared, registry, are_available) {
        Ok(numbers) => {
            for (at, number) in numbers {
                allocation.ports[at].1.number = number;
            }
        }
        Err(problem) => {
            allocation.problem = Some(problem);
            return allocation;
        }
    }
    for (at, to) in remembered_moves(&allocation.ports, registry).into_iter().enumerate() {
        if let Some(to) = to {
            allocation.ports[at].1.move_to(to);
        }
    }
    for (id, number) in reassigned {
        allocation.set(id, *number);
    }
    allocation
}

/// The index and number of each `auto` port.
fn auto_numbers(
    declared: &[DeclaredPort],
    registry: &RegistryView,
    are_available: &AreAvailable,
) -> Result<Vec<(usize, u16)>, Diagnostic> {
    let (mut at, mut autos, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
    for (index, port) in declared.iter().enumerate() {
        match port.number {
            DeclaredNumber::Fixed(number) | DeclaredNumber::Set(number) => fixed.push((number, port.protocol)),
            DeclaredNumber::Auto { base, is_written } => {
                let kept = registry.auto_number(port).filter(|kept| kept.base == base);
                let kept = kept.map(|kept| kept.number);
                at.push(index);
                autos.push(AutoPort {
                    port,
                    base,
                    is_written,
                    kept,
                });
            }
        }
    }
    let numbers = offsets::numbers(&autos, &fixed, registry.is_main, are_available);
    let numbers = numbers.map_err(|failed| no_number(autos[failed].port))?;
    Ok(at.into_iter().zip(numbers).collect())
}

/// Where each port moved earlier and stays.
fn remembered_moves(ports: &[(DeclaredPort, AllocatedPort)], registry: &RegistryView) -> Vec<Option<u16>> {
    let declared: Vec<Slot> = ports.iter().map(|(port, now)| (now.number, port.protocol)).collect();
    let remembered = |(port, now): &(DeclaredPort, AllocatedPort)| {
        let own = registry.own.get(&port.id)?;
        let number = own.moved_from(now.number)?;
        let is_anothers = declared.contains(&(number, port.protocol));
        // A number set instead of `auto` is used exactly.
        let stands = matches!(port.number, DeclaredNumber::Set(_)) && own.auto.is_some();
        (!is_anothers && !stands).then_some(number)
    };
    let remembered: Vec<_> = ports.iter().map(remembered).collect();
    // Ports of one variable moved together, and stay or return together.
    let stays = |at: usize| {
        let mut others = ports.iter().zip(&remembered);
        others.all(|((other, _), number)| !ports[at].0.shares_number(other) || *number == remembered[at])
    };
    let kept = |at: usize| remembered[at].filter(|_| stays(at));
    (0..ports.len()).map(kept).collect()
}

impl Allocation {
    /// The numbers as far as the file determines them, without the registry.
    pub(crate) fn as_written(declared: &[DeclaredPort]) -> Self {
        let given = |port: &DeclaredPort| {
            let (number, origin) = match port.number {
                DeclaredNumber::Fixed(number) | DeclaredNumber::Set(number) => (number, Origin::Declared),
                DeclaredNumber::Auto { base, .. } => (base, Origin::Auto),
            };
            (port.clone(), AllocatedPort { number, origin })
        };
        Allocation {
            ports: declared.iter().map(given).collect(),
            reassigned: BTreeMap::new(),
            problem: None,
        }
    }

    pub(crate) fn get(&self, id: &PortId) -> Option<AllocatedPort> {
        self.find(id).map(|(_, now)| *now)
    }

    pub(crate) fn reassigned(&self) -> &BTreeMap<PortId, u16> {
        &self.reassigned
    }

    /// Every number that a port of the file has or would return to.
    pub(crate) fn numbers(&self) -> BTreeSet<u16> {
        let both = self.ports.iter().map(|(_, now)| [now.number, now.declared()]);
        both.flatten().collect()
    }

    /// Gives each of these ports the next available number above its declared one. Ports of the same variable move
    /// together. A port keeps its number if none is left.
    ///
    /// Numbers that the file declares or other ports have are skipped, even if their services do not start.
    pub(crate) fn reassign(&self, ids: &[PortId], are_available: &AreAvailable) -> Allocation {
        let mut next = self.clone();
        for id in ids.iter().filter(|id| !self.reassigned.contains_key(id)) {
            let Some((port, now)) = self.find(id) else { continue };
            if next.reassigned.contains_key(id) {
                continue;
            }
            let (together, others): (Vec<_>, Vec<_>) =
                next.ports.iter().partition(|(other, _)| port.shares_number(other));
            let taken = others.iter().flat_map(|(other, now)| {
                let numbers = [now.declared(), now.number];
                numbers.map(|number| (number, other.protocol))
            });
            let taken: BTreeSet<Slot> = taken.collect();
            let is_good = |number: &u16| {
                let is_new = together
                    .iter()
                    .all(|(port, _)| !taken.contains(&(*number, port.protocol)));
                let asked: Vec<_> = together.iter().map(|(port, _)| (port, *number)).collect();
                is_new && are_available(&asked, Requirement::Bindable)
            };
            let number = (now.declared()..=u16::MAX).skip(1).find(is_good);
            let moved: Vec<PortId> = together.iter().map(|(port, _)| port.id.clone()).collect();
            if let Some(number) = number {
                moved.iter().for_each(|id| next.set(id, number));
            }
        }
        next
    }

    /// Gives this port and the others of its variable any other number, to find out what follows the port in a plan.
    pub(crate) fn reassign_anywhere(&self, id: &PortId) -> Allocation {
        let mut next = self.clone();
        if let Some((port, now)) = self.find(id) {
            let together = self.ports.iter().filter(|(other, _)| port.shares_number(other));
            together.for_each(|(other, _)| next.set(&other.id, now.declared() ^ 1));
        }
        next
    }

    /// Ports that start at another number than their written base for the first time, and that base. Only the main
    /// checkout starts at the base.
    pub(crate) fn displaced(&self, registry: &RegistryView) -> Vec<(&DeclaredPort, u16)> {
        let displaced = |(port, now): &(DeclaredPort, AllocatedPort)| match port.number {
            DeclaredNumber::Auto { base, is_written: true } if base != now.declared() => {
                let before = registry.auto_number(port);
                before.is_none_or(|before| before.base != base).then_some(base)
            }
            DeclaredNumber::Auto { .. } | DeclaredNumber::Fixed(_) | DeclaredNumber::Set(_) => None,
        };
        let ports = self.ports.iter().filter(|_| registry.is_main);
        ports.filter_map(|it| Some((&it.0, displaced(it)?))).collect()
    }

    /// The entries to save, so that other checkouts avoid these numbers and they are the same next time. `services` are
    /// all services of the file.
    pub(crate) fn reservations(&self, registry: &RegistryView, services: &[&str]) -> BTreeMap<PortId, Reservation> {
        let mut kept = registry.own.clone();
        // Entries of a service whose ports are invalid this time are kept.
        let is_allocated = |service: &str| self.ports.iter().any(|(port, _)| port.id.service == service);
        kept.retain(|id, _| services.contains(&id.service.as_str()) && !is_allocated(&id.service));
        let reserved = |(port, now): &(DeclaredPort, AllocatedPort)| {
            let before = registry.own.get(&port.id);
            let (auto, moved) = match port.number {
                DeclaredNumber::Fixed(_) => (None, None),
                DeclaredNumber::Set(_) => (registry.auto_number(port), before.and_then(Reservation::remembered)),
                DeclaredNumber::Auto { base, .. } => (
                    Some(AutoNumber {
                        base,
                        number: now.declared(),
                    }),
                    None,
                ),
            };
            let reservation = Reservation {
                number: now.number,
                protocol: port.protocol,
                auto,
                instead_of: match now.origin {
                    Origin::Declared | Origin::Auto => None,
                    Origin::Moved { from } => Some(from),
                },
                kept: moved.filter(|moved| moved.from != now.declared()),
            };
            (port.id.clone(), reservation)
        };
        kept.extend(self.ports.iter().map(reserved));
        kept
    }

    fn find(&self, id: &PortId) -> Option<&(DeclaredPort, AllocatedPort)> {
        self.ports.iter().find(|(port, _)| port.id == *id)
    }

    fn set(&mut self, id: &PortId, number: u16) {
        let port = self.ports.iter_mut().find(|(port, _)| port.id == *id);
        if let Some((_, now)) = port {
            now.move_to(number);
            self.reassigned.insert(id.clone(), number);
        }
    }
}

impl AllocatedPort {
    /// The number of the port or, if it has moved, the one before.
    pub(crate) fn declared(&self) -> u16 {
        match self.origin {
            Origin::Declared | Origin::Auto => self.number,
            Origin::Moved { from } => from,
        }
    }

    fn move_to(&mut self, number: u16) {
        let from = self.declared();
        *self = AllocatedPort {
            number,
            origin: Origin::Moved { from },
        };
    }
}

impl RegistryView {
    /// Forgets all entries of the service.
    pub(crate) fn forget(&mut self, service: &str) {
        self.own.retain(|id, _| id.service != service);
    }

    fn auto_number(&self, port: &DeclaredPort) -> Option<AutoNumber> {
        self.own.get(&port.id).and_then(|own| own.auto)
    }
}

impl DeclaredPort {
    /// Both have the same number: they are the same port, or share a variable. Every service has its own `PORT`.
    fn shares_number(&self, other: &DeclaredPort) -> bool {
        let variable = self.variable.as_ref().filter(|name| *name != "PORT");
        self.id == other.id || variable.is_some() && other.variable.as_ref() == variable
    }
}

fn no_number(port: &DeclaredPort) -> Diagnostic {
    Diagnostic::new(format!(
        "no number is left for the `auto` port of `{}`",
        port.id.service
    ))
    .hint("give it a lower `base`")
    .exit(Exit::Usage)
}

#[cfg(test)]
mod tests;
