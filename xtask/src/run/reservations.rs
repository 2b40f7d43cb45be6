//! Which ports this checkout has, and which are those of others: what `auto` is here, and what has moved.
//!
//! `book` is the file. The choice of numbers is `plan`'s.

mod reservation_file;
mod undo;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{
    AllocatedPort, AllocationContext, Auto, DeclaredPort, Number, Origin, Port, Slot, as_written, auto_numbers,
};
use crate::ports::{Endpoint, PortFact, SocketState};
use crate::system::runs::fnv;
use crate::system::{os, owners};
use reservation_file::{Assigned, Id, RegistryLock, ReservationFile};
pub(crate) use reservation_file::{Checkout, CompetingCheckout, Reservation, ReservationHolder};
pub(super) use undo::ReservationUndo;

/// Where ports have moved to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moves(BTreeMap<Id, u16>);

impl Moves {
    pub(crate) fn has(&self, service: &str, key: &str) -> bool {
        self.0.contains_key(&Id::new(service, key))
    }
}

/// Everybody's, for a look. It takes one at the directories of all.
///
/// # Errors
/// The file cannot be read, or a newer version wrote it.
pub(crate) fn all() -> Result<Vec<Checkout>, Diagnostic> {
    ReservationFile::read().map(ReservationFile::checkouts)
}

/// Who asks.
pub(super) struct CheckoutRef<'a> {
    pub(super) checkout: &'a Path,
    pub(super) file: &'a Path,
    pub(super) project: String,
}

/// What one checkout has and may have.
pub(super) struct Reservations<'a> {
    asker: CheckoutRef<'a>,
    book: ReservationFile,
    /// What it has had so far.
    own: BTreeMap<Id, Reservation>,
    /// Of those who are going to write.
    lock: Option<RegistryLock>,
    moves: RefCell<Moves>,
    /// What it has been given last.
    given: RefCell<Vec<(DeclaredPort, AllocatedPort)>>,
}

impl<'a> Reservations<'a> {
    /// For who only looks.
    pub(super) fn read(asker: CheckoutRef<'a>) -> Result<Self, Diagnostic> {
        Reservations::new(asker, None)
    }

    /// For who is going to [note](Self::note) what comes of it. Others wait meanwhile.
    pub(super) fn lock(asker: CheckoutRef<'a>) -> Result<Self, Diagnostic> {
        let lock = RegistryLock::wait()?;
        Reservations::new(asker, Some(lock))
    }

    fn new(asker: CheckoutRef<'a>, lock: Option<RegistryLock>) -> Result<Self, Diagnostic> {
        let book = ReservationFile::read()?;
        let own = book.of(asker.checkout).map(|one| one.ports.clone()).unwrap_or_default();
        Ok(Reservations {
            asker,
            book,
            own,
            lock,
            moves: RefCell::default(),
            given: RefCell::default(),
        })
    }

    /// What has moved before, and is not noted.
    pub(super) fn with(mut self, moves: &Moves) -> Self {
        self.moves = RefCell::new(moves.clone());
        self
    }

    /// Whatever has moved in this plan, and is not noted, has not.
    pub(super) fn discard_moves(&self) {
        self.moves.take();
    }

    /// Another checkout that is not at rest and has this port too.
    pub(super) fn rival(&self, port: &Port) -> Option<CompetingCheckout> {
        self.book.rival(self.asker.checkout, (port.number, port.protocol))
    }

    pub(super) fn moves(&self) -> Moves {
        self.moves.borrow().clone()
    }

    /// As if the service were here for the first time.
    pub(super) fn forget(&mut self, service: &str) {
        self.own.retain(|id, _| id.service != service);
    }

    /// The number of every port of the file.
    pub(super) fn allocate(&self, written: &[DeclaredPort]) -> Result<Vec<AllocatedPort>, Diagnostic> {
        let mut given = as_written(written);
        self.assign(written, &mut given)?;
        let declared: Vec<Slot> = written.iter().zip(&given).map(slot).collect();
        let moves = &self.moves.borrow().0;
        let remembered = |(port, given): (&DeclaredPort, &AllocatedPort)| {
            let own = self.own.get(&id(port))?;
            let number = own.moved_from(given.number)?;
            let is_anothers = declared.contains(&(number, port.protocol));
            // Instead of `auto`, what is set is meant as it stands.
            let stands = matches!(port.number, Number::Set(_)) && own.auto.is_some();
            (!is_anothers && !stands).then_some(number)
        };
        let remembered: Vec<_> = written.iter().zip(&given).map(remembered).collect();
        // Those of one variable have moved together, and stay there or return together.
        let stays = |at: usize| {
            let mut others = written.iter().zip(&remembered);
            others.all(|(other, number)| !is_together(&written[at], other) || *number == remembered[at])
        };
        for (at, (port, given)) in written.iter().zip(&mut given).enumerate() {
            let sticky = || remembered[at].filter(|_| stays(at));
            if let Some(number) = moves.get(&id(port)).copied().or_else(sticky) {
                let origin = Origin::Moved { from: given.number };
                *given = AllocatedPort { number, origin };
            }
        }
        *self.given.borrow_mut() = written.iter().cloned().zip(given.iter().copied()).collect();
        Ok(given)
    }

