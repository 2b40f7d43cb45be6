//! The protocol between a running supervisor and later commands: a socket file, one JSON document per line.
//!
//! A client sends one `Request`. The supervisor sends `Reply`s until `Done` or `Refused`. Only a client that attaches to a
//! service sends more: an `Input` a line.

mod attached;
mod client;
mod server;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
pub(crate) use client::{Client, InputSender, REPLY_TIMEOUT, ask, listen};
pub(crate) use server::{Server, first_client};

/// Incremented when a change would make an older client or supervisor misunderstand.
const PROTOCOL: u32 = 12;

#[derive(Serialize, Deserialize)]
struct Envelope<R> {
    protocol: u32,
    request: R,
}

/// The part of an envelope that is read first: another version's request may be invalid here.
#[derive(Deserialize)]
struct Version {
    protocol: u32,
}

fn other_version(why: &str) -> Diagnostic {
    Diagnostic::new(format!("the running supervisor is of another version: {why}"))
        .hint("end it as it was started, or with SIGTERM to its pid, which stops its services; then start it again")
}
