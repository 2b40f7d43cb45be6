//! The timings of the last start of a checkout: a file of its state directory, which outlives the run.

use std::fs;

use crate::supervise::timings::Timings;
use crate::system::new_file::{self, Readers};
use crate::system::runs::StateDir;

/// A full disk shall not keep a stack from running: then the file stays as it was.
pub(crate) fn note(directory: &StateDir, timings: &Timings) {
    let text = serde_json::to_string(timings).expect("timings are plain data");
    let _ = new_file::replace(&directory.timings(), &text, Readers::Owner);
}

/// `None` if nothing was started yet, or by another version.
pub(crate) fn last(directory: &StateDir) -> Option<Timings> {
    let text = fs::read(directory.timings()).ok()?;
    serde_json::from_slice(&text).ok()
}
