//! TOML tables and values, with their keys and positions.

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

/// A value with its key and the positions of both. Elements of a list have the key of the list.
#[derive(Clone)]
pub(super) struct Item<'t> {
    /// The path of the table that contains it.
    pub(super) table: String,
    pub(super) key: &'t str,
    pub(super) key_span: Range<usize>,
    pub(super) span: Range<usize>,
    pub(super) value: &'t DeValue<'t>,
}

/// A position: a byte range and the table that contains it.
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

    /// The entries in file order.
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

    /// The elements of a list; `None` for other values.
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

    /// The position of a table's key, as part of that table itself.
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