    fn assign(&self, written: &[DeclaredPort], given: &mut [AllocatedPort]) -> Result<(), Diagnostic> {
        let auto = |port: &DeclaredPort| match port.number {
            Number::Fixed(_) | Number::Set(_) => None,
            Number::Auto { base } => Some(base),
        };
        let (at, autos): (Vec<usize>, Vec<Auto>) = written
            .iter()
            .enumerate()
            .filter_map(|(at, port)| {
                let written = auto(port)?;
                let base = written.unwrap_or_else(|| base(&self.asker.project, port));
                let kept = self.own.get(&id(port)).and_then(|own| own.auto);
                let auto = Auto {
                    base,
                    is_written: written.is_some(),
                    protocol: port.protocol,
                    kept: kept.filter(|kept| kept.base == base).map(|kept| kept.number),
                };
                Some((at, auto))
            })
            .unzip();
        if autos.is_empty() {
            return Ok(());
        }
        let fixed = written.iter().zip(&*given).filter(|(port, _)| auto(port).is_none());
        let fixed: Vec<Slot> = fixed.map(slot).collect();
        let around = AllocationContext {
            is_main: !owners::is_linked_worktree(self.asker.checkout),
            is_reserved: &|slot| self.is_anothers(slot),
            is_held: &|slots| self.is_held(slots),
        };
        let numbers = auto_numbers(&autos, &fixed, &around).map_err(|failed| no_number(&written[at[failed]]))?;
        for (at, number) in at.into_iter().zip(numbers) {
            given[at].number = number;
        }
        Ok(())
    }

    fn is_anothers(&self, slot: Slot) -> bool {
        self.book.is_anothers(self.asker.checkout, slot)
    }

    /// Nothing is bound to find out, and this checkout's own processes are no hindrance.
    fn is_held(&self, slots: &[Slot]) -> bool {
        let ports = slots.iter().map(|&(number, protocol)| Endpoint {
            number,
            host: None,
            protocol,
        });
        let facts = owners::look_up_passive(&ports.collect::<Vec<_>>());
        facts.values().any(|fact| is_held_by_others(fact, self.asker.checkout))
    }

    /// `auto` ports that the main checkout gets for the first time, and not at their base because another one has that.
    pub(super) fn displaced(&self) -> Vec<BaseTaken> {
        let given = self.given.borrow();
        let new = given.iter().filter_map(|(port, given)| {
            let base = match port.number {
                Number::Auto { base } => base.filter(|base| *base != given.declared())?,
                Number::Fixed(_) | Number::Set(_) => return None,
            };
            let before = self.own.get(&id(port)).and_then(|own| own.auto);
            before.is_none_or(|before| before.base != base).then_some((port, base))
        });
        let displaced = new.filter_map(|(port, base)| {
            let by = self.book.holder(self.asker.checkout, (base, port.protocol))?;
            Some(BaseTaken {
                service: port.service.clone(),
                key: port.key.clone(),
                base,
                by,
            })
        });
        let displaced: Vec<_> = displaced.collect();
        // A worktree never begins at the base.
        match displaced.is_empty() || owners::is_linked_worktree(self.asker.checkout) {
            true => Vec::new(),
            false => displaced,
        }
    }

    /// A port gets the next number above for which `can_have` holds, and with it all that are named by the same
    /// variable. Then the plan has to be made again.
    ///
    /// Left out are the numbers of the file, whatever starts, and those of other checkouts.
    pub(super) fn move_on(
        &self,
        service: &str,
        key: &str,
        can_have: &dyn Fn(&str, &str, Endpoint) -> bool,
    ) -> Option<u16> {
        let given = self.given.borrow();
        let (port, now) = given
            .iter()
            .find(|(port, _)| (&*port.service, &*port.key) == (service, key))?;
        let moves = &mut self.moves.borrow_mut().0;
        if moves.contains_key(&id(port)) {
            return moves.get(&id(port)).copied();
        }
        let (together, rest): (Vec<_>, Vec<_>) = given.iter().partition(|(other, _)| is_together(port, other));
        let mut taken: Vec<Slot> = Vec::new();
        for (port, given) in rest {
            let moved = moves.get(&id(port)).copied();
            let numbers = [given.declared(), given.number].into_iter().chain(moved);
            taken.extend(numbers.map(|number| (number, port.protocol)));
        }
        let is_good = |number: &u16| {
            together.iter().all(|(port, _)| {
                let asked = Endpoint {
                    number: *number,
                    host: port.host,
                    protocol: port.protocol,
                };
                let slot = (*number, port.protocol);
                // To try a number is to bind it, which would be in the way of one that is just starting there.
                let may_be_tried = !taken.contains(&slot) && self.book.rival(self.asker.checkout, slot).is_none();
                may_be_tried && can_have(&port.service, &port.key, asked) && !self.is_anothers(slot)
            })
        };
        let declared = now.declared();
        let number = (declared..=u16::MAX).skip(1).find(is_good)?;
        for (port, _) in together {
            moves.insert(id(port), number);
        }
        Some(number)
    }

