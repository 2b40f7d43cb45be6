//! [`Key`]: what there is to know of one.

/// A key and where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// `services.NAME`; empty for the top of the file.
    pub(crate) table: &'static str,
    /// Capitals, such as `NAME`, stand for any name.
    pub(crate) name: &'static str,
    /// What may be written.
    pub(crate) kind: &'static str,
    /// What holds without it; empty where that is nothing.
    pub(crate) default: &'static str,
    /// `false`: known, but not understood by this release.
    pub(crate) supported: bool,
    /// In one line.
    pub(crate) about: &'static str,
    /// What other tools call it.
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
    kind: &'static str,
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
