//! The audit log: one line of JSON for every signal sent to a process outside the current run.
//!
//! It records who stopped which process and why. A log that cannot be written is reported once and blocks nothing.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::os::{Signal, SignalError, append_private};
use crate::diagnostic::Diagnostic;
use crate::foreign::visible;
use crate::process::targets::Target;

/// The path of the log, and the author of the lines.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    by: String,
    has_failed: bool,
}

impl Audit {
    /// `by` names the sender, such as `cargo xtask up --on-conflict kill (pid 4300)`.
    pub(crate) fn new(path: PathBuf, by: String) -> Self {
        Audit {
            path,
            by,
            has_failed: false,
        }
    }

    /// Appends a line for one signal. Returns only the first problem with writing.
    pub(crate) fn note(
        &mut self,
        at: Timestamp,
        signal: Signal,
        target: &Target,
        why: &str,
        outcome: Result<(), SignalError>,
    ) -> Option<Diagnostic> {
        let outcome = match outcome {
            Ok(()) => "sent".to_owned(),
            Err(SignalError::Gone) => "gone".to_owned(),
            Err(SignalError::Denied) => "denied".to_owned(),
            Err(SignalError::Failed(number)) => format!("failed: os error {number}"),
            Err(SignalError::Impossible) => "not sent: Windows has no such signal for it".to_owned(),
            Err(SignalError::Unknown) => "not sent: the process could not be looked at".to_owned(),
        };
        let line = Line {
            at: format!("{at:.3}"),
            signal: signal.name(),
            pid: target.identity.pid,
            name: target.name.to_string(),
            user: target.user.as_ref().map(ToString::to_string),
            why: visible(why),
            outcome,
            by: visible(&self.by),
        };
        let mut text = serde_json::to_string(&line).expect("a struct of text and numbers is JSON");
        text.push('\n');
        let error = append_private(&self.path, text.as_bytes()).err()?;
        if std::mem::replace(&mut self.has_failed, true) {
            return None;
        }
        let path = self.path.display();
        Some(Diagnostic::new(format!("cannot write the audit log `{path}`: {error}")))
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    signal: &'static str,
    pid: u32,
    name: String,
    user: Option<String>,
    why: Cow<'a, str>,
    outcome: String,
    by: Cow<'a, str>,
}
