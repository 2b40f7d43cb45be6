//! devtasks: one command brings the development stack up, and a busy port explains itself.
//!
//! The modules stand in reading order; each uses itself and what stands before it. `docs/architecture.md` is the map.

#[cfg(test)]
mod expected;

mod hash;

mod foreign;

mod diagnostic;

mod config;

mod detect;

mod plan;

mod process;

mod ports;

mod preflight;

mod diagnose;

mod export;

mod supervise;

mod protocol;

mod system;

mod run;

mod report;

mod commands;

mod cli;

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;

#[cfg(feature = "soak")]
#[doc(hidden)]
pub mod simulation;

pub use clap;
pub use cli::embedded::{Args, Command};
pub use cli::{helpers, main, run_from};
