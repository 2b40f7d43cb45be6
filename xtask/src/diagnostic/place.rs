//! Positions in files that the user wrote.

use std::path::{Path, PathBuf};
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

impl Place {
    /// The directory from which the paths of a hint are seen. Where the user stands elsewhere than in the project's
    /// directory, the file is named by its whole path, and so is everything else: a command of a hint can be typed as it
    /// is printed.
    pub(crate) fn seen_from<'p>(&self, project: &'p Path) -> &'p Path {
        match self.file.is_absolute() {
            true => Path::new(""),
            false => project,
        }
    }

    /// The first `${…}` within it that begins with `start`, a name or the path of a service; the whole place if there
    /// is none.
    pub(crate) fn variable(&self, start: &str) -> Place {
        let marked: String = self.source.chars().skip(self.column - 1).take(self.width).collect();
        let start = format!("${{{start}");
        let ends = |at: usize| !marked[at + start.len()..].starts_with(|it: char| it.is_alphanumeric() || it == '_');
        let Some(from) = marked.match_indices(&start).map(|(at, _)| at).find(|at| ends(*at)) else {
            return self.clone();
        };
        let to = marked[from..]
            .find('}')
            .map_or(from + start.len(), |end| from + end + 1);
        Place {
            column: self.column + marked[..from].chars().count(),
            width: marked[from..to].chars().count(),
            ..self.clone()
        }
    }
}
