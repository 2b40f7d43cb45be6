//! The address of `[project] metrics`, its variables filled in.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::PlanInputs;
use super::env_files::ProjectFiles;
use crate::config::{Config, metrics_address};
use crate::diagnostic::{Diagnostic, Exit};

/// Only variables of the project are known.
///
/// # Errors
/// A variable is missing, or what comes out is no address.
pub(super) fn address(
    config: &Config,
    files: &ProjectFiles,
    outside: &PlanInputs,
) -> Result<Option<SocketAddr>, Vec<Diagnostic>> {
    let Some(template) = &config.project.metrics else {
        return Ok(None);
    };
    let nothing = BTreeMap::new();
    let scope = files.scope(outside, &nothing);
    let text = scope.fill(template)?;
    let problem = |problem: Diagnostic| vec![problem.at(&template.place).exit(Exit::Usage)];
    metrics_address::parse(&text).map(Some).map_err(problem)
}
