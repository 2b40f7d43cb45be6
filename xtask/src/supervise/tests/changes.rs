//! Services that run and are asked for with other settings.

use super::check;
use expect_test::expect;

#[test]
fn it_ends_by_its_old_settings_and_starts_by_its_new_ones() {
    check(expect![[r#"
        db; api: grace=2s; other
        0 begin -> db waiting; api waiting; other waiting; spawn db; spawn api; spawn other; db starting; api starting
            -> other starting
        10 ready db -> db ready
        10 ready api -> api ready
        10 ready other -> other ready; batch 0 is ready
        100 change api: db grace=5s start=1s -> terminate api; api stopping
        2100 -> kill api
        2200 exit api signal9 -> api waiting; spawn api; api starting
        2300 unready api nothing listens
        3300 unready api nothing listens -> terminate api; api stopping
        4000 end -> over: false, exit 0"#]]);
}

#[test]
fn what_it_needs_now_is_waited_for() {
    check(expect![[r#"
        api; db
        10 up api
        100 begin db -> db waiting; spawn db; db starting
        100 change api: db -> terminate api; api stopping
        110 exit api signal15 -> api waiting
        150 waits api -> db
        200 ready db -> db ready; batch 1 is ready; spawn api; api starting"#]]);
}

#[test]
fn what_is_restarted_with_it_comes_along_and_the_rest_does_not() {
    check(expect![[r#"
        db; api: db(restart); web: db
        3 up
        100 change db: grace=1s -> terminate api; api stopping
        101 exit api signal15 -> api waiting; terminate db; db stopping
        102 exit db signal15 -> db waiting; spawn db; db starting
        103 ready db -> db ready; spawn api; api starting
        104 ready api -> api ready"#]]);
}

#[test]
fn one_that_waits_takes_the_new_settings_up_at_once() {
    check(expect![[r#"
        db; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        10 change api: unprobed -> spawn api; api ready"#]]);
}

#[test]
fn a_stop_wins_and_the_next_start_has_settings_of_its_own() {
    check(expect![[r#"
        api
        10 up
        100 change api: unprobed -> terminate api; api stopping
        110 stop api
        120 exit api signal15 -> api stopped
        130 begin -> api waiting; spawn api; api starting"#]]);
}
