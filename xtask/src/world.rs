//! The only door to the machine: files, sockets, processes, threads, environment and clock.

pub(crate) mod os;
pub(crate) mod owners;
pub(crate) mod probe;
