//! Shared by the tests of all targets.

use std::sync::Arc;

use super::{LineBlock, LineSource};
use crate::run::logs::Stream;

pub(super) fn source() -> LineSource {
    LineSource {
        project: "my \"shop\"".to_owned(),
        run: "1a-2b".to_owned(),
        host: "box".to_owned(),
    }
}

/// Lines that were read together.
pub(super) fn block(service: &Arc<str>, pid: u32, stream: Stream, lines: &[u8]) -> LineBlock {
    LineBlock {
        at: "2026-11-23T08:00:00.123456789Z".parse().expect("it is a time"),
        service: Arc::clone(service),
        stream,
        pid,
        text: lines.into(),
        n_lines: lines.iter().filter(|byte| **byte == b'\n').count() as u64,
    }
}
