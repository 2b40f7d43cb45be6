//! Tests of the machine: scripts of events with their time in milliseconds, and the actions that the machine returns.
//!
//! Time is part of the script, so every order of events can be tested. `text` plays the driver: it spawns immediately
//! and counts the processes that the script declares as remaining.

mod batches;
mod changes;
mod edits;
mod orders;
mod ready;
mod restarts;
mod stopping;
mod tasks;
mod text;
mod together;

use expect_test::Expect;
use text::play;

/// Plays a script and compares the result with it.
///
/// The services come first, with dependencies and settings: `db; web: db, api(started) grace=2s`. Conditions are
/// `(started)`, `(completed)` and `(restart)`, or two of them: `migrate(completed+restart)`. Settings are `task`,
/// `unprobed` (ready when spawned), `watched`, `restart=`, `start=` (the start period), `interval=`, `retries=` and `grace=`. The
/// line `with probes and counts` before the services shows these actions too.
///
/// Each event is one line: its time in milliseconds, the event, an arrow, and the resulting actions. A time without an
/// event is a deadline. `UPDATE_EXPECT=1 cargo test` rewrites the deadlines and everything after the arrows.
///
/// - `begin [NAMES] [timeout=5s]` starts services.
/// - `up [NAMES]` does too; services are ready and tasks complete immediately. It is for starts that are not under
///   test; the resulting actions are not shown.
/// - `ready NAME`, `unready NAME WHY` and `unasked NAME WHY` answer a probe: passed, failed, could not run.
/// - `exit NAME [CODE|signalN] [left=N] [busy]` ends its main process: N children are left, `?` if they cannot be
///   counted; `busy` if its port was taken. `gone NAME` ends its children.
/// - `missing NAME WHY`: it cannot be spawned from now on.
/// - `restarted NAME`: it counts as restarted once, so the next pause is not 0.
/// - `stop [NAMES]`, `restart [NAMES]`, `change NAME: SETTINGS` and `interrupt` are commands and Ctrl-C.
/// - `edit NAME FILE`: a file that it watches has changed. `unwatch NAME`: its files are no longer watched.
/// - `until` lets time pass.
/// - `waits NAME`, `restarts NAME` and `end` show what it waits for, its number of restarts, and whether the run is
///   over.
#[track_caller]
fn check(script: Expect) {
    let played = play(script.data());
    script.assert_eq(&played);
}
