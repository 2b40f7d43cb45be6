//! The port registry as used by one command of one checkout: opened, queried and saved under the same lock.
//!
//! `reservation_file` is the file. `plan::allocate` decides which number a port gets.

mod reservation_file;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::Protocol;
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::plan::{self, Allocation, DeclaredPort, PortId, RegistryView, Requirement};
use crate::ports::{Endpoint, PortFact, SocketState};
use crate::system::owners;
use crate::system::runs::StateDir;
pub(crate) use reservation_file::Checkout;
use reservation_file::{RegistryLock, ReservationFile};

/// The entries of all existing checkouts. Every directory is accessed, so this may take a while.
///
/// # Errors
/// The file cannot be read, or a newer version wrote it.
pub(crate) fn all() -> Result<Vec<Checkout>, Diagnostic> {
    let mut checkouts = ReservationFile::load()?.checkouts;
    checkouts.retain(Checkout::exists);
    Ok(checkouts)
}

/// The checkout on whose behalf the registry is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckoutRef<'a> {
    /// Canonical.
    pub(crate) checkout: &'a Path,
    pub(crate) file: &'a Path,
    pub(crate) project: &'a str,
}

/// Whether the port can have this number now.
pub(crate) type CanHave<'a> = dyn Fn(&DeclaredPort, u16) -> bool + 'a;

/// The registry, read once. If it is dropped without [`Registry::save`], nothing changes.
pub(crate) struct Registry<'a> {
    of: CheckoutRef<'a>,
    view: RegistryView,
    file: ReservationFile,
    /// Whether a checkout of the file still exists, if that was checked.
    exists: Vec<OnceCell<bool>>,
    /// `None` if opened for reading only.
    lock: Option<RegistryLock>,
}

/// What was saved for a checkout, and its previous entry.
#[derive(Debug)]
pub(crate) struct SavedPorts {
    before: Option<Checkout>,
    now: Checkout,
    /// Where the file was moved because it was invalid.
    pub(crate) broken: Option<PathBuf>,
}

/// Another checkout that has a number and is running or starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompetingCheckout {
    pub(crate) project: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    /// Its `up` has begun, but nothing runs yet.
    pub(crate) is_starting: bool,
}

/// An `auto` port that is not at its base, because another checkout has that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseTaken {
    pub(crate) id: PortId,
    pub(crate) base: u16,
    pub(crate) project: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    /// The number is a reassigned one or was set for a call, so the port may return from it.
    pub(crate) may_return: bool,
}

impl<'a> Registry<'a> {
    /// Opens the registry for reading.
    pub(crate) fn read(of: CheckoutRef<'a>) -> Result<Self, Diagnostic> {
        Registry::open(of, None)
    }

    /// Opens the registry for an allocation to be saved. Other commands wait until it is saved or dropped.
    pub(crate) fn lock(of: CheckoutRef<'a>) -> Result<Self, Diagnostic> {
        let lock = RegistryLock::wait()?;
        Registry::open(of, Some(lock))
    }

    fn open(of: CheckoutRef<'a>, lock: Option<RegistryLock>) -> Result<Self, Diagnostic> {
        let file = ReservationFile::load()?;
        let own = file.of(of.checkout).map(|entry| entry.ports.clone());
        Ok(Registry {
            of,
            view: RegistryView {
                own: own.unwrap_or_default(),
                is_main: !owners::is_linked_worktree(of.checkout),
            },
            exists: file.checkouts.iter().map(|_| OnceCell::new()).collect(),
            file,
            lock,
        })
    }

    /// Forgets all entries of the service.
    pub(crate) fn forget(&mut self, service: &str) {
        self.view.forget(service);
    }

    /// Chooses a number for each port. `reassigned` are numbers that were chosen earlier and may not be saved.
    pub(crate) fn allocate(&self, declared: &[DeclaredPort], reassigned: &BTreeMap<PortId, u16>) -> Allocation {
        let are_available = |asked: &[(&DeclaredPort, u16)], needed| self.are_available(asked, needed, &|_, _| true);
        plan::allocate(declared, &self.view, reassigned, &are_available)
    }

    /// Chooses the next number that each of these ports can have.
    pub(crate) fn reassign(&self, allocation: &Allocation, ids: &[PortId], can_have: &CanHave) -> Allocation {
        let are_available = |asked: &[(&DeclaredPort, u16)], needed| self.are_available(asked, needed, can_have);
        allocation.reassign(ids, &are_available)
    }

    fn are_available(&self, asked: &[(&DeclaredPort, u16)], needed: Requirement, can_have: &CanHave) -> bool {
        let is_reserved = |(port, number): &(&DeclaredPort, u16)| self.holder(*number, port.protocol).is_some();
        match needed {
            Requirement::Unreserved => !asked.iter().any(is_reserved),
            Requirement::Unheld => !asked.iter().any(is_reserved) && !is_held_by_others(asked, self.of.checkout),
            // Testing a number binds it, which could disturb a stack that is starting there.
            Requirement::Bindable => asked.iter().all(|one| {
                let (port, number) = *one;
                self.competitor(number, port.protocol).is_none() && can_have(port, number) && !is_reserved(one)
            }),
        }
    }

