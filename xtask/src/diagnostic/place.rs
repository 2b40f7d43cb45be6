//! Where something was written.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A spot in a file the user wrote. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// As the user would name it: relative to the project's directory where possible.
    pub(crate) file: Arc<PathBuf>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text of that line, without its end.
    pub(crate) source: String,
    /// How many characters from `column` on are meant; at least 1.
    pub(crate) width: usize,
    /// The table it stands in, such as `[services.backend]`; empty where there is none.
    pub(crate) table: String,
}
