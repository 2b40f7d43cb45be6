//! Changed settings of running services.

use super::check;
use expect_test::expect;

#[test]
fn changed_settings_apply_to_the_start_and_old_ones_to_the_stop() {
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
fn changed_settings_with_a_new_dependency_wait_for_it() {
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
fn changed_settings_restart_dependents_with_restart_only() {
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
fn changed_settings_of_a_waiting_service_apply_at_once() {
    check(expect![[r#"
        db; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        10 change api: unprobed -> spawn api; api running"#]]);
}

#[test]
fn changed_settings_are_dropped_by_a_stop() {
    check(expect![[r#"
        api
        10 up
        100 change api: unprobed -> terminate api; api stopping
        110 stop api
        120 exit api signal15 -> api stopped
        130 begin -> api waiting; spawn api; api starting"#]]);
}
