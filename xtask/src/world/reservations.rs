//! Which ports this checkout has, and which are those of others: what `auto` is here, and what has moved.
//!
//! `book` is the file. The choice of numbers is `plan`'s.

mod book;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::runs::fnv;
use super::{os, owners};
use crate::error::{Exit, Problem};
use crate::plan::{Around, Auto, Given, Number, Origin, Slot, Written, as_written, auto_numbers};
use crate::preflight::{OwnerlessState, PortFact, PortRef};
use book::{Assigned, Book, Id, Lock};
pub(crate) use book::{Checkout, Reservation};

/// Where ports have moved to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moves(BTreeMap<Id, u16>);

impl Moves {
    pub(crate) fn has(&self, service: &str, key: &str) -> bool {
        self.0.contains_key(&Id::new(service, key))
    }
}

/// Everybody's, for a look. It takes one at the folders of all.
///
/// # Errors
/// The file cannot be read, or a newer version wrote it.
pub(crate) fn all() -> Result<Vec<Checkout>, Problem> {
    Book::read().map(Book::checkouts)
}

/// Who asks.
pub(super) struct Asker<'a> {
    pub(super) checkout: &'a Path,
    pub(super) file: &'a Path,
    pub(super) project: String,
}

/// What one checkout has and may have.
pub(super) struct Reservations<'a> {
    asker: Asker<'a>,
    book: Book,
    /// What it has had so far.
    own: BTreeMap<Id, Reservation>,
    /// Of those who are going to write.
    lock: Option<Lock>,
    moves: RefCell<Moves>,
    /// What it has been given last.
    given: RefCell<Vec<(Written, Given)>>,
}

impl<'a> Reservations<'a> {
    /// For who only looks.
    pub(super) fn read(asker: Asker<'a>) -> Result<Self, Problem> {
        Reservations::new(asker, None)
    }

    /// For who is going to [note](Self::note) what comes of it. Others wait meanwhile.
    pub(super) fn lock(asker: Asker<'a>) -> Result<Self, Problem> {
        let lock = Lock::wait()?;
        Reservations::new(asker, Some(lock))
    }

