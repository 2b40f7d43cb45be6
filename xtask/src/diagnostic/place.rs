//! Positions in files that the user wrote.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A position in a file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Relative to the project directory if possible.
    pub(crate) file: Arc<PathBuf>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text of the line, without its line break.
    pub(crate) source: String,
    /// Number of characters to underline from `column` on; at least 1.
    pub(crate) width: usize,
    /// The table that contains the position, such as `[services.backend]`; empty outside a table.
    pub(crate) table: String,
}
