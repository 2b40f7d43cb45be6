//! What an `up` noted before it was known whether anything can be started.

use super::reservation_file::{Checkout, RegistryLock, ReservationFile};
use crate::diagnostic::Diagnostic;

/// What was noted of a checkout, and what was before.
#[derive(Debug)]
pub(crate) struct ReservationUndo {
    before: Option<Checkout>,
    now: Checkout,
}

impl ReservationUndo {
    /// Of several changes the first knows what was before.
    pub(super) fn follow(change: &mut Option<ReservationUndo>, before: Option<Checkout>, now: Checkout) {
        let before = match change.take() {
            Some(change) => change.before,
            None => before,
        };
        *change = Some(ReservationUndo { before, now });
    }

    /// As if it had not been made, unless somebody has made another one meanwhile.
    pub(crate) fn take_back(self) -> Result<(), Diagnostic> {
        let lock = RegistryLock::wait()?;
        let book = ReservationFile::read()?;
        let path = &self.now.checkout;
        if book.of(path) == Some(&self.now) {
            book.write(path, self.before, &lock)?;
        }
        Ok(())
    }
}
