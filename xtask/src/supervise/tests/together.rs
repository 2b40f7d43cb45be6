//! Restarts that concern several services: with a dependency, and by a command.

use super::check;
use expect_test::expect;

#[test]
fn who_asked_for_it_is_restarted_with_its_dependency() {
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
fn one_that_waits_for_its_dependency_again_has_failed_with_it() {
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
fn all_that_is_restarted_stops_in_reverse_order_and_starts_in_order() {
    check(expect![[r#"
        db: unprobed; api: db unprobed; web: api unprobed
        0 up
        100 restart db api web -> terminate web; web stopping
        110 exit web 0 -> web waiting; terminate api; api stopping
        120 exit api 0 -> api waiting; terminate db; db stopping
        130 exit db 0 -> db waiting; spawn db; db ready; spawn api; api ready; spawn web; web ready
        200 restarts db -> 0
        200 end -> over: false, exit 0"#]]);
}

#[test]
fn one_that_is_restarted_alone_leaves_its_dependents_running() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 restart db -> terminate db; db stopping
        110 exit db 0 -> db waiting; spawn db; db ready"#]]);
}

#[test]
fn a_restart_takes_along_who_asked_for_that() {
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
fn one_that_has_ended_is_started_with_what_it_needs() {
    check(expect![[r#"
        db: unprobed; api: db unprobed; other: unprobed
        0 up
        100 exit api 1 -> terminate api; api failed: code 1 after 100
        200 exit db 1 -> terminate db; db failed: code 1 after 200
        300 restart api -> db waiting; api waiting; spawn db; db ready; spawn api; api ready
        400 end -> over: false, exit 0"#]]);
}

#[test]
fn a_restart_ends_a_pause_and_resets_the_count() {
    check(expect![[r#"
        db: restart=always unprobed
        0 up
        0 restarted db
        100 exit db 1 -> terminate db; db backoff: code 1 after 100, again in 123
        110 restart db -> db waiting; spawn db; db ready
        120 restarts db -> 0
        200 exit db 1 -> terminate db; db backoff: code 1 after 90, again in 0; spawn db; db ready"#]]);
}

#[test]
fn one_that_crashes_while_it_is_to_restart_is_just_restarted() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 restart db api -> terminate api; api stopping
        110 exit db 1 -> terminate db; db waiting; spawn db; db ready
        120 exit api 0 -> api waiting; spawn api; api ready
        200 end -> over: false, exit 0"#]]);
}

#[test]
fn a_stop_wins_over_a_restart() {
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
fn what_is_to_end_is_not_restarted() {
    check(expect![[r#"
        db: unprobed; api: db unprobed
        0 up
        100 stop api -> terminate api; api stopping
        110 restart api
        120 exit api 0 -> api stopped
        130 restart api -> api waiting; spawn api; api ready"#]]);
}

#[test]
fn one_that_survives_is_not_started_beside_itself() {
    check(expect![[r#"
        db: unprobed grace=1s
        0 up
        100 restart db -> terminate db; db stopping
        1100 -> kill db
        6100 -> db failed: 1 survived
        7000 end -> over: true, exit 7"#]]);
}

#[test]
fn a_restart_while_the_stack_starts_delays_its_being_ready() {
    check(expect![[r#"
        db; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        10 ready db -> db ready; spawn api; api starting
        20 restart db -> terminate db; db stopping
        30 exit db 0 -> db waiting; spawn db; db starting
        40 ready db -> db ready
        50 ready api -> api ready; batch 0 is ready"#]]);
}
