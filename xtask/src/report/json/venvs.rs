//! `venv list`, `venv check` and `venv sync`.

use std::path::Path;

use serde::Serialize;

use super::{Finding, finding};
use crate::report::venvs::VenvRow;

#[derive(Serialize)]
pub(crate) struct Venvs<'a> {
    pub(crate) schema_version: u32,
    pub(crate) project: &'a str,
    pub(crate) checkout: &'a Path,
    /// No venv is missing, broken or incomplete.
    pub(crate) ok: bool,
    pub(crate) venvs: Vec<VenvDocument<'a>>,
}

/// `venv sync --dry-run`.
#[derive(Serialize)]
pub(crate) struct VenvPreview<'a> {
    pub(crate) schema_version: u32,
    pub(crate) project: &'a str,
    pub(crate) checkout: &'a Path,
    pub(crate) venvs: Vec<VenvCommands<'a>>,
}

#[derive(Serialize)]
pub(crate) struct VenvCommands<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) path: &'a Path,
    /// `None` if it cannot be synced.
    pub(crate) commands: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(crate) struct VenvDocument<'a> {
    /// `None` if a service has found it.
    name: Option<&'a str>,
    path: String,
    /// The version; `None` if its interpreter does not run.
    python: Option<String>,
    /// `ok`, `missing`, `broken`, `moved`, `wrong_version`, `incomplete` or `unknown`.
    state: &'static str,
    services: &'a [String],
    /// Whether `up` makes and fills it.
    sync: bool,
    findings: Vec<Finding>,
}

impl<'a> VenvDocument<'a> {
    pub(crate) fn new(row: &'a VenvRow, program: &str) -> Self {
        VenvDocument {
            name: row.venv.name.as_deref(),
            path: row.venv.path.to_string_lossy().into_owned(),
            python: row.python(),
            state: row.word(),
            services: &row.services,
            sync: row.venv.sync,
            findings: row.trouble.iter().map(|trouble| finding(trouble, program)).collect(),
        }
    }
}
