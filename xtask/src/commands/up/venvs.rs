//! Makes and fills the venvs with `sync = true` before anything else is looked at.

use super::preflight::{NotStarted, Preflight};
use crate::commands::venv::marked::{MarkedEnd, sync_marked};
use crate::commands::watching;
use crate::diagnostic::Exit;
use crate::plan::{Plan, Venv};
use crate::system::runs::StateDir;
use crate::system::venvs::sync::Syncer;

pub(super) fn sync(up: &Preflight<'_>, plan: &Plan, directory: &StateDir) -> Result<(), NotStarted> {
    let syncer = Syncer {
        checkout: &plan.checkout,
        notes: directory.venvs(),
        environment: &up.project.calling,
        looks: up.venvs,
        interrupt: &up.inbox.interrupt,
    };
    let venvs: Vec<&Venv> = plan.venvs().collect();
    match sync_marked(venvs, &syncer, up.context) {
        MarkedEnd::Done => Ok(()),
        MarkedEnd::Failed(finding) => {
            up.tell(&finding);
            Err(up.blocked(Exit::Missing))
        }
        MarkedEnd::Interrupted(state) => {
            let state = format!("{state}, and nothing was started");
            Err(NotStarted::Exit(watching::interrupted(&state, up.context)))
        }
    }
}
