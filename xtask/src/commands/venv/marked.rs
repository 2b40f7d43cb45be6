//! The venvs with `sync = true`: made and filled before something runs in them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::progress::SyncProgress;
use crate::commands::Context;
use crate::commands::long_wait::during;
use crate::diagnostic::{Code, Exit, Level};
use crate::plan::Venv;
use crate::ports::{Finding, Subject};
use crate::system::venvs::sync::{SyncEnd, Syncer, is_in_order};

pub(crate) enum MarkedEnd {
    /// All are in order; these had to be changed.
    Done(BTreeSet<PathBuf>),
    Failed(Finding),
    /// What it leaves, such as `nothing was changed`.
    Interrupted(String),
}

/// Stops at the first that fails: nothing could start.
pub(crate) fn sync_marked<'v>(
    venvs: impl IntoIterator<Item = &'v Venv> + Clone,
    syncer: &Syncer<'_>,
    context: &Context,
) -> MarkedEnd {
    let mut marked: Vec<&Venv> = venvs.clone().into_iter().filter(|venv| venv.sync).collect();
    marked.sort_by_key(|venv| &venv.path);
    marked.dedup_by_key(|venv| &venv.path);
    let mut changed = BTreeSet::new();
    // All together, also those that are only checked.
    let look = || syncer.looks.at(venvs, syncer.interrupt);
    let facts = during("looking at venvs", context, look);
    for venv in marked {
        let fact = facts.get(&venv.path);
        let needs_nothing = fact.is_some_and(|fact| is_in_order(syncer.checkout, venv, fact));
        if needs_nothing {
            continue;
        }
        if syncer.interrupt.was_heard() {
            return MarkedEnd::Interrupted("nothing was changed".to_owned());
        }
        let name = venv.name.as_deref().unwrap_or_default();
        match SyncProgress::new(name, context).follow(syncer, venv) {
            SyncEnd::Unchanged(_) => {}
            SyncEnd::Changed(_) => {
                changed.insert(venv.path.clone());
            }
            SyncEnd::Failed(failure) => {
                let mut finding = failure.problem.level(Level::Fail).exit(Exit::Missing);
                if finding.code == Code::Config {
                    finding = finding.code(Code::VenvRequirements).at(&venv.place);
                }
                return MarkedEnd::Failed(finding.about(Subject::default()));
            }
            SyncEnd::Interrupted { state } => return MarkedEnd::Interrupted(state),
        }
    }
    MarkedEnd::Done(changed)
}
