//! What crosses the socket while a client is attached to a service.

#[cfg(test)]
mod tests;

use std::char::TryFromCharError;

use serde::{Deserialize, Serialize};

/// What is typed or written, byte for byte.
///
/// In JSON, each byte is the character with its number. So text stays readable, and no encoding of its own is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> String {
        bytes.0.into_iter().map(char::from).collect()
    }
}

impl TryFrom<String> for Bytes {
    type Error = TryFromCharError;

    fn try_from(text: String) -> Result<Bytes, TryFromCharError> {
        text.chars().map(u8::try_from).collect::<Result<_, _>>().map(Bytes)
    }
}

/// What an attached client sends, one document a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Input {
    Typed(Bytes),
    /// Its terminal has this size now.
    Resized(Size),
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}
