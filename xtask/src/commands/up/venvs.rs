//! Makes and fills the venvs with `sync = true` before anything else is looked at.

use super::preflight::{NotStarted, Preflight};
use crate::commands::venv::progress::SyncProgress;
use crate::commands::watching;
use crate::diagnostic::{Code, Exit, Level};
use crate::plan::{Plan, Venv};
use crate::ports::Subject;
use crate::system::runs::StateDir;
use crate::system::venvs::sync::{SyncEnd, Syncer};

/// Stops at the first that fails: nothing could start.
pub(super) fn sync(up: &Preflight<'_>, plan: &Plan, directory: &StateDir) -> Result<(), NotStarted> {
    let mut venvs: Vec<&Venv> = plan.venvs().filter(|venv| venv.sync).collect();
    venvs.sort_by_key(|venv| &venv.path);
    venvs.dedup_by_key(|venv| &venv.path);
    let syncer = Syncer {
        checkout: &plan.checkout,
        notes: directory.venvs(),
        environment: &up.project.calling,
        looks: up.venvs,
        interrupt: &up.inbox.interrupt,
    };
    // All together, also those that are only checked.
    let facts = up.venvs.at(plan.venvs(), &up.inbox.interrupt);
    for venv in venvs {
        let needs_nothing = facts.get(&venv.path).is_some_and(|fact| syncer.is_in_order(venv, fact));
        if needs_nothing {
            continue;
        }
        up.check_interrupt()?;
        let name = venv.name.as_deref().unwrap_or_default();
        match SyncProgress::new(name, up.context).follow(&syncer, venv) {
            SyncEnd::Unchanged(_) | SyncEnd::Changed(_) => {}
            SyncEnd::Failed(failure) => {
                let mut finding = failure.problem.level(Level::Fail).exit(Exit::Missing);
                if finding.code == Code::Config {
                    finding = finding.code(Code::VenvRequirements).at(&venv.place);
                }
                up.tell(&finding.about(Subject::default()));
                return Err(up.blocked(Exit::Missing));
            }
            SyncEnd::Interrupted { state } => {
                let state = format!("{state}, and nothing was started");
                return Err(NotStarted::Exit(watching::interrupted(&state, up.context)));
            }
        }
    }
    Ok(())
}
