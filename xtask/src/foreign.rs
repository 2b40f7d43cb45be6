//! What others chose to call themselves: text that is shown to the user but must not reach the terminal as it is.

mod escape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use escape::{command_line, shell_word, steers, visible};

/// A name, a path or the words of a command that another program or another user chose.
///
/// It prints escaped and can be compared. Whoever needs it as it is says so by [`Foreign::raw`]: to look something up, to
/// signal, to tell a program. In JSON it is as it is, for a program wants to find it again: the one serializer of reports
/// escapes what steers a terminal, and our own notes are not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Foreign<T = String>(T);

impl<T> Foreign<T> {
    /// As it is: not for people.
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

/// A line that a shell would read as these words.
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
