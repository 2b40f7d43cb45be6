//! Byte offsets in a file → [`Place`]s: line, column in characters, and the source line.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Place;

/// The text of a file without its byte order mark, and the offsets of its lines.
pub(super) struct SourceText<'t> {
    file: Arc<PathBuf>,
    pub(super) text: &'t str,
    /// Byte offsets, ascending; the first is 0.
    lines: Vec<usize>,
}

impl<'t> SourceText<'t> {
    pub(super) fn new(file: &Path, text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        SourceText {
            file: Arc::new(file.to_path_buf()),
            text,
            lines: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The offset of the character that contains this byte.
    fn letter_at(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        (0..=byte).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    /// The place of the bytes `span`. If they cover several lines, it marks only the first.
    pub(super) fn place(&self, span: Range<usize>, table: &str) -> Place {
        let from = self.letter_at(span.start);
        let to = self.letter_at(span.end);
        let line = self.lines.partition_point(|start| *start <= from);
        let start = self.lines[line - 1];
        let source = self.text[start..].lines().next().unwrap_or_default();
        let end = to.min(start + source.len()).max(from);
        Place {
            file: Arc::clone(&self.file),
            line,
            column: self.text[start..from].chars().count() + 1,
            source: source.to_owned(),
            width: self.text[from..end].chars().count().max(1),
            table: if table.is_empty() {
                String::new()
            } else {
                format!("[{table}]")
            },
        }
    }
}
