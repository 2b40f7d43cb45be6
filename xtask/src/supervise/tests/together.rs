//! Restarts of several services: together with a dependency, and by a command.

use super::check;
use expect_test::expect;

#[test]
fn dependent_with_restart_is_restarted_after_a_crash_of_its_dependency() {
    check(expect![[r#"
        db: restart=on-failure; api: db(restart); web: api
        0 begin -> db waiting; api waiting; web waiting; spawn db; db starting
        10 ready db -> db ready; spawn api; api starting
        20 ready api -> api ready; spawn web; web starting
        30 ready web -> web ready; batch 0 is ready
        500 exit db 1 -> terminate db; terminate api; api stopping; db backoff: code 1 after 500, again in 0; spawn db
            -> db starting
        510 exit api signal15 -> api waiting
        700 ready db -> db ready; spawn api; api starting
        800 ready api -> api ready
        800 restarts api -> 1
        800 restarts web -> 0"#]]);
}

#[test]
fn dependent_with_restart_fails_with_its_dependency() {
    check(expect![[r#"
        db: restart=on-failure; api: db(restart)
        20 up
        20 restarted db
        500 exit db 1 -> terminate db; terminate api; api stopping; db backoff: code 1 after 480, again in 123
        510 exit api 0 -> api waiting
        623 -> spawn db; db starting
        700 exit db 1 busy -> terminate db; db failed: code 1 after 76 before ready; api failed: without db
        800 end -> over: true, exit 3"#]]);
}

#[test]
fn restart_command_stops_in_reverse_order_and_starts_in_order() {
    check(expect![[r#"
        db: unprobed; api: db unprobed; web: api unprobed
        0 up
        100 restart db api web -> terminate web; web stopping
        110 exit web 0 -> web waiting; terminate api; api stopping
        120 exit api 0 -> api waiting; terminate db; db stopping
        130 exit db 0 -> db waiting; spawn db; db running; spawn api; api running; spawn web; web running
        200 restarts db -> 0
        200 end -> over: false, exit 0"#]]);
}

#[test]
fn restart_command_leaves_dependents_running() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 restart db -> terminate db; db stopping
        110 exit db 0 -> db waiting; spawn db; db running"#]]);
}

#[test]
fn restart_command_includes_dependents_with_restart() {
    check(expect![[r#"
        db: restart=on-failure; api: db(restart); web: api
        30 up
        100 restart db -> terminate api; api stopping
        110 exit api 0 -> api waiting; terminate db; db stopping
        120 exit db 0 -> db waiting; spawn db; db starting
        130 ready db -> db ready; spawn api; api starting
        140 ready api -> api ready"#]]);
}

#[test]
fn restart_command_starts_ended_dependencies_too() {
    check(expect![[r#"
        db: unprobed; api: db unprobed; other: unprobed
        0 up
        100 exit api 1 -> terminate api; api failed: code 1 after 100
        200 exit db 1 -> terminate db; db failed: code 1 after 200
        300 restart api -> db waiting; api waiting; spawn db; db running; spawn api; api running
        400 end -> over: false, exit 0"#]]);
}

#[test]
fn restart_command_ends_a_backoff_and_resets_its_count() {
    check(expect![[r#"
        db: restart=always unprobed
        0 up
        0 restarted db
        100 exit db 1 -> terminate db; db backoff: code 1 after 100, again in 123
        110 restart db -> db waiting; spawn db; db running
        120 restarts db -> 0
        200 exit db 1 -> terminate db; db backoff: code 1 after 90, again in 0; spawn db; db running"#]]);
}

#[test]
fn crash_while_a_restart_is_pending_is_no_failure() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 restart db api -> terminate api; api stopping
        110 exit db 1 -> terminate db; db waiting; spawn db; db running
        120 exit api 0 -> api waiting; spawn api; api running
        200 end -> over: false, exit 0"#]]);
}

#[test]
fn stop_wins_over_a_pending_restart() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 restart db api -> terminate api; api stopping
        110 stop
        120 exit api 0 -> api stopped; terminate db; db stopping
        130 exit db 0 -> db stopped
        200 end -> over: true, exit 0"#]]);
}

#[test]
fn restart_command_for_a_stopping_service_does_nothing() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 stop api -> terminate api; api stopping
        110 restart api
        120 exit api 0 -> api stopped
        130 restart api -> api waiting; spawn api; api running"#]]);
}

#[test]
fn restart_command_starts_nothing_beside_a_survivor() {
    check(expect![[r#"
        db: unprobed grace=1s
        0 up
        100 restart db -> terminate db; db stopping
        1100 -> kill db
        6100 -> db failed: 1 survived
        7000 end -> over: true, exit 7"#]]);
}

#[test]
fn restart_command_while_starting_delays_the_batch() {
    check(expect![[r#"
        db; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        10 ready db -> db ready; spawn api; api starting
        20 restart db -> terminate db; db stopping
        30 exit db 0 -> db waiting; spawn db; db starting
        40 ready db -> db ready
        50 ready api -> api ready; batch 0 is ready"#]]);
}
