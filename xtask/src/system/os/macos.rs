//! macOS: what is known of it. What it still lacks is in `unsupported`.

/// With `SO_REUSEADDR` a specific address can be had under a wildcard listener, so its success proves nothing.
///
/// Source: vitejs/vite#5605, nodejs/node#14618; not tried here.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// A bind that is forbidden means a range that the system excludes, and no lack of privilege.
///
/// Source: microsoft/WSL#5514; `netsh int ipv4 show excludedportrange tcp`.
pub(crate) const HAS_EXCLUDED_PORTS: bool = false;

/// EAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 47;

pub(super) const SYSTEM: &str = "macOS";
