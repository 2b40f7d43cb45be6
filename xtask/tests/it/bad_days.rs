//! Days on which everything goes wrong: each gets a clear message and the right exit code.

mod descriptors;
mod disk;
mod env_file;
mod membership;
mod names;
mod odd_directory;
mod paths;
mod shortage;
mod unknown;
mod users;
