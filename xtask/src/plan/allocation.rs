//! Numbers for `auto` ports: those of one checkout keep together, and away from those of others.
//!
//! What others have is told by `run::reservations`; see docs/design/ports.md, "Port numbers".

use std::net::IpAddr;

use super::{Origin, Protocol};

/// A port of the file, before its number is settled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DeclaredPort {
    pub(crate) service: String,
    pub(crate) key: String,
    pub(crate) protocol: Protocol,
    pub(crate) host: Option<IpAddr>,
    pub(crate) variable: Option<String>,
    pub(crate) number: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Fixed(u16),
    Auto {
        base: Option<u16>,
    },
    /// Whoever calls has set its variable.
    Set(u16),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllocatedPort {
    pub(crate) number: u16,
    pub(crate) origin: Origin,
}

impl AllocatedPort {
    /// The number that it has or, where that was taken, should have.
    pub(crate) fn declared(&self) -> u16 {
        match self.origin {
            Origin::Declared | Origin::Auto => self.number,
            Origin::Moved { from } => from,
        }
    }
}

/// The numbers as far as the file tells them, without a look at the checkout.
pub(crate) fn as_written(ports: &[DeclaredPort]) -> Vec<AllocatedPort> {
    let given = |port: &DeclaredPort| {
        let (number, origin) = match port.number {
            Number::Fixed(number) | Number::Set(number) => (number, Origin::Declared),
            Number::Auto { base } => (base.unwrap_or_default(), Origin::Auto),
        };
        AllocatedPort { number, origin }
    };
    ports.iter().map(given).collect()
}

/// What two cannot have at once.
pub(crate) type Slot = (u16, Protocol);

/// An `auto` port that waits for its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Auto {
    pub(crate) base: u16,
    /// The base stands in the file: there the main checkout wants to be, whoever has it at the moment.
    pub(crate) is_written: bool,
    pub(crate) protocol: Protocol,
    /// What it had before, from the same base.
    pub(crate) kept: Option<u16>,
}

/// What there is beside the file.
pub(crate) struct AllocationContext<'a> {
    /// The main checkout of a repository, or the only one.
    pub(crate) is_main: bool,
    /// Does another checkout have it?
    pub(crate) is_reserved: &'a dyn Fn(Slot) -> bool,
    /// Does somebody hold one of them who is none of ours?
    pub(crate) is_held: &'a dyn Fn(&[Slot]) -> bool,
}

/// From one offset to the next.
const OFFSET_STEP: u16 = 10;

/// A number for each: its base and ten times the checkout's offset.
///
/// What was given before stays. The others get the smallest offset at which all of them are free together, and a later
/// one that of the checkout, or the next for itself. `fixed` are the other numbers of the file.
///
/// # Errors
/// The first that has no number left below 65536.
pub(crate) fn numbers(autos: &[Auto], fixed: &[Slot], around: &AllocationContext) -> Result<Vec<u16>, usize> {
    let mut given: Vec<Option<u16>> = Vec::new();
    let mut taken = fixed.to_vec();
    for auto in autos {
        let kept = auto.kept.filter(|&number| !taken.contains(&(number, auto.protocol)));
        taken.extend(kept.map(|number| (number, auto.protocol)));
        given.push(kept);
    }
    let offset = |(auto, number): (&Auto, &Option<u16>)| Some((*number)?.checked_sub(auto.base)? / OFFSET_STEP);
    let checkouts = autos.iter().zip(&given).find_map(offset);
    let first = checkouts.unwrap_or(u16::from(!around.is_main));
    let left: Vec<usize> = (0..autos.len()).filter(|&at| given[at].is_none()).collect();
    let search = OffsetSearch { autos, around };
    if checkouts.is_none()
        && let Some(numbers) = search.together(&left, first, &taken)
    {
        left.iter()
            .zip(numbers)
            .for_each(|(&at, number)| given[at] = Some(number));
    }
    for at in left {
        if given[at].is_none() {
            let number = search.together(&[at], first, &taken).map(|numbers| numbers[0]);
            taken.extend(number.map(|number| (number, autos[at].protocol)));
            given[at] = number;
        }
    }
    let found = given.into_iter().enumerate();
    found.map(|(at, number)| number.ok_or(at)).collect()
}

struct OffsetSearch<'a> {
    autos: &'a [Auto],
    around: &'a AllocationContext<'a>,
}

impl OffsetSearch<'_> {
    /// Those `wanted`, all at the same offset.
    fn together(&self, wanted: &[usize], first: u16, taken: &[Slot]) -> Option<Vec<u16>> {
        let at_offset = |offset: u16| -> Option<Vec<Slot>> {
            let slot = |&at: &usize| {
                let Auto { base, protocol, .. } = self.autos[at];
                Some((base.checked_add(offset.checked_mul(OFFSET_STEP)?)?, protocol))
            };
            wanted.iter().map(slot).collect()
        };
        let offsets = (first..).map_while(|offset| Some((offset, at_offset(offset)?)));
        let mut good = offsets.filter(|(offset, slots)| self.are_good(wanted, *offset, slots, taken));
        good.next().map(|(_, slots)| slots.iter().map(|slot| slot.0).collect())
    }

    fn are_good(&self, wanted: &[usize], offset: u16, slots: &[Slot], taken: &[Slot]) -> bool {
        let is_new = |(at, slot): (usize, &Slot)| !taken.contains(slot) && !slots[..at].contains(slot);
        // The main checkout may not have begun yet.
        let is_base = |slot: &Slot| self.autos.iter().any(|auto| (auto.base, auto.protocol) == *slot);
        if !slots.iter().enumerate().all(is_new)
            || offset > 0 && slots.iter().any(is_base)
            || slots.iter().any(|slot| (self.around.is_reserved)(*slot))
        {
            return false;
        }
        let may_be_held = |at: &usize| offset == 0 && self.autos[*at].is_written;
        let asked = wanted.iter().zip(slots).filter(|(at, _)| !may_be_held(at));
        let asked: Vec<Slot> = asked.map(|(_, slot)| *slot).collect();
        asked.is_empty() || !(self.around.is_held)(&asked)
    }
}

#[cfg(test)]
mod tests;
