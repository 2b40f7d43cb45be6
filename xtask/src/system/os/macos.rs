//! macOS: constants. Functions that are missing are in `unsupported`.

/// With `SO_REUSEADDR`, a bind to a specific address succeeds despite a wildcard listener, so success proves nothing.
///
/// Source: vitejs/vite#5605, nodejs/node#14618; not tried here.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// Whether a bind to a specific address succeeds although a process listens at the wildcard.
///
/// Source: as for [`REUSE_SHOWS_LISTENERS`].
pub(crate) const BINDS_BESIDE_WILDCARD: bool = false;

/// Whether a forbidden bind means a range excluded by the system, and not a lack of privilege.
///
/// Source: microsoft/WSL#5514; `netsh int ipv4 show excludedportrange tcp`.
pub(crate) const HAS_EXCLUDED_PORTS: bool = false;

/// EAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 47;

pub(super) const SYSTEM: &str = "macOS";
