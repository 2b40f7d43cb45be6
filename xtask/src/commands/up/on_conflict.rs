//! The argument of `--on-conflict`.

use crate::plan::OnConflict;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum ConflictArg {
    Ask,
    Fail,
    Kill,
    Next,
}

impl From<ConflictArg> for OnConflict {
    fn from(conflict: ConflictArg) -> Self {
        match conflict {
            ConflictArg::Ask => OnConflict::Ask,
            ConflictArg::Fail => OnConflict::Fail,
            ConflictArg::Kill => OnConflict::Kill,
            ConflictArg::Next => OnConflict::Next,
        }
    }
}
