//! The machine, text in, text out: what happens at which millisecond, and what it does about it.
//!
//! A world of text plays the driver: it spawns at once and sweeps what the script says is left. Everything else, time
//! included, comes from the script, so that every order can be written down.

mod batches;
mod changes;
mod orders;
mod ready;
mod restarts;
mod stopping;
mod tasks;
mod text;
mod together;

use crate::expected::Expected;
use text::play;

/// `services` stand in one line each, with what they need and how they are: `web: db, api(started), c(restart) grace=2s`;
/// `task` makes one of them a task, `api: migrate(completed)` waits for it, `(completed+restart)` is restarted with it, too.
///
/// Events: `begin [NAMES] [timeout=5s]`, `ready NAME`, `unready NAME WHY` and `unasked NAME WHY` (the answer to the probe), `exit NAME
/// [CODE|SIGNAL]`, `gone NAME` (its children too), `stop [NAMES]`, `change NAME: …` (other settings), `restarted NAME` (once, and that came at once), `interrupt`, and `until` which lets time pass.
/// Deadlines are met in between, at their time. A process that ends leaves `left=N` children behind.
#[track_caller]
fn check(services: &str, events: &str, expected: impl Expected) {
    let seen = play(services, events);
    expected.check(&seen);
}
