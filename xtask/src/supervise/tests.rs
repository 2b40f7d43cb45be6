//! Tests of the machine: text in, text out.
//!
//! A script plays the driver: it says what happens at which millisecond, time included, so that every order of events
//! can be written down. Spawning and counting processes are answered at once.

mod batches;
mod changes;
mod orders;
mod ready;
mod restarts;
mod stopping;
mod tasks;
mod text;
mod together;

use expect_test::Expect;
use text::play;

/// Plays a script and compares it with what it led to: the actions of the machine, behind the event that caused them.
///
/// The services come first, each with what it needs and how it is: `db; web: db, api(started), c(restart) grace=2s`.
/// `task` makes one a task, `migrate(completed)` waits for it, and `migrate(completed+restart)` is restarted with it, too.
///
/// Each other line is an event at a time in milliseconds, then ` -> ` and the actions. Lines with a time and no event are
/// deadlines. `UPDATE_EXPECT=1 cargo test` writes all that stands behind arrows, and the deadlines.
///
/// - `begin [NAMES] [timeout=5s]` starts services; `up [NAMES]` starts them and they are all ready at once, which is not shown.
/// - `ready NAME`, `unready NAME WHY`, `unasked NAME WHY` answer a probe; the latter could not be asked.
/// - `exit NAME [CODE|signalN] [left=N] [busy]`: its process ends, and N children are left, or `?` that cannot be counted;
///   `busy`: its port was taken. `gone NAME`: its children end, too.
/// - `missing NAME WHY`: from now on it cannot be spawned. `restarted NAME`: it was restarted once, which is done at once.
/// - `stop [NAMES]`, `restart [NAMES]`, `change NAME: SETTINGS`, `interrupt`; `until` only lets time pass.
/// - `waits NAME`, `restarts NAME` and `end` ask for what a service waits for, how often it was restarted, and whether the
///   run is over.
#[track_caller]
fn check(script: Expect) {
    let played = play(script.data());
    script.assert_eq(&played);
}
