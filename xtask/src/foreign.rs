//! Names chosen by other programs or users. They are shown, but must not reach the terminal unescaped.

mod escape;

/// The byte at which the character begins that `byte` is part of; the end of the text, if `byte` lies behind it.
pub(crate) fn char_start(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    (0..=byte).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use escape::{command_line, shell_word, steers, visible, windows_word};

/// A name, path or command line chosen by another program or another user.
///
/// `Display` escapes it; comparisons use the original. Use [`Foreign::raw`] to look something up, to send a signal or
/// to call a program. JSON contains the original, so that a program can find the thing again: the serializer of reports
/// escapes control characters, and our own files are not displayed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Foreign<T = String>(T);

impl<T> Foreign<T> {
    /// The original text; do not print it.
    pub(crate) fn raw(&self) -> &T {
        &self.0
    }
}

impl fmt::Display for Foreign<String> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&visible(&self.0))
    }
}

impl fmt::Display for Foreign<PathBuf> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&visible(&self.0.to_string_lossy()))
    }
}

/// A command line that a shell splits into these words.
impl fmt::Display for Foreign<Vec<String>> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&command_line(&self.0))
    }
}

impl From<String> for Foreign<String> {
    fn from(raw: String) -> Self {
        Foreign(raw)
    }
}

impl From<&str> for Foreign<String> {
    fn from(raw: &str) -> Self {
        Foreign(raw.to_owned())
    }
}

impl From<PathBuf> for Foreign<PathBuf> {
    fn from(raw: PathBuf) -> Self {
        Foreign(raw)
    }
}

impl From<Vec<String>> for Foreign<Vec<String>> {
    fn from(raw: Vec<String>) -> Self {
        Foreign(raw)
    }
}

impl From<&Path> for Foreign<PathBuf> {
    fn from(raw: &Path) -> Self {
        Foreign(raw.to_owned())
    }
}

impl PartialEq<str> for Foreign<String> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Foreign<String> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for Foreign<String> {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<Foreign<String>> for String {
    fn eq(&self, other: &Foreign<String>) -> bool {
        *self == other.0
    }
}

impl PartialEq<Foreign<String>> for &str {
    fn eq(&self, other: &Foreign<String>) -> bool {
        *self == other.0
    }
}

impl PartialEq<Path> for Foreign<PathBuf> {
    fn eq(&self, other: &Path) -> bool {
        self.0 == other
    }
}

impl PartialEq<&Path> for Foreign<PathBuf> {
    fn eq(&self, other: &&Path) -> bool {
        self.0 == *other
    }
}

impl PartialEq<PathBuf> for Foreign<PathBuf> {
    fn eq(&self, other: &PathBuf) -> bool {
        self.0 == *other
    }
}
