//! Numbers of `auto` ports: those of one checkout are kept together, and apart from those of others.

use super::{AreAvailable, DeclaredPort, Requirement};
use crate::config::Protocol;

/// Two ports cannot have the same slot.
pub(super) type Slot = (u16, Protocol);

/// An `auto` port without a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct AutoPort<'a> {
    pub(super) port: &'a DeclaredPort,
    pub(super) base: u16,
    /// The base is in the file: the main checkout uses it, even if it is held at the moment.
    pub(super) is_written: bool,
    /// Its earlier number, from the same base.
    pub(super) kept: Option<u16>,
}

/// The distance between two offsets.
const OFFSET_STEP: u16 = 10;

/// A number for each port: its base plus ten times the offset of the checkout.
///
/// Earlier numbers are kept. The other ports get the smallest offset at which all of them are free. A port that is
/// added later gets the offset of the checkout, or else the next free one. `fixed` are the other numbers of the file.
///
/// # Errors
/// The index of the first port for which no number below 65536 is left.
pub(super) fn numbers(
    autos: &[AutoPort],
    fixed: &[Slot],
    is_main: bool,
    are_available: &AreAvailable,
) -> Result<Vec<u16>, usize> {
    let mut given: Vec<Option<u16>> = Vec::new();
    let mut taken = fixed.to_vec();
    for auto in autos {
        let kept = auto.kept.filter(|&number| !taken.contains(&auto.slot(number)));
        taken.extend(kept.map(|number| auto.slot(number)));
        given.push(kept);
    }
    let offset = |(auto, number): (&AutoPort, &Option<u16>)| Some((*number)?.checked_sub(auto.base)? / OFFSET_STEP);
    let checkouts = autos.iter().zip(&given).find_map(offset);
    let first = checkouts.unwrap_or(u16::from(!is_main));
    let left: Vec<usize> = (0..autos.len()).filter(|&at| given[at].is_none()).collect();
    let search = OffsetSearch { autos, are_available };
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
            taken.extend(number.map(|number| autos[at].slot(number)));
            given[at] = number;
        }
    }
    let found = given.into_iter().enumerate();
    found.map(|(at, number)| number.ok_or(at)).collect()
}

impl AutoPort<'_> {
    fn slot(&self, number: u16) -> Slot {
        (number, self.port.protocol)
    }
}

struct OffsetSearch<'a> {
    autos: &'a [AutoPort<'a>],
    are_available: &'a AreAvailable<'a>,
}

impl OffsetSearch<'_> {
    /// Numbers for the ports `wanted`, all at the same offset.
    fn together(&self, wanted: &[usize], first: u16, taken: &[Slot]) -> Option<Vec<u16>> {
        let at_offset = |offset: u16| -> Option<Vec<u16>> {
            let number = |&at: &usize| self.autos[at].base.checked_add(offset.checked_mul(OFFSET_STEP)?);
            wanted.iter().map(number).collect()
        };
        let mut offsets = (first..).map_while(|offset| Some((offset, at_offset(offset)?)));
        let good = offsets.find(|(offset, numbers)| self.are_good(wanted, *offset, numbers, taken));
        good.map(|(_, numbers)| numbers)
    }

    fn are_good(&self, wanted: &[usize], offset: u16, numbers: &[u16], taken: &[Slot]) -> bool {
        let ports = || wanted.iter().map(|&at| &self.autos[at]).zip(numbers);
        let slots: Vec<Slot> = ports().map(|(auto, number)| auto.slot(*number)).collect();
        let is_new = |(at, slot): (usize, &Slot)| !taken.contains(slot) && !slots[..at].contains(slot);
        // The base is left to the main checkout, which may not have started yet.
        let is_base = |slot: &Slot| self.autos.iter().any(|auto| auto.slot(auto.base) == *slot);
        if !slots.iter().enumerate().all(is_new) || offset > 0 && slots.iter().any(is_base) {
            return false;
        }
        let (mut unreserved, mut unheld) = (Vec::new(), Vec::new());
        for (auto, number) in ports() {
            match offset == 0 && auto.is_written {
                true => unreserved.push((auto.port, *number)),
                false => unheld.push((auto.port, *number)),
            }
        }
        (self.are_available)(&unreserved, Requirement::Unreserved) && (self.are_available)(&unheld, Requirement::Unheld)
    }
}

#[cfg(test)]
mod tests;
