//! `venv list`: a table.

use std::path::Path;

use super::paint::Paint;
use super::table;
use crate::diagnostic::{Code, Level};
use crate::foreign::visible;
use crate::plan::Venv;
use crate::ports::Finding;
use crate::preflight::VenvState;

/// A venv, and what a look at it has found.
pub(crate) struct VenvRow {
    pub(crate) venv: Venv,
    pub(crate) state: VenvState,
    /// The services and tasks that run in it.
    pub(crate) services: Vec<String>,
    pub(crate) trouble: Option<Finding>,
}

impl VenvRow {
    /// Nothing in it keeps a service from starting.
    pub(crate) fn is_fine(&self) -> bool {
        self.trouble.as_ref().is_none_or(|trouble| trouble.level != Level::Fail)
    }

    /// Its state in a word, as in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self.trouble.as_ref().map(|trouble| (trouble.code, trouble.level)) {
            None => "ok",
            Some((_, Level::Unknown)) => "unknown",
            Some((Code::VenvMissing, _)) => "missing",
            Some((Code::VenvMoved, _)) => "moved",
            Some((Code::VenvPythonVersion, _)) => "wrong_version",
            Some((Code::VenvRequirements, _)) => "incomplete",
            Some(_) => "broken",
        }
    }

    pub(crate) fn python(&self) -> Option<String> {
        self.state.version()
    }
}

pub(crate) fn table(rows: &[VenvRow], checkout: &Path, paint: Paint) -> String {
    let headings = ["NAME", "PATH", "PYTHON", "STATE", "SERVICES"]
        .map(str::to_owned)
        .to_vec();
    let cells = |row: &VenvRow| {
        let path = row.venv.path.strip_prefix(checkout).unwrap_or(&row.venv.path);
        let none = || "-".to_owned();
        vec![
            row.venv.name.clone().unwrap_or_else(none),
            visible(&path.to_string_lossy()).into_owned(),
            row.python().unwrap_or_else(none),
            row.word().replace('_', " "),
            match row.services.is_empty() {
                true => none(),
                false => row.services.join(" "),
            },
        ]
    };
    let table: Vec<_> = std::iter::once(headings).chain(rows.iter().map(cells)).collect();
    table::table(
        &table,
        &table::widths(&table),
        paint,
        |row, column, cell| match column {
            0 => paint.bold(&cell),
            3 if rows[row].trouble.is_none() => paint.good(&cell),
            3 if rows[row].is_fine() => paint.warn(&cell),
            3 => paint.bad(&cell),
            _ => cell,
        },
    )
}
