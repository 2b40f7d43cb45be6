//! The operating system whose commands a hint contains.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::foreign::windows_word;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Platform {
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    /// The system this was built for. An unknown one counts as Linux, whose commands it most likely has.
    pub(crate) fn here() -> Self {
        match std::env::consts::OS {
            "windows" => Platform::Windows,
            "macos" => Platform::MacOs,
            _ => Platform::Linux,
        }
    }

    /// One word as it is typed in a shell of this system.
    pub(crate) fn word(self, word: &str) -> Cow<'_, str> {
        match self {
            Platform::Windows => windows_word(word),
            Platform::Linux | Platform::MacOs => shell_words::quote(word),
        }
    }
}
