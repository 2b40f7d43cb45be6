//! `export`.

use std::path::PathBuf;

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::export::{Exported, Loss, Target};

#[derive(Serialize)]
pub(crate) struct ExportDocument<'a> {
    schema_version: u32,
    target: &'static str,
    files: Vec<&'a str>,
    losses: Vec<LossDocument<'a>>,
    /// The files that are not as they would be written; `None` without `--check`.
    differ: Option<&'a [PathBuf]>,
}

#[derive(Serialize)]
struct LossDocument<'a> {
    service: Option<&'a str>,
    key: &'static str,
    message: &'a str,
    substitute: Option<&'a str>,
}

pub(crate) fn exported<'a>(
    target: Target,
    exported: &'a Exported,
    differ: Option<&'a [PathBuf]>,
) -> ExportDocument<'a> {
    ExportDocument {
        schema_version: SCHEMA_VERSION,
        target: target.name(),
        files: exported.files.iter().map(|file| file.name.as_str()).collect(),
        losses: exported.losses.iter().map(loss).collect(),
        differ,
    }
}

fn loss(loss: &Loss) -> LossDocument<'_> {
    LossDocument {
        service: loss.service.as_deref(),
        key: loss.key,
        message: &loss.message,
        substitute: loss.substitute.as_deref(),
    }
}
