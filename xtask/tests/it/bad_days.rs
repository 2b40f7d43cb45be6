//! Days on which everything goes wrong: each gets a clear message and the right exit code.

#[cfg(target_os = "linux")] // Limits and processor time, from `/proc`.
mod descriptors;
#[cfg(target_os = "linux")] // A small disk in a mount namespace.
mod disk;
mod env_file;
#[cfg(target_os = "linux")] // Namespaces, and names from `/proc`.
mod membership;
#[cfg(target_os = "linux")] // A process renames itself by prctl(2).
mod names;
mod odd_directory;
mod paths;
#[cfg(target_os = "linux")] // A shortage of threads, counted in `/proc`.
mod shortage;
#[cfg(target_os = "linux")] // A `/proc` that cannot be read.
mod unknown;
mod users;
