//! A pid file that an earlier server left: some servers refuse to start while it is there.

use std::path::PathBuf;

use crate::diagnostic::{Code, Diagnostic, Exit, Level};
use crate::foreign::Foreign;
use crate::plan::{Plan, Service};
use crate::ports::{Finding, Subject};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StalePidfile {
    pub(crate) path: PathBuf,
    pub(crate) pid: u32,
    /// The name of the process that has this pid now; `None` if there is none.
    pub(crate) taken_by: Option<Foreign>,
}

pub(crate) fn stale_pidfile(plan: &Plan, service: &Service, stale: &StalePidfile) -> Finding {
    let path = stale.path.strip_prefix(&plan.checkout).unwrap_or(&stale.path).display();
    let pid = stale.pid;
    let why = match &stale.taken_by {
        None => format!("there is no process {pid}"),
        Some(name) => format!("process {pid} is now `{name}`, which started later"),
    };
    Diagnostic::new(format!(
        "pid file `{path}` is stale: {why}; it is removed before the start"
    ))
    .code(Code::PidfileStale)
    .level(Level::Warn)
    .exit(Exit::Done)
    .at(&service.place)
    .about(Subject::service(&service.name))
}
