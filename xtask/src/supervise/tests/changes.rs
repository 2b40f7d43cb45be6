//! Services that run and are asked for with other settings.

use super::check;
use expect_test::expect;

#[test]
fn it_ends_by_its_old_settings_and_starts_by_its_new_ones() {
    check(
        "db:
         api: grace=2s
         other:",
        "
        0 begin
        10 ready db
        10 ready api
        10 ready other
        100 change api: db grace=5s start=1s
        2200 exit api signal9
        2300 unready api nothing listens
        3300 unready api nothing listens
        4000 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 other waiting
            0 spawn db
            0 spawn api
            0 spawn other
            0 db starting
            0 api starting
            0 other starting
            10 db ready
            10 api ready
            10 other ready
            10 batch 0 is ready
            100 terminate api
            100 api stopping
            2100 kill api
            2200 api waiting
            2200 spawn api
            2200 api starting
            3300 terminate api
            3300 api stopping
            over: false, exit 0"#]],
    );
}

#[test]
fn what_it_needs_now_is_waited_for() {
    check(
        "api:
         db:",
        "
        0 begin api
        10 ready api
        100 begin db
        100 change api: db
        110 exit api signal15
        150 waits api
        200 ready db
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            100 db waiting
            100 spawn db
            100 db starting
            100 terminate api
            100 api stopping
            110 api waiting
            api waits for [db]
            200 db ready
            200 batch 1 is ready
            200 spawn api
            200 api starting"#]],
    );
}

#[test]
fn what_is_restarted_with_it_comes_along_and_the_rest_does_not() {
    check(
        "db:
         api: db(restart)
         web: db",
        "
        0 begin
        1 ready db
        2 ready api
        3 ready web
        100 change db: grace=1s
        101 exit api signal15
        102 exit db signal15
        103 ready db
        104 ready api
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 db starting
            1 db ready
            1 spawn api
            1 spawn web
            1 api starting
            1 web starting
            2 api ready
            3 web ready
            3 batch 0 is ready
            100 terminate api
            100 api stopping
            101 api waiting
            101 terminate db
            101 db stopping
            102 db waiting
            102 spawn db
            102 db starting
            103 db ready
            103 spawn api
            103 api starting
            104 api ready"#]],
    );
}

#[test]
fn one_that_waits_takes_the_new_settings_up_at_once() {
    check(
        "db:
         api: db",
        "
        0 begin
        10 change api: unprobed
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            10 spawn api
            10 api ready"#]],
    );
}

#[test]
fn a_stop_wins_and_the_next_start_has_settings_of_its_own() {
    check(
        "api:",
        "
        0 begin
        10 ready api
        100 change api: unprobed
        110 stop api
        120 exit api signal15
        130 begin
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            100 terminate api
            100 api stopping
            120 api stopped
            130 api waiting
            130 spawn api
            130 api starting"#]],
    );
}