    fn new(asker: Asker<'a>, lock: Option<Lock>) -> Result<Self, Problem> {
        let book = Book::read()?;
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

    pub(super) fn moves(&self) -> Moves {
        self.moves.borrow().clone()
    }

    /// As if the service were here for the first time.
    pub(super) fn forget(&mut self, service: &str) {
        self.own.retain(|id, _| id.service != service);
    }

    /// The number of every port of the file.
    pub(super) fn give(&self, written: &[Written]) -> Result<Vec<Given>, Problem> {
        let mut given = as_written(written);
        self.assign(written, &mut given)?;
        let declared: Vec<Slot> = written.iter().zip(&given).map(slot).collect();
        let moves = &self.moves.borrow().0;
        for (port, given) in written.iter().zip(&mut given) {
            let id = id(port);
            let sticky = || {
                let own = self.own.get(&id).filter(|own| own.instead_of == Some(given.number))?;
                let is_anothers = declared.contains(&(own.number, port.protocol));
                (!is_anothers && !matches!(port.number, Number::Set(_))).then_some(own.number)
            };
            if let Some(number) = moves.get(&id).copied().or_else(sticky) {
                let origin = Origin::Moved { from: given.number };
                *given = Given { number, origin };
            }
        }
        *self.given.borrow_mut() = written.iter().cloned().zip(given.iter().copied()).collect();
        Ok(given)
    }

    fn assign(&self, written: &[Written], given: &mut [Given]) -> Result<(), Problem> {
        let auto = |port: &Written| match port.number {
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
        let around = Around {
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
        let ports = slots.iter().map(|&(number, protocol)| PortRef {
            number,
            host: None,
            protocol,
        });
        let facts = owners::held(&ports.collect::<Vec<_>>());
        facts.values().any(|fact| is_held_by_others(fact, self.asker.checkout))
    }

    /// A port gets the next number for which `can_have` holds, and with it all that are named by the same variable. Then the
    /// plan has to be made anew.
    ///
    /// Left out are the numbers of the file, whatever starts, and those of other checkouts.
    pub(super) fn move_on(
        &self,
        service: &str,
        key: &str,
        can_have: &dyn Fn(&str, &str, PortRef) -> bool,
    ) -> Option<u16> {
        let given = self.given.borrow();
        let (port, now) = given
            .iter()
            .find(|(port, _)| (&*port.service, &*port.key) == (service, key))?;
        let variable = port.variable.as_ref().filter(|name| *name != "PORT");
        let is_moved =
            |other: &Written| id(other) == id(port) || variable.is_some() && other.variable.as_ref() == variable;
        let moves = &mut self.moves.borrow_mut().0;
        if moves.contains_key(&id(port)) {
            return moves.get(&id(port)).copied();
        }
        let (together, rest): (Vec<_>, Vec<_>) = given.iter().partition(|(port, _)| is_moved(port));
        let mut taken: Vec<Slot> = Vec::new();
        for (port, given) in rest {
            let moved = moves.get(&id(port)).copied();
            let numbers = [given.declared(), given.number].into_iter().chain(moved);
            taken.extend(numbers.map(|number| (number, port.protocol)));
        }
        let is_good = |number: &u16| {
            together.iter().all(|(port, _)| {
                let asked = PortRef {
                    number: *number,
                    host: port.host,
                    protocol: port.protocol,
                };
                let slot = (*number, port.protocol);
                !taken.contains(&slot) && can_have(&port.service, &port.key, asked) && !self.is_anothers(slot)
            })
        };
        let declared = now.declared();
        let later = (declared..=u16::MAX).skip(1);
        let number = later.chain(UNPRIVILEGED..declared).find(is_good)?;
        for (port, _) in together {
            moves.insert(id(port), number);
        }
        Some(number)
    }

    /// Writes down what it was given last, so that others leave it alone and it is the same the next time. `services` are
    /// all of the file. A file that made no sense is kept beside; its path is returned.
    pub(super) fn note(self, services: &[&str]) -> Result<Option<PathBuf>, Problem> {
        let Some(lock) = self.lock else { return Ok(None) };
        let given = self.given.into_inner();
        let mut ports = self.own;
        let before: BTreeMap<Id, Assigned> = ports
            .iter()
            .filter_map(|(id, own)| Some((id.clone(), own.auto?)))
            .collect();
        // Of a service whose ports could not be worked out this time, what was true before still is.
        ports.retain(|id, _| {
            services.contains(&id.service.as_str()) && !given.iter().any(|(port, _)| port.service == id.service)
        });
        for (port, given) in given {
            let before = before.get(&id(&port)).copied();
            let auto = match port.number {
                Number::Fixed(_) => None,
                Number::Set(_) => before,
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
            };
            ports.insert(id(&port), reservation);
        }
        let checkout = Checkout {
            checkout: self.asker.checkout.to_owned(),
            file: self.asker.file.to_owned(),
            project: self.asker.project,
            ports,
        };
        self.book.write(checkout, &lock)
    }
}

fn id(port: &Written) -> Id {
    Id::new(&port.service, &port.key)
}

fn slot((port, given): (&Written, &Given)) -> Slot {
    (given.number, port.protocol)
}

/// Is somebody there who is no process of this checkout?
fn is_held_by_others(fact: &PortFact, checkout: &Path) -> bool {
    let is_there = |state: OwnerlessState| match state {
        OwnerlessState::Listening | OwnerlessState::Bound | OwnerlessState::Connection => true,
        OwnerlessState::TimeWait { .. } => false,
    };
    let mut tags = fact.owners.iter().map(|owner| owner.tag.as_ref());
    tags.any(|tag| tag.is_none_or(|tag| tag.checkout != checkout))
        || fact.ownerless.iter().any(|socket| is_there(socket.state))
}

/// Where `auto` begins that says nothing of it: by its names, so that it is the same on every machine.
fn base(project: &str, port: &Written) -> u16 {
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

/// Below, a number needs privilege.
const UNPRIVILEGED: u16 = 1024;

fn no_number(port: &Written) -> Problem {
    Problem::new(format!("no number is left for the `auto` port of `{}`", port.service))
        .hint("give it a lower `base`")
        .exit(Exit::Usage)
}
