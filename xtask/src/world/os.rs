//! The one switch between operating systems: every other module sees the same functions.
//!
//! Linux is complete. Where another system lacks a piece, its function answers "not supported yet", never a guess.

pub(crate) mod parse;

#[cfg(target_os = "linux")]
#[path = "os/linux.rs"]
mod imp;
#[cfg(target_os = "macos")]
#[path = "os/macos.rs"]
mod imp;
#[cfg(windows)]
#[path = "os/windows.rs"]
mod imp;
