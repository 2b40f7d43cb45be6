//! The keys of `[export]`.

use super::EXPORT;
use super::key::{Key, key};

pub(super) const KEYS: &[Key] = &[
    key(
        EXPORT,
        "root",
        "absolute path",
        "this directory",
        "the project's directory on the machine where the stack will run",
    )
    .also(&["dir", "directory", "path"]),
    key(
        EXPORT,
        "user",
        "string",
        "whoever starts them",
        "the user whose processes the services are there; root for the systemd of the machine, if it is not set",
    ),
];
