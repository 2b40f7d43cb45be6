//! Tests of the machine: scripts that say what happens at which millisecond, and what the machine does about it.
//!
//! Time is part of a script, so every order of events can be written down. The driver is played by `text`: it spawns at
//! once, and counts the processes that the script says are left.

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

/// Plays a script and compares it with what it led to.
///
/// The services come first, each with what it depends on and its settings: `db; web: db, api(started) grace=2s`.
/// Conditions are `(started)`, `(completed)` and `(restart)`, or two of them: `migrate(completed+restart)`. Settings are
/// `task`, `unprobed` (ready when spawned), `restart=`, `start=` (the start period), `interval=`, `retries=` and `grace=`.
/// The line `with probes and counts` before them shows these actions, too.
///
/// Then comes a line for each event: its time in milliseconds, the event, an arrow, and the actions that followed. A time
/// without an event is a deadline. `UPDATE_EXPECT=1 cargo test` rewrites the deadlines and what stands behind the arrows.
///
/// - `begin [NAMES] [timeout=5s]` starts services.
/// - `up [NAMES]` does so, too, and each is ready at once, or completes if it is a task. It stands for a start that the test
///   is not about, and what it leads to is not shown.
/// - `ready NAME`, `unready NAME WHY` and `unasked NAME WHY` answer a probe: it passed, failed, or could not be asked.
/// - `exit NAME [CODE|signalN] [left=N] [busy]` ends its process: N children are left, `?` if they cannot be counted; `busy`
///   if its port was taken. `gone NAME` ends its children.
/// - `missing NAME WHY`: from now on it cannot be spawned.
/// - `restarted NAME`: it counts as restarted once, so the next pause is not 0.
/// - `stop [NAMES]`, `restart [NAMES]`, `change NAME: SETTINGS` and `interrupt` are commands and Ctrl-C.
/// - `until` lets time pass.
/// - `waits NAME`, `restarts NAME` and `end` show what it waits for, how often it was restarted, and whether the run is over.
#[track_caller]
fn check(script: Expect) {
    let played = play(script.data());
    script.assert_eq(&played);
}