    /// Another checkout that has this number and runs or starts. Accesses only its state directory, not its own.
    pub(crate) fn competitor(&self, number: u16, protocol: Protocol) -> Option<CompetingCheckout> {
        self.others().find_map(|(_, one)| {
            let mut ports = one.ports.values();
            ports.find(|port| (port.number, port.protocol) == (number, protocol))?;
            let directory = StateDir::existing(&one.checkout)?;
            // If it is unknown whether a checkout runs, it keeps its ports.
            let runs = directory.live_run().map_or(true, |run| run.is_some());
            (runs || directory.is_held()).then(|| CompetingCheckout {
                project: one.project.clone().into(),
                checkout: one.checkout.clone().into(),
                is_starting: !runs,
            })
        })
    }

    /// Another checkout that has this number, in use or not. Only directories of such checkouts are accessed.
    fn holder(&self, number: u16, protocol: Protocol) -> Option<&Checkout> {
        let has_it = |one: &Checkout| {
            let mut ports = one.ports.values().filter(|port| port.protocol == protocol);
            ports.any(|port| port.has(number))
        };
        let mut others = self.others();
        let holder = others.find(|(at, one)| has_it(one) && *self.exists[*at].get_or_init(|| one.exists()));
        holder.map(|(_, one)| one)
    }

    fn others(&self) -> impl Iterator<Item = (usize, &Checkout)> {
        let all = self.file.checkouts.iter().enumerate();
        all.filter(|(_, one)| one.checkout != self.of.checkout)
    }

    /// `auto` ports that are not at their base for the first time, because another checkout has that number.
    pub(crate) fn taken_bases(&self, allocation: &Allocation) -> Vec<BaseTaken> {
        let displaced = allocation.displaced(&self.view).into_iter();
        let taken = displaced.filter_map(|(port, base)| {
            let holder = self.holder(base, port.protocol)?;
            let may_return = |kept: &plan::Reservation| {
                let is_for_now = kept.instead_of.is_some() || kept.auto.is_some_and(|auto| auto.number != base);
                (kept.number, kept.protocol) == (base, port.protocol) && is_for_now
            };
            Some(BaseTaken {
                id: port.id.clone(),
                base,
                project: holder.project.clone().into(),
                checkout: holder.checkout.clone().into(),
                may_return: holder.ports.values().any(may_return),
            })
        });
        taken.collect()
    }

    /// Saves the numbers, so that other checkouts avoid them and they are the same next time. `services` are all
    /// services of the file. Checkouts found to be gone are dropped. Without a lock nothing is saved.
    pub(crate) fn save(self, allocation: &Allocation, services: &[&str]) -> Result<Option<SavedPorts>, Diagnostic> {
        let Some(lock) = &self.lock else { return Ok(None) };
        let now = Checkout {
            checkout: self.of.checkout.to_owned(),
            file: self.of.file.to_owned(),
            project: self.of.project.to_owned(),
            ports: allocation.reservations(&self.view, services),
        };
        let before = self.file.of(self.of.checkout).cloned();
        let mut file = self.file;
        let mut exists = self.exists.iter();
        file.checkouts
            .retain(|_| exists.next().and_then(OnceCell::get) != Some(&false));
        file.put(&now.checkout, Some(now.clone()));
        let broken = file.save(lock)?;
        Ok(Some(SavedPorts { before, now, broken }))
    }
}

impl SavedPorts {
    /// Combines this change with an earlier one of the same command, which knows the entry before both.
    pub(crate) fn after(self, earlier: Option<SavedPorts>) -> SavedPorts {
        match earlier {
            Some(SavedPorts { before, .. }) => SavedPorts { before, ..self },
            None => self,
        }
    }

    /// Restores the previous entry, unless another command has saved something since.
    ///
    /// # Errors
    /// The file cannot be written. The next `up` then starts with these numbers.
    pub(crate) fn restore(self) -> Result<(), Diagnostic> {
        let lock = RegistryLock::wait()?;
        let mut file = ReservationFile::load()?;
        let path = &self.now.checkout;
        if file.of(path) == Some(&self.now) {
            file.put(path, self.before);
            file.save(&lock)?;
        }
        Ok(())
    }
}

/// Whether a process outside this checkout holds one of these numbers. This is checked without binding them.
fn is_held_by_others(asked: &[(&DeclaredPort, u16)], checkout: &Path) -> bool {
    if asked.is_empty() {
        return false;
    }
    let is_there = |state: SocketState| match state {
        SocketState::Listening | SocketState::Bound | SocketState::Connection => true,
        SocketState::TimeWait { .. } => false,
    };
    let is_held = |fact: &PortFact| {
        let mut tags = fact.owners.iter().map(|owner| owner.process.tag.as_ref());
        tags.any(|tag| tag.is_none_or(|tag| tag.checkout != checkout))
            || fact.unowned.iter().any(|socket| is_there(socket.state))
    };
    let ports = asked.iter().map(|(port, number)| Endpoint {
        number: *number,
        host: None,
        protocol: port.protocol,
    });
    let facts = owners::look_up_passive(&ports.collect::<Vec<_>>());
    facts.values().any(is_held)
}
