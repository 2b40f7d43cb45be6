//! Keeps a run alive: reads the project, starts and stops its services, keeps their logs, talks to clients.

pub(crate) mod again;
pub(crate) mod attachments;
pub(crate) mod background;
pub(crate) mod container;
pub(crate) mod control;
pub(crate) mod driver;
pub(crate) mod export_directory;
pub(crate) mod foreground;
pub(crate) mod health;
pub(crate) mod last_start;
pub(crate) mod log_export;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod project;
pub(crate) mod reexec;
pub(crate) mod reservations;
pub(crate) mod run_status;
pub(crate) mod sockets;
pub(crate) mod spawn;
pub(crate) mod watchdog;
