//! TOML's tables and values with the keys that lead to them and their places.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the file.
pub(super) struct Table<'t> {
    /// `services.api`; empty for the whole file.
    pub(super) path: String,
    entries: &'t DeTable<'t>,
}

/// A value, the key it was given to, and where both stand. The elements of a list keep the list's key.
#[derive(Clone)]
pub(super) struct Item<'t> {
    /// The path of the table it stands in.
    pub(super) table: String,
    pub(super) key: &'t str,
    pub(super) key_span: Range<usize>,
    pub(super) span: Range<usize>,
    pub(super) value: &'t DeValue<'t>,
}

/// A place to be: which bytes, in which table.
pub(super) struct Spot {
    pub(super) span: Range<usize>,
    pub(super) table: String,
}

impl<'t> Table<'t> {
    pub(super) fn root(entries: &'t DeTable<'t>) -> Self {
        Table {
            path: String::new(),
            entries,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Item<'t>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.item(key, value))
    }

    /// In the order of the file.
    pub(super) fn items(&self) -> Vec<Item<'t>> {
        let mut items: Vec<_> = self.entries.iter().map(|(key, value)| self.item(key, value)).collect();
        items.sort_by_key(|item| item.key_span.start);
        items
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.items().iter().map(|item| item.key.to_owned()).collect()
    }

    fn item(&self, key: &'t Spanned<Cow<'t, str>>, value: &'t Spanned<DeValue<'t>>) -> Item<'t> {
        Item {
            table: self.path.clone(),
            key: key.get_ref(),
            key_span: key.span(),
            span: value.span(),
            value: value.get_ref(),
        }
    }
}

impl<'t> Item<'t> {
    pub(super) fn as_table(&self) -> Option<Table<'t>> {
        Some(Table {
            path: self.path(),
            entries: self.value.as_table()?,
        })
    }

    /// The elements, where it is a list.
    pub(super) fn elements(&self) -> Option<Vec<Item<'t>>> {
        let element = |value: &'t Spanned<DeValue<'t>>| Item {
            span: value.span(),
            value: value.get_ref(),
            ..self.clone()
        };
        Some(self.value.as_array()?.iter().map(element).collect())
    }

    pub(super) fn at_key(&self) -> Spot {
        Spot {
            span: self.key_span.clone(),
            table: self.table.clone(),
        }
    }

    pub(super) fn at_value(&self) -> Spot {
        Spot {
            span: self.span.clone(),
            table: self.table.clone(),
        }
    }

    /// A table's own place: its key, within the table itself.
    pub(super) fn head(&self) -> Spot {
        Spot {
            span: self.key_span.clone(),
            table: self.path(),
        }
    }

    fn path(&self) -> String {
        if self.table.is_empty() {
            self.key.to_owned()
        } else {
            format!("{}.{}", self.table, self.key)
        }
    }
}
