//! What `up --timings` shows when the start is over.

use std::path::PathBuf;

use jiff::Timestamp;

use super::UpRequest;
use super::reporter::UpReporter;
use crate::commands::Context;
use crate::commands::timings::{last, none, write_picture};
use crate::report::json;
use crate::report::timings::text;
use crate::supervise::timings::Timings;
use crate::system::clock::wall;

/// Shows the timings once.
#[derive(Debug, Clone)]
pub(super) struct TimingsRequest {
    /// The file for a picture.
    pub(super) picture: Option<PathBuf>,
    /// When `up` was called.
    pub(super) began: Timestamp,
}

impl UpReporter<'_> {
    /// If they are asked for and were not shown yet.
    pub(super) fn show_timings(&mut self) {
        let Some(request) = self.timings.take() else { return };
        // Another start may have ended meanwhile.
        let Some(timings) = last(&self.checkout).filter(|it| it.began == request.began) else {
            return self.screen.tell_problem(&none());
        };
        self.screen.event(&json::timings_event(wall(), &timings));
        let text = text(&timings, None, self.screen.paint());
        self.screen.say(&format!("\n{}", text.trim_end()));
        let written = request
            .picture
            .map(|path| write_picture(&timings, &self.project, &path));
        if let Some(Err(problem)) = written {
            self.screen.tell_problem(&problem);
        }
    }
}

/// The same on a running stack. If nothing was started, that is the start before.
pub(super) fn show_joined(request: &UpRequest, timings: Option<&Timings>, project: &str, context: &Context) {
    let Some(asked) = &request.timings else { return };
    let Some(timings) = timings else {
        context.fail(&[none()]);
        return;
    };
    if context.json {
        // If stdout is closed, the exit code still tells.
        let _ = context.print(&json::timings_event(wall(), timings));
    }
    let past = (timings.began != asked.began).then(wall);
    let text = text(timings, past, context.paint_stderr());
    context.say(&format!("\n{}", text.trim_end()));
    let written = asked.picture.as_ref().map(|path| write_picture(timings, project, path));
    if let Some(Err(problem)) = written {
        context.fail(&[problem]);
    }
}
