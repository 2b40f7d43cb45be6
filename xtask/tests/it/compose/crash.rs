//! A supervisor, a watchdog or a helper that is killed leaves no container that nobody names.

use rustix::process::Signal;

use super::Shop;
use crate::sandbox::{eventually, eventually_gone, is_free, signal};

#[test]
fn kill_9_of_the_supervisor_stops_the_container() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(watchdog);
    assert_eq!(shop.state(), "exited");
    assert!(is_free(shop.port));
    let down = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(down.stderr, "Nothing to stop.\n");
}

#[test]
fn the_watchdog_also_stops_a_container_whose_helper_was_killed() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.up(&[]);
    let (watchdog, helper) = (up.watchdog().unwrap(), shop.sandbox.pid("db"));
    // It must not notice.
    signal(up.pid(), Signal::STOP);
    signal(helper, Signal::KILL);
    up.kill_alone();
    eventually_gone(watchdog);
    assert_eq!(shop.state(), "exited");
    let down = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(down.stderr, "Nothing to stop.\n");
}

/// Kills everything of the run at once.
fn kill_all(shop: &Shop) {
    let up = shop.sandbox.up(&[]);
    let helper = shop.sandbox.pid("db");
    signal(helper, Signal::STOP);
    up.kill();
    signal(helper, Signal::KILL);
    eventually_gone(helper);
    assert_eq!(shop.state(), "running");
}

#[test]
fn what_is_left_then_is_stopped_by_down() {
    let shop = Shop::new("", "");
    kill_all(&shop);
    let status = shop.sandbox.run(&["status"]).with(1).stdout;
    assert!(status.contains(&format!("{} (leftover)", shop.port)), "{status}");
    assert!(
        status.contains("\nAn earlier run left container `shop-db-1` of `db`.\n"),
        "{status}"
    );
    let doctor = shop.sandbox.run(&["doctor"]).with(0).stdout;
    let says = "warning: an earlier run left container `shop-db-1` of `db`\n\nhint: stop it with `xtask down`\n";
    assert!(doctor.contains(says), "{doctor}");
    let down = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(
        down.stderr,
        "An earlier run left container `shop-db-1` of `db`.\nStopped it; nothing of it runs.\n"
    );
    assert_eq!(shop.state(), "exited");
    let changes = shop.changes();
    assert_eq!(changes.last().unwrap(), "--project-name shop stop db");
    let again = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(again.stderr, "Nothing to stop.\n");
}

#[test]
fn what_is_left_then_is_taken_over_by_up() {
    let shop = Shop::new("", "");
    kill_all(&shop);
    let up = shop.sandbox.run(&["up", "-d"]).with(0);
    let says = "Container `shop-db-1` of `db` was left by an earlier run, and is taken over.\n";
    // What the helper had started may take a moment longer to end, and is then stopped first.
    assert!(up.stderr.contains(says), "{up:?}");
    shop.sandbox.run(&["down"]).with(0);
    assert_eq!(shop.state(), "exited");
    assert_eq!(shop.changes(), ["up --detach --no-deps db", "stop db"]);
}

#[test]
fn without_an_engine_it_is_named_with_the_command_that_stops_it() {
    let shop = Shop::new("", "");
    kill_all(&shop);
    shop.misbehave("no-engine");
    let down = shop.sandbox.run(&["down"]).with(7);
    let says = "container `shop-db-1` of `db` may still run: no container engine answers `docker compose`: ";
    assert!(down.stderr.contains(says), "{down:?}");
    let hint = "hint: stop it with `docker compose --project-name shop stop db`\n";
    assert!(down.stderr.contains(hint), "{down:?}");
}

#[test]
fn ctrl_c_while_compose_pulls_an_image_ends_it() {
    let shop = Shop::new("", "");
    shop.misbehave("hang-up");
    let up = shop.sandbox.start(&["up"]);
    let is_told = || !shop.changes().is_empty();
    eventually(|| format!("{:?}", shop.changes()), is_told);
    up.interrupt();
    up.wait().with(130);
    assert_eq!(shop.state(), "none");
    assert_eq!(shop.changes(), ["up --detach --no-deps db", "stop db"]);
}

#[test]
fn an_engine_that_hangs_while_it_stops_is_named() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.up(&[]);
    up.wait_for("database system is ready");
    shop.misbehave("hang-ps");
    up.interrupt();
    let is_told = || shop.changes().iter().any(|call| call == "stop db");
    eventually(|| format!("{:?}", shop.changes()), is_told);
    up.interrupt();
    let ended = up.wait().with(7);
    let says =
        "container `shop-db-1` of `db` may still run: no container engine answers `docker compose`: no answer in 10 s";
    assert!(ended.stderr.contains(says), "{ended:?}");
}

#[test]
fn a_second_ctrl_c_kills_a_container_that_does_not_stop() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.up(&[]);
    shop.misbehave("hang-stop");
    up.interrupt();
    let is_told = || shop.changes().iter().any(|call| call == "stop db");
    eventually(|| format!("{:?}", shop.changes()), is_told);
    up.interrupt();
    up.wait().with(130);
    assert_eq!(shop.state(), "exited");
    assert_eq!(shop.changes().last().unwrap(), "--project-name shop kill db");
    assert!(is_free(shop.port));
}

#[test]
fn a_helper_that_is_killed_fails_and_its_container_is_stopped_in_the_end() {
    let shop = Shop::new("", "");
    shop.sandbox.run(&["up", "-d"]).with(0);
    signal(shop.sandbox.pid("db"), Signal::KILL);
    shop.eventually("exited");
    let why = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(why.stderr, "Nothing to stop.\n");
}
