//! Where the system keeps names of machines.

/// The file that leads `localhost` to this machine.
///
/// Source: man 5 hosts.
pub(crate) const HOSTS_FILE: Option<&str> = Some("/etc/hosts");
