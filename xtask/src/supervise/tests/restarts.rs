//! Services that are started again: when, after which pause, how often, and what ends it.

use super::check;
use expect_test::expect;

#[test]
fn a_crash_is_followed_by_a_pause_and_another_start() {
    check(expect![[r#"
        api: restart=on-failure
        0 begin -> api waiting; spawn api; api starting
        0 restarted api
        10 ready api -> api ready; batch 0 is ready
        500 exit api 1 -> terminate api; api backoff: code 1 after 500, again in 104
        604 -> spawn api; api starting
        700 ready api -> api ready
        800 restarts api -> 1
        800 end -> over: false, exit 0"#]]);
}

#[test]
fn without_a_policy_a_crash_is_the_end() {
    check(expect![[r#"
        api
        10 up
        500 exit api 1 -> terminate api; api failed: code 1 after 490"#]]);
}

#[test]
fn an_end_with_0_is_followed_by_a_start_with_always_alone() {
    check(expect![[r#"
        a: restart=on-failure; b: restart=always
        10 up
        10 restarted a
        10 restarted b
        500 exit a 0 -> terminate a; a exited: code 0 after 490
        500 exit b 0 -> terminate b; b backoff: code 0 after 490, again in 123"#]]);
}

#[test]
fn pauses_grow_and_five_restarts_without_a_quiet_time_are_enough() {
    check(expect![[r#"
        api: restart=always
        10 up
        20 exit api 1 -> terminate api; api backoff: code 1 after 10, again in 0; spawn api; api starting
        200 ready api -> api ready
        210 exit api 1 -> terminate api; api backoff: code 1 after 190, again in 104
        314 -> spawn api; api starting
        1000 exit api 1 -> terminate api; api backoff: code 1 after 685 before ready, again in 205
        1205 -> spawn api; api starting
        2000 exit api 1 -> terminate api; api backoff: code 1 after 794 before ready, again in 430
        2430 -> spawn api; api starting
        4000 exit api 1 -> terminate api; api backoff: code 1 after 1569 before ready, again in 846
        4846 -> spawn api; api starting
        7000 exit api 1 -> terminate api; api failed: code 1 after 2153 before ready, gave up after 5
        8000 end -> over: true, exit 1"#]]);
}

#[test]
fn a_quiet_time_resets_the_count() {
    check(expect![[r#"
        api: restart=always
        10 up
        10 restarted api
        20 exit api 1 -> terminate api; api backoff: code 1 after 10, again in 104
        124 -> spawn api; api starting
        200 ready api -> api ready
        210 exit api 1 -> terminate api; api backoff: code 1 after 85, again in 205
        415 -> spawn api; api starting
        500 ready api -> api ready
        10500 exit api 1 -> terminate api; api backoff: code 1 after 10084, again in 0; spawn api; api starting"#]]);
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    check(expect![[r#"
        api: restart=always; web: restart=always
        0 begin web -> web waiting; spawn web; web starting
        0 missing api no such command
        10 ready web -> web ready; batch 0 is ready
        20 begin api -> api waiting; spawn api; api failed: no such command; batch 1 has failed
        30 exit web 1 busy -> terminate web; web failed: code 1 after 30"#]]);
}

#[test]
fn a_signal_is_no_lasting_cause_whatever_the_log_said() {
    check(expect![[r#"
        web: restart=on-failure
        10 up
        10 restarted web
        30 exit web signal9 busy -> terminate web; web backoff: signal 9 after 20, again in 103"#]]);
}

#[test]
fn one_that_becomes_unhealthy_is_stopped_and_started_again() {
    check(expect![[r#"
        api: restart=on-failure interval=100ms retries=2
        10 up
        10 restarted api
        110 unready api 503
        210 unready api 503 -> api unhealthy: 503; terminate api; api stopping
        250 exit api signal15 -> api backoff: 503, again in 104
        354 -> spawn api; api starting
        400 ready api -> api ready"#]]);
}

#[test]
fn one_without_a_policy_stays_unhealthy() {
    check(expect![[r#"
        api: interval=100ms
        10 up
        110 unready api 503 -> api unhealthy: 503
        210 ready api -> api ready"#]]);
}

#[test]
fn a_failure_while_the_stack_starts_is_tried_again() {
    check(expect![[r#"
        db: restart=on-failure; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        0 restarted db
        30 exit db 1 -> terminate db; db backoff: code 1 after 30 before ready, again in 123
        153 -> spawn db; db starting
        200 ready db -> db ready; spawn api; api starting
        210 ready api -> api ready; batch 0 is ready"#]]);
}

#[test]
fn all_attempts_of_a_first_start_share_one_start_period() {
    check(expect![[r#"
        db: restart=on-failure start=300ms; api: db
        0 begin -> db waiting; api waiting; spawn db; db starting
        0 restarted db
        30 exit db 1 -> terminate db; db backoff: code 1 after 30 before ready, again in 123
        153 -> spawn db; db starting
        180 exit db 2 -> terminate db; batch 0 has failed; api stopped; db failed: code 2 after 26 before ready
        1000 end -> over: true, exit 1"#]]);
}

#[test]
fn a_first_start_ends_with_the_time_of_the_whole() {
    check(expect![[r#"
        db: restart=on-failure
        0 begin timeout=150ms -> db waiting; spawn db; db starting
        0 restarted db
        30 exit db 1 -> terminate db; batch 0 has failed; db failed: code 1 after 30 before ready
        149 unready db refused
        150 unready db refused"#]]);
}

#[test]
fn later_starts_have_a_start_period_each_and_failing_to_be_ready_is_one_of_the_ends() {
    check(expect![[r#"
        db: restart=on-failure start=300ms
        0 begin timeout=200ms -> db waiting; spawn db; db starting
        0 restarted db
        10 ready db -> db ready; batch 0 is ready
        500 exit db 1 -> terminate db; db backoff: code 1 after 500, again in 123
        600 unready db refused
        623 -> spawn db; db starting
        1000 unready db refused -> terminate db; db stopping
        1010 exit db signal15 -> db backoff: not ready after 376: refused, again in 207
        1217 -> spawn db; db starting
        1300 ready db -> db ready"#]]);
}

#[test]
fn a_stop_ends_a_pause_at_once() {
    check(expect![[r#"
        db: restart=on-failure; api: db
        20 up
        20 restarted db
        500 exit db 1 -> terminate db; db backoff: code 1 after 480, again in 123
        550 stop -> db stopped; terminate api; api stopping
        600 exit api 0 -> api stopped
        700 end -> over: true, exit 0"#]]);
}

#[test]
fn a_stop_while_its_children_end_is_no_restart() {
    check(expect![[r#"
        db: restart=on-failure
        10 up
        500 exit db 1 left=1 -> terminate db
        510 stop db
        520 gone db
        520 -> db stopped
        700 end -> over: true, exit 0"#]]);
}

#[test]
fn ctrl_c_ends_a_pause_at_once() {
    check(expect![[r#"
        db: restart=always
        10 up
        10 restarted db
        500 exit db 1 -> terminate db; db backoff: code 1 after 490, again in 123
        550 interrupt -> db stopped
        700 end -> over: true, exit 0"#]]);
}

#[test]
fn one_whose_dependency_is_down_waits_for_it_again() {
    check(expect![[r#"
        db: restart=on-failure; api: db restart=on-failure
        20 up
        20 restarted db
        20 restarted api
        500 exit db 1 -> terminate db; db backoff: code 1 after 480, again in 123
        500 exit api 1 -> terminate api; api backoff: code 1 after 480, again in 104
        604 -> api waiting
        623 -> spawn db; db starting
        700 waits api -> db
        800 ready db -> db ready; spawn api; api starting
        900 ready api -> api ready
        900 restarts api -> 1"#]]);
}

#[test]
fn one_whose_dependency_is_gone_for_good_has_failed() {
    check(expect![[r#"
        db; api: db restart=on-failure
        20 up
        20 restarted api
        500 exit db 1 -> terminate db; db failed: code 1 after 480
        500 exit api 1 -> terminate api; api backoff: code 1 after 480, again in 104
        604 -> api failed: without db
        700 end -> over: true, exit 1"#]]);
}

#[test]
fn whoever_kills_it_now_and_then_is_no_fault_of_its_own() {
    check(expect![[r#"
        api: restart=always
        10 up
        1010 exit api signal9 -> terminate api; api backoff: signal 9 after 1000, again in 0; spawn api; api starting
        1020 ready api -> api ready
        2020 exit api signal15 -> terminate api; api backoff: signal 15 after 1010, again in 0; spawn api; api starting
        2030 ready api -> api ready
        3029 exit api signal9 -> terminate api; api backoff: signal 9 after 1009, again in 104
        3133 -> spawn api; api starting
        3200 ready api -> api ready
        4200 exit api 1 -> terminate api; api backoff: code 1 after 1066, again in 205"#]]);
}

#[test]
fn what_could_be_started_before_is_tried_again_where_the_system_is_out_of_something() {
    check(expect![[r#"
        api: restart=always
        10 up
        20 missing api no room
        30 exit api 1 -> terminate api; api backoff: code 1 after 20, again in 0; spawn api
            -> api backoff: no room, again in 104
        31 end -> over: false, exit 0"#]]);
}
