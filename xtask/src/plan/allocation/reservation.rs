//! What the registry stores for one port, so that it gets the same number next time.

use serde::{Deserialize, Serialize};

use crate::config::Protocol;

/// A port of a service. In the registry it is `SERVICE.KEY`; names contain no dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct PortId {
    pub(crate) service: String,
    pub(crate) key: String,
}

impl PortId {
    pub(crate) fn new(service: &str, key: &str) -> Self {
        PortId {
            service: service.to_owned(),
            key: key.to_owned(),
        }
    }
}

impl From<String> for PortId {
    fn from(text: String) -> Self {
        let (service, key) = text.split_once('.').unwrap_or((&text, ""));
        PortId::new(service, key)
    }
}

impl From<PortId> for String {
    fn from(PortId { service, key }: PortId) -> Self {
        format!("{service}.{key}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// Its last number.
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    /// Its `auto` number, even while the port has another one.
    pub(crate) auto: Option<AutoNumber>,
    /// The number that was taken when the port was reassigned.
    pub(crate) instead_of: Option<u16>,
    /// The earlier move of a port whose number is set for this call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Move>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AutoNumber {
    pub(crate) base: u16,
    pub(crate) number: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Move {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

impl Reservation {
    /// The number it has moved to, if `declared` is its number in the file.
    pub(super) fn moved_from(&self, declared: u16) -> Option<u16> {
        let moves = self.own_move().into_iter().chain(self.kept);
        moves.filter(|it| it.from == declared).map(|it| it.to).next()
    }

    /// The move that is remembered while the number is set for a call.
    pub(super) fn remembered(&self) -> Option<Move> {
        self.kept.or_else(|| self.own_move())
    }

    /// Whether it keeps this number, for now or for later.
    pub(crate) fn has(&self, number: u16) -> bool {
        let later = [self.auto.map(|auto| auto.number), self.kept.map(|kept| kept.to)];
        self.number == number || later.contains(&Some(number))
    }

    fn own_move(&self) -> Option<Move> {
        let to = self.number;
        self.instead_of.map(|from| Move { from, to })
    }
}