    /// A port gets some other number, and with it all of its variable: only what follows it is of interest.
    pub(super) fn move_anywhere(&self, service: &str, key: &str) {
        let given = self.given.borrow();
        let mut all = given.iter();
        let Some((port, now)) = all.find(|(port, _)| (&*port.service, &*port.key) == (service, key)) else {
            return;
        };
        let number = now.declared() ^ 1;
        let together = given.iter().filter(|(other, _)| is_together(port, other));
        self.moves
            .borrow_mut()
            .0
            .extend(together.map(|(port, _)| (id(port), number)));
    }

    /// Writes down what it was given last, so that others leave it alone and it is the same the next time. `services`
    /// are all of the file. A file that made no sense is kept beside; its path is returned.
    pub(super) fn note(
        self,
        services: &[&str],
        change: &mut Option<ReservationUndo>,
    ) -> Result<Option<PathBuf>, Diagnostic> {
        let Some(lock) = self.lock else { return Ok(None) };
        let noted = self.book.of(self.asker.checkout).cloned();
        let given = self.given.into_inner();
        let mut ports = self.own;
        let before = ports.clone();
        // Of a service whose ports could not be worked out this time, what was true before still is.
        ports.retain(|id, _| {
            services.contains(&id.service.as_str()) && !given.iter().any(|(port, _)| port.service == id.service)
        });
        for (port, given) in given {
            let before = before.get(&id(&port));
            let kept = match port.number {
                Number::Set(_) => before.and_then(Reservation::remembered),
                Number::Fixed(_) | Number::Auto { .. } => None,
            };
            let auto = match port.number {
                Number::Fixed(_) => None,
                Number::Set(_) => before.and_then(|before| before.auto),
                Number::Auto { base: written } => Some(Assigned {
                    base: written.unwrap_or_else(|| base(&self.asker.project, &port)),
                    number: given.declared(),
                }),
            };
            let reservation = Reservation {
                number: given.number,
                protocol: port.protocol,
                auto,
                instead_of: match given.origin {
                    Origin::Declared | Origin::Auto => None,
                    Origin::Moved { from } => Some(from),
                },
                kept: kept.filter(|kept| kept.from != given.declared()),
            };
            ports.insert(id(&port), reservation);
        }
        let checkout = Checkout {
            checkout: self.asker.checkout.to_owned(),
            file: self.asker.file.to_owned(),
            project: self.asker.project,
            ports,
        };
        let broken = self.book.write(self.asker.checkout, Some(checkout.clone()), &lock)?;
        ReservationUndo::follow(change, noted, checkout);
        Ok(broken)
    }
}

/// An `auto` port that is elsewhere than at its base.
pub(crate) struct BaseTaken {
    pub(crate) service: String,
    pub(crate) key: String,
    pub(crate) base: u16,
    pub(crate) by: ReservationHolder,
}

/// One number for both: they are the same, or one variable names them. Every service has a `PORT` of its own.
fn is_together(one: &DeclaredPort, other: &DeclaredPort) -> bool {
    let variable = one.variable.as_ref().filter(|name| *name != "PORT");
    id(one) == id(other) || variable.is_some() && other.variable.as_ref() == variable
}

fn id(port: &DeclaredPort) -> Id {
    Id::new(&port.service, &port.key)
}

fn slot((port, given): (&DeclaredPort, &AllocatedPort)) -> Slot {
    (given.number, port.protocol)
}

/// Is somebody there who is no process of this checkout?
fn is_held_by_others(fact: &PortFact, checkout: &Path) -> bool {
    let is_there = |state: SocketState| match state {
        SocketState::Listening | SocketState::Bound | SocketState::Connection => true,
        SocketState::TimeWait { .. } => false,
    };
    let mut tags = fact.owners.iter().map(|owner| owner.process.tag.as_ref());
    tags.any(|tag| tag.is_none_or(|tag| tag.checkout != checkout))
        || fact.unowned.iter().any(|socket| is_there(socket.state))
}

/// Where `auto` begins that says nothing of it: by its names, so that it is the same on every machine.
fn base(project: &str, port: &DeclaredPort) -> u16 {
    const FIRST: u16 = 10_000;
    const N: u16 = 20_000;
    let hash = fnv(format!("{project}\0{}\0{}", port.service, port.key).as_bytes());
    let start = u16::try_from(hash % u64::from(N)).expect("it is below 20,000");
    let ephemeral = os::ephemeral_ports();
    let mut numbers = (0..N).map(|step| FIRST + (start + step) % N);
    numbers
        .find(|number| !ephemeral.contains(number))
        .unwrap_or(FIRST + start)
}

fn no_number(port: &DeclaredPort) -> Diagnostic {
    Diagnostic::new(format!("no number is left for the `auto` port of `{}`", port.service))
        .hint("give it a lower `base`")
        .exit(Exit::Usage)
}
