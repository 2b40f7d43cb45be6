//! Text that an operating system hands out, parsed without `cfg`, so that every machine tests it.

pub(crate) mod processes;
pub(crate) mod sockets;
#[cfg(test)]
mod tests;
pub(crate) mod units;
