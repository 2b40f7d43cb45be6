//! [`Key`]: the description of one key.

use super::kind::Kind;

/// A key and the table that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// For example `services.NAME`; empty for the top level.
    pub(crate) table: &'static str,
    /// Capitals such as `NAME` stand for any name.
    pub(crate) name: &'static str,
    /// The type of the value.
    pub(crate) kind: Kind,
    /// The default value; empty if there is none.
    pub(crate) default: &'static str,
    /// `false`: reserved, but not supported by this release.
    pub(crate) supported: bool,
    /// The meaning, in one line.
    pub(crate) about: &'static str,
    /// Names of the same key in other tools.
    pub(crate) also: &'static [&'static str],
}

impl Key {
    pub(super) const fn of(mut self, table: &'static str) -> Self {
        self.table = table;
        self
    }

    pub(super) const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(super) const fn not_yet(mut self) -> Self {
        self.supported = false;
        self
    }

    pub(super) const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }
}

pub(super) const fn key(
    table: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Key {
    Key {
        table,
        name,
        kind,
        default,
        supported: true,
        about,
        also: &[],
    }
}
