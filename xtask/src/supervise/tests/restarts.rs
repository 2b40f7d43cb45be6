//! Restart policy: when a unit is restarted, after which pause, how often, and what prevents it.

use super::check;
use expect_test::expect;

#[test]
fn restart_follows_a_crash_after_a_backoff_pause() {
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
fn restart_policy_no_makes_a_crash_final() {
    check(expect![[r#"
        api
        10 up
        500 exit api 1 -> terminate api; api failed: code 1 after 490"#]]);
}

#[test]
fn restart_policy_always_alone_restarts_after_exit_code_0() {
    check(expect![[r#"
        a: restart=on-failure; b: restart=always
        10 up
        10 restarted a
        10 restarted b
        500 exit a 0 -> terminate a; a exited: code 0 after 490
        500 exit b 0 -> terminate b; b backoff: code 0 after 490, again in 123"#]]);
}

#[test]
fn restart_backoff_doubles_and_gives_up_after_5_restarts() {
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
fn restart_backoff_resets_after_10_s_ready() {
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
fn restart_is_not_tried_after_a_permanent_failure() {
    check(expect![[r#"
        api: restart=always; web: restart=always
        0 begin web -> web waiting; spawn web; web starting
        0 missing api no such command
        10 ready web -> web ready; batch 0 is ready
        20 begin api -> api waiting; spawn api; api failed: no such command; batch 1 has failed
        30 exit web 1 busy -> terminate web; web failed: code 1 after 30"#]]);
}

#[test]
fn restart_is_tried_after_a_signal_whatever_the_log_said() {
    check(expect![[r#"
        web: restart=on-failure
        10 up
        10 restarted web
        30 exit web signal9 busy -> terminate web; web backoff: signal 9 after 20, again in 103"#]]);
}

#[test]
fn unhealthy_service_is_stopped_and_restarted() {
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
fn unhealthy_service_without_restart_policy_is_left_running() {
    check(expect![[r#"
        api: interval=100ms
        10 up
        110 unready api 503 -> api unhealthy: 503
        210 ready api -> api ready"#]]);
}

#[test]
fn restart_follows_a_crash_before_ready() {
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
fn start_period_is_shared_by_all_attempts_of_a_first_start() {
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
fn start_timeout_of_the_batch_ends_the_attempts_of_a_first_start() {
    check(expect![[r#"
        db: restart=on-failure
        0 begin timeout=150ms -> db waiting; spawn db; db starting
        0 restarted db
        30 exit db 1 -> terminate db; batch 0 has failed; db failed: code 1 after 30 before ready
        149 unready db refused
        150 unready db refused"#]]);
}

#[test]
fn start_period_begins_again_with_each_later_restart() {
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
fn stop_during_backoff_takes_effect_at_once() {
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
fn stop_while_children_end_prevents_the_restart() {
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
fn ctrl_c_during_backoff_takes_effect_at_once() {
    check(expect![[r#"
        db: restart=always
        10 up
        10 restarted db
        500 exit db 1 -> terminate db; db backoff: code 1 after 490, again in 123
        550 interrupt -> db stopped
        700 end -> over: true, exit 0"#]]);
}

#[test]
fn restart_waits_for_a_dependency_that_is_down() {
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
fn restart_fails_without_a_dependency_that_has_failed() {
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
fn restart_backoff_resets_after_1_s_ready_if_killed() {
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
fn restart_is_tried_again_after_a_spawn_failure() {
    check(expect![[r#"
        api: restart=always
        10 up
        20 missing api no room
        30 exit api 1 -> terminate api; api backoff: code 1 after 20, again in 0; spawn api
            -> api backoff: no room, again in 104
        31 end -> over: false, exit 0"#]]);
}
