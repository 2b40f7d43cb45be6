//! Structures of macOS's kernel, from sysctl(3) and libproc, and what launchctl prints.
//!
//! Offsets are those of a 64-bit program, which has been the only kind since macOS 10.15. Of a structure that is too
//! short for a field nothing is returned.

pub(crate) mod fdinfo;
pub(crate) mod kinfo;
pub(crate) mod launchctl;
pub(crate) mod pcblist;
pub(crate) mod procargs;
mod raw_socket;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The bytes up to the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
