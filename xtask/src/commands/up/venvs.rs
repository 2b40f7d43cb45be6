//! Makes and fills the venvs with `sync = true`, unless something else prevents the start.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::preflight::{NotStarted, Preflight};
use crate::commands::long_wait::{during, looks_at};
use crate::commands::venv::marked::{MarkedEnd, sync_marked};
use crate::commands::watching;
use crate::diagnostic::{Exit, Level};
use crate::plan::{Plan, Venv};
use crate::preflight::duplicate::duplicates;
use crate::preflight::needs::needs;
use crate::supervise::timings::Prepared;
use crate::system::clock::wall;
use crate::system::observe;
use crate::system::runs::StateDir;
use crate::system::venvs::sync::{Syncer, is_in_order};

/// Those with `sync = true` that are not in order. After an interrupt the result must not be used.
pub(super) fn due(up: &Preflight<'_>, plan: &Plan) -> BTreeSet<PathBuf> {
    let marked = || plan.venvs().filter(|venv| venv.sync);
    let look = || up.venvs.at(marked(), &up.inbox.interrupt);
    let facts = during("looking at venvs", up.context, look);
    marked()
        .filter(|venv| !is_in_order(&plan.checkout, venv, &facts[&venv.path]))
        .map(|venv| venv.path.clone())
        .collect()
}

/// What a sync did.
#[derive(Debug, Default)]
pub(super) struct Synced {
    /// The venvs that had to be changed.
    pub(super) changed: BTreeSet<PathBuf>,
    /// From when to when, if there was something to do.
    during: Option<(Timestamp, Timestamp)>,
}

impl Synced {
    /// For the timings of an `up` that began then.
    pub(super) fn prepared(&self, began: Timestamp) -> Prepared {
        Prepared {
            began,
            venvs: self.during,
        }
    }
}

pub(super) fn sync(up: &Preflight<'_>, plan: &Plan, directory: &StateDir) -> Result<Synced, NotStarted> {
    let due = due(up, plan);
    up.check_interrupt()?;
    if due.is_empty() {
        return Ok(Synced::default());
    }
    let began = wall();
    check_the_rest(&Preflight { synced: &due, ..*up }, plan)?;
    let syncer = Syncer {
        checkout: &plan.checkout,
        notes: directory.venvs(),
        environment: &up.project.calling,
        looks: up.venvs,
        interrupt: &up.inbox.interrupt,
    };
    let venvs: Vec<&Venv> = plan.venvs().collect();
    match sync_marked(venvs, &syncer, up.context) {
        MarkedEnd::Done(changed) => Ok(Synced {
            changed,
            during: Some((began, wall())),
        }),
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

/// Nobody shall wait for an installation before a start that fails anyway. Ports are looked at afterwards, because
/// another program may take one meanwhile.
fn check_the_rest(up: &Preflight<'_>, plan: &Plan) -> Result<(), NotStarted> {
    let mut to_do = up.not_kept(plan);
    let twice = duplicates(&to_do);
    // A command that lies in such a venv cannot be there yet, also if its service does not name the venv.
    to_do.services.retain(|service| {
        let program = service.working_dir.join(&service.command.words[0]);
        service.venv.is_some() || !up.synced.iter().any(|venv| program.starts_with(venv))
    });
    let look = || observe::facts_without_ports(&to_do, up.venvs, &up.inbox.interrupt);
    let facts = during(looks_at(&to_do), up.context, look);
    up.check_interrupt()?;
    let findings = twice.into_iter().chain(needs(&to_do, &facts));
    let (failing, others): (Vec<_>, Vec<_>) = findings.partition(|finding| finding.level == Level::Fail);
    if failing.is_empty() {
        // The rest is told with what is found of the ports.
        return Ok(());
    }
    let warnings = others.iter().filter(|finding| finding.level == Level::Warn);
    warnings.chain(&failing).for_each(|finding| up.tell(finding));
    Err(up.blocked(Exit::worst(failing.iter().map(|finding| finding.exit))))
}
