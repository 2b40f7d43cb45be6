//! `venv list` and `venv check`.

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
