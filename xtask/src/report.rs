//! Plans, findings and statuses → text or JSON. Makes no decisions and does not print.

pub(crate) mod card;
pub(crate) mod cause;
pub(crate) mod doctor;
pub(crate) mod environment;
pub(crate) mod explanation;
pub(crate) mod export;
pub(crate) mod failure;
pub(crate) mod finding;
pub(crate) mod github;
pub(crate) mod help;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod paint;
pub(crate) mod ports;
pub(crate) mod problem;
pub(crate) mod proposal;
pub(crate) mod reassignment;
pub(crate) mod reservations;
pub(crate) mod resolved;
pub(crate) mod status;
pub(crate) mod steps;
mod table;
pub(crate) mod tasks;
pub(crate) mod timings;
pub(crate) mod venvs;
pub(crate) mod why;
pub(crate) mod words;

#[cfg(test)]
mod tests;
