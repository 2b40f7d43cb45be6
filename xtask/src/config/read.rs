//! placeholder
pub(crate) fn read() {}
