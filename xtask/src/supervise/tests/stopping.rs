//! Stopping: from the request until no process of the service is left.

use super::check;
use expect_test::expect;

#[test]
fn stop_order_is_dependents_before_dependencies() {
    check(expect![[r#"
        db; cache; api: db, cache; web: api
        0 begin -> db waiting; cache waiting; api waiting; web waiting; spawn db; spawn cache; db starting
            -> cache starting
        1 ready db -> db ready
        2 ready cache -> cache ready; spawn api; api starting
        3 ready api -> api ready; spawn web; web starting
        4 ready web -> web ready; batch 0 is ready
        9 interrupt -> terminate web; web stopping
        20 exit web -> web stopped; terminate api; api stopping
        30 exit api -> api stopped; terminate db; db stopping; terminate cache; cache stopping
        35 exit cache -> cache stopped
        40 exit db -> db stopped
        41 end -> over: true, exit 0"#]]);
}

#[test]
fn interrupt_before_the_first_start_lets_nothing_start() {
    check(expect![[r#"
        db; api: db
        0 interrupt
        0 begin -> db waiting; api waiting; api stopped; db stopped; batch 0 has failed
        1 end -> over: true, exit 0"#]]);
}

#[test]
fn stop_of_one_service_leaves_its_dependents_running() {
    check(expect![[r#"
        db; api: db
        2 up
        9 stop db -> terminate db; db stopping
        20 exit db -> db stopped
        21 end -> over: false, exit 0
        30 stop db
        40 stop api -> terminate api; api stopping
        50 exit api -> api stopped
        51 end -> over: true, exit 0"#]]);
}

#[test]
fn stop_kills_after_the_grace_period() {
    check(expect![[r#"
        api: grace=2s
        5 up
        9 stop -> terminate api; api stopping
        2009 -> kill api
        2050 exit api signal9 -> api stopped"#]]);
}

#[test]
fn survivors_of_a_kill_are_reported_after_5_s() {
    check(expect![[r#"
        api: grace=1s
        5 up
        9 stop -> terminate api; api stopping
        1009 -> kill api
        1100 exit api signal9 left=2
        6050 -> api failed: 2 survived
        9000 end -> over: true, exit 7"#]]);
    // The end of its own process is never reported.
    check(expect![[r#"
        api: grace=1s
        5 up
        9 stop -> terminate api; api stopping
        10 gone api
        1009 -> kill api
        6009 -> api failed: 1 survived
        9000 end -> over: true, exit 7"#]]);
}

#[test]
fn processes_that_cannot_be_counted_are_not_taken_for_gone() {
    check(expect![[r#"
        api: grace=1s
        5 up
        9 stop -> terminate api; api stopping
        10 exit api signal15 left=?
        1009 -> kill api
        6009 -> api failed: unverified: too many open files
        9000 end -> over: true, exit 7"#]]);
    // They can be counted again, and none is left.
    check(expect![[r#"
        api: grace=1s
        5 up
        9 stop -> terminate api; api stopping
        10 exit api signal15 left=?
        300 gone api
        320 -> api stopped
        9000 end -> over: true, exit 0"#]]);
}

#[test]
fn survivor_does_not_keep_its_dependencies_running() {
    check(expect![[r#"
        db; api: db grace=1s
        2 up
        9 interrupt -> terminate api; api stopping
        1009 -> kill api
        1100 exit api signal9 left=1
        6050 -> api failed: 1 survived; terminate db; db stopping
        7000 exit db -> db stopped
        7001 end -> over: true, exit 7"#]]);
}

#[test]
fn children_left_by_an_exit_end_before_the_service_is_over() {
    check(expect![[r#"
        with probes and counts
        api: grace=1s
        5 up
        9 exit api 1 left=2 -> terminate api; count api
        14 -> count api
        19 -> count api
        24 -> count api
        29 -> count api
        34 -> count api
        39 -> count api
        44 -> count api
        49 -> count api
        54 -> count api
        59 -> count api
        64 -> count api
        69 -> count api
        75 -> count api
        82 -> count api
        89 -> count api
        97 -> count api
        100 gone api
        106 -> count api; api failed: code 1 after 4
        200 end -> over: true, exit 1"#]]);
    check(expect![[r#"
        api: grace=100ms
        5 up
        9 exit api 0 left=1 -> terminate api
        109 -> kill api
        150 gone api
        155 -> api exited: code 0 after 4
        300 end -> over: true, exit 0"#]]);
}

#[test]
fn processes_are_counted_as_soon_as_the_service_exits() {
    check(expect![[r#"
        with probes and counts
        api
        5 up
        10 stop -> terminate api; api stopping
        100 exit api -> count api; api stopped"#]]);
}

#[test]
fn second_interrupt_kills_at_once() {
    check(expect![[r#"
        db; api: db
        5 up
        9 interrupt -> terminate api; api stopping
        12 interrupt -> terminate db; db stopping; kill db; kill api
        15 exit api signal9 -> api stopped
        16 exit db signal9 -> db stopped
        17 end -> over: true, exit 0"#]]);
}

#[test]
fn interrupts_do_not_prolong_the_wait_for_a_survivor() {
    check(expect![[r#"
        api
        5 up
        9 interrupt -> terminate api; api stopping
        12 interrupt -> kill api
        3000 interrupt
        4900 interrupt
        5031 -> api failed: 1 survived
        9000 end -> over: true, exit 7"#]]);
}

#[test]
fn interrupt_lets_no_later_batch_start() {
    check(expect![[r#"
        db; api: db
        5 up db
        9 interrupt -> terminate db; db stopping
        10 begin -> api waiting; api stopped; batch 1 has failed
        11 exit db -> db stopped
        12 end -> over: true, exit 0
        13 begin -> db waiting; api waiting; api stopped; db stopped; batch 2 has failed
        14 end -> over: true, exit 0"#]]);
}

#[test]
fn service_that_crashes_while_it_waits_to_be_stopped_has_failed() {
    check(expect![[r#"
        db; api: db
        2 up
        9 interrupt -> terminate api; api stopping
        10 exit db 1 -> terminate db; db failed: code 1 after 8
        20 exit api -> api stopped
        21 end -> over: true, exit 1"#]]);
}
