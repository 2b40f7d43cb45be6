//! Parsers for the output of operating systems, without `cfg`, so that every machine tests them.

pub(crate) mod macos;
pub(crate) mod netsh;
pub(crate) mod processes;
pub(crate) mod sockets;
pub(crate) mod surroundings;
#[cfg(test)]
mod tests;
pub(crate) mod units;
#[cfg(feature = "metrics")]
pub(crate) mod usage;
pub(crate) mod windows;
