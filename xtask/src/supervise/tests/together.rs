//! Restarts that concern several services: with a dependency, and by a command.

use super::check;
use expect_test::expect;

/// Of `db`, `api` that is restarted with it, and `web` that only needs `api`.
const STACK: &str = "
    db: restart=on-failure
    api: db(restart)
    web: api
";

#[test]
fn who_asked_for_it_is_restarted_with_its_dependency() {
    check(
        STACK,
        "
        0 begin
        10 ready db
        20 ready api
        30 ready web
        500 exit db 1
        510 exit api signal15
        700 ready db
        800 ready api
        800 restarts api
        800 restarts web
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 db starting
            10 db ready
            10 spawn api
            10 api starting
            20 api ready
            20 spawn web
            20 web starting
            30 web ready
            30 batch 0 is ready
            500 terminate db
            500 terminate api
            500 api stopping
            500 db backoff: code 1 after 500, again in 0
            500 spawn db
            500 db starting
            510 api waiting
            700 db ready
            700 spawn api
            700 api starting
            800 api ready
            api was restarted 1 times
            web was restarted 0 times"#]],
    );
}

#[test]
fn one_that_waits_for_its_dependency_again_has_failed_with_it() {
    check(
        "db: restart=on-failure
         api: db(restart)",
        "
        0 begin
        0 restarted db
        10 ready db
        20 ready api
        500 exit db 1
        510 exit api 0
        700 exit db 1 busy
        800 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            10 db ready
            10 spawn api
            10 api starting
            20 api ready
            20 batch 0 is ready
            500 terminate db
            500 terminate api
            500 api stopping
            500 db backoff: code 1 after 500, again in 123
            510 api waiting
            623 spawn db
            623 db starting
            700 terminate db
            700 db failed: code 1 after 76 before ready
            700 api failed: without db
            over: true, exit 3"#]],
    );
}

#[test]
fn all_that_is_restarted_stops_in_reverse_order_and_starts_in_order() {
    check(
        "db: unprobed
         api: db unprobed
         web: api unprobed",
        "
        0 begin
        100 restart db api web
        110 exit web 0
        120 exit api 0
        130 exit db 0
        200 restarts db
        200 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 db ready
            0 spawn api
            0 api ready
            0 spawn web
            0 web ready
            0 batch 0 is ready
            100 terminate web
            100 web stopping
            110 web waiting
            110 terminate api
            110 api stopping
            120 api waiting
            120 terminate db
            120 db stopping
            130 db waiting
            130 spawn db
            130 db ready
            130 spawn api
            130 api ready
            130 spawn web
            130 web ready
            db was restarted 0 times
            over: false, exit 0"#]],
    );
}

#[test]
fn one_that_is_restarted_alone_leaves_its_dependents_running() {
    check(
        "db: unprobed
         api: db unprobed",
        "
        0 begin
        100 restart db
        110 exit db 0
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db ready
            0 spawn api
            0 api ready
            0 batch 0 is ready
            100 terminate db
            100 db stopping
            110 db waiting
            110 spawn db
            110 db ready"#]],
    );
}

#[test]
fn a_restart_takes_along_who_asked_for_that() {
    check(
        STACK,
        "
        0 begin
        10 ready db
        20 ready api
        30 ready web
        100 restart db
        110 exit api 0
        120 exit db 0
        130 ready db
        140 ready api
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 db starting
            10 db ready
            10 spawn api
            10 api starting
            20 api ready
            20 spawn web
            20 web starting
            30 web ready
            30 batch 0 is ready
            100 terminate api
            100 api stopping
            110 api waiting
            110 terminate db
            110 db stopping
            120 db waiting
            120 spawn db
            120 db starting
            130 db ready
            130 spawn api
            130 api starting
            140 api ready"#]],
    );
}

#[test]
fn one_that_has_ended_is_started_with_what_it_needs() {
    check(
        "db: unprobed
         api: db unprobed
         other: unprobed",
        "
        0 begin
        100 exit api 1
        200 exit db 1
        300 restart api
        400 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 other waiting
            0 spawn db
            0 spawn other
            0 db ready
            0 spawn api
            0 other ready
            0 api ready
            0 batch 0 is ready
            100 terminate api
            100 api failed: code 1 after 100
            200 terminate db
            200 db failed: code 1 after 200
            300 db waiting
            300 api waiting
            300 spawn db
            300 db ready
            300 spawn api
            300 api ready
            over: false, exit 0"#]],
    );
}

#[test]
fn a_restart_ends_a_pause_and_resets_the_count() {
    check(
        "db: restart=always unprobed",
        "
        0 begin
        0 restarted db
        100 exit db 1
        110 restart db
        120 restarts db
        200 exit db 1
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db ready
            0 batch 0 is ready
            100 terminate db
            100 db backoff: code 1 after 100, again in 123
            110 db waiting
            110 spawn db
            110 db ready
            db was restarted 0 times
            200 terminate db
            200 db backoff: code 1 after 90, again in 0
            200 spawn db
            200 db ready"#]],
    );
}

#[test]
fn one_that_crashes_while_it_is_to_restart_is_just_restarted() {
    check(
        "db: unprobed
         api: db unprobed",
        "
        0 begin
        100 restart db api
        110 exit db 1
        120 exit api 0
        200 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db ready
            0 spawn api
            0 api ready
            0 batch 0 is ready
            100 terminate api
            100 api stopping
            110 terminate db
            110 db waiting
            110 spawn db
            110 db ready
            120 api waiting
            120 spawn api
            120 api ready
            over: false, exit 0"#]],
    );
}

#[test]
fn a_stop_wins_over_a_restart() {
    check(
        "db: unprobed
         api: db unprobed",
        "
        0 begin
        100 restart db api
        110 stop
        120 exit api 0
        130 exit db 0
        200 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db ready
            0 spawn api
            0 api ready
            0 batch 0 is ready
            100 terminate api
            100 api stopping
            120 api stopped
            120 terminate db
            120 db stopping
            130 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn what_is_to_end_is_not_restarted() {
    check(
        "db: unprobed
         api: db unprobed",
        "
        0 begin
        100 stop api
        110 restart api
        120 exit api 0
        130 restart api
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db ready
            0 spawn api
            0 api ready
            0 batch 0 is ready
            100 terminate api
            100 api stopping
            120 api stopped
            130 api waiting
            130 spawn api
            130 api ready"#]],
    );
}

#[test]
fn one_that_survives_is_not_started_beside_itself() {
    check(
        "db: unprobed grace=1s",
        "
        0 begin
        100 restart db
        7000 end
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db ready
            0 batch 0 is ready
            100 terminate db
            100 db stopping
            1100 kill db
            6100 db failed: 1 survived
            over: true, exit 7"#]],
    );
}

#[test]
fn a_restart_while_the_stack_starts_delays_its_being_ready() {
    check(
        "db:
         api: db",
        "
        0 begin
        10 ready db
        20 restart db
        30 exit db 0
        40 ready db
        50 ready api
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            10 db ready
            10 spawn api
            10 api starting
            20 terminate db
            20 db stopping
            30 db waiting
            30 spawn db
            30 db starting
            40 db ready
            50 api ready
            50 batch 0 is ready"#]],
    );
}
