//! Services that are started again: when, after which pause, how often, and what ends it.

use super::check;
use expect_test::expect;

#[test]
fn a_crash_is_followed_by_a_pause_and_another_start() {
    check(
        "api: restart=on-failure",
        "
        0 begin
        0 restarted api
        10 ready api
        500 exit api 1
        700 ready api
        800 restarts api
        800 end
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            500 terminate api
            500 api backoff: code 1 after 500, again in 104
            604 spawn api
            604 api starting
            700 api ready
            api was restarted 1 times
            over: false, exit 0"#]],
    );
}

#[test]
fn without_a_policy_a_crash_is_the_end() {
    check(
        "api:",
        "
        0 begin
        10 ready api
        500 exit api 1
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            500 terminate api
            500 api failed: code 1 after 500"#]],
    );
}

#[test]
fn an_end_with_0_is_followed_by_a_start_with_always_alone() {
    check(
        "a: restart=on-failure
         b: restart=always",
        "
        0 begin
        0 restarted a
        0 restarted b
        10 ready a
        10 ready b
        500 exit a 0
        500 exit b 0
        ",
        expect![[r#"
            0 a waiting
            0 b waiting
            0 spawn a
            0 spawn b
            0 a starting
            0 b starting
            10 a ready
            10 b ready
            10 batch 0 is ready
            500 terminate a
            500 a exited: code 0 after 500
            500 terminate b
            500 b backoff: code 0 after 500, again in 123"#]],
    );
}

#[test]
fn pauses_grow_and_five_restarts_without_a_quiet_time_are_enough() {
    check(
        "api: restart=always",
        "
        0 begin
        10 ready api
        20 exit api 1
        200 ready api
        210 exit api 1
        1000 exit api 1
        2000 exit api 1
        4000 exit api 1
        7000 exit api 1
        8000 end
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            20 terminate api
            20 api backoff: code 1 after 20, again in 0
            20 spawn api
            20 api starting
            200 api ready
            210 terminate api
            210 api backoff: code 1 after 190, again in 104
            314 spawn api
            314 api starting
            1000 terminate api
            1000 api backoff: code 1 after 685 before ready, again in 205
            1205 spawn api
            1205 api starting
            2000 terminate api
            2000 api backoff: code 1 after 794 before ready, again in 430
            2430 spawn api
            2430 api starting
            4000 terminate api
            4000 api backoff: code 1 after 1569 before ready, again in 846
            4846 spawn api
            4846 api starting
            7000 terminate api
            7000 api failed: code 1 after 2153 before ready, gave up after 5
            over: true, exit 1"#]],
    );
}

#[test]
fn a_quiet_time_resets_the_count() {
    check(
        "api: restart=always",
        "
        0 begin
        0 restarted api
        10 ready api
        20 exit api 1
        200 ready api
        210 exit api 1
        500 ready api
        10500 exit api 1
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            20 terminate api
            20 api backoff: code 1 after 20, again in 104
            124 spawn api
            124 api starting
            200 api ready
            210 terminate api
            210 api backoff: code 1 after 85, again in 205
            415 spawn api
            415 api starting
            500 api ready
            10500 terminate api
            10500 api backoff: code 1 after 10084, again in 0
            10500 spawn api
            10500 api starting"#]],
    );
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    check(
        "api: restart=always
         web: restart=always",
        "
        0 begin web
        0 missing api no such command
        10 ready web
        20 begin api
        30 exit web 1 busy
        ",
        expect![[r#"
            0 web waiting
            0 spawn web
            0 web starting
            10 web ready
            10 batch 0 is ready
            20 api waiting
            20 spawn api
            20 api failed: no such command
            20 batch 1 has failed
            30 terminate web
            30 web failed: code 1 after 30"#]],
    );
}

#[test]
fn a_signal_is_no_lasting_cause_whatever_the_log_said() {
    check(
        "web: restart=on-failure",
        "
        0 begin
        0 restarted web
        10 ready web
        30 exit web signal9 busy
        ",
        expect![[r#"
            0 web waiting
            0 spawn web
            0 web starting
            10 web ready
            10 batch 0 is ready
            30 terminate web
            30 web backoff: signal 9 after 30, again in 103"#]],
    );
}

#[test]
fn one_that_becomes_unhealthy_is_stopped_and_started_again() {
    check(
        "api: restart=on-failure interval=100ms retries=2",
        "
        0 begin
        0 restarted api
        10 ready api
        110 unready api 503
        210 unready api 503
        250 exit api signal15
        400 ready api
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            210 api unhealthy: 503
            210 terminate api
            210 api stopping
            250 api backoff: 503, again in 104
            354 spawn api
            354 api starting
            400 api ready"#]],
    );
}

#[test]
fn one_without_a_policy_stays_unhealthy() {
    check(
        "api: interval=100ms",
        "
        0 begin
        10 ready api
        110 unready api 503
        210 ready api
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            110 api unhealthy: 503
            210 api ready"#]],
    );
}

#[test]
fn a_failure_while_the_stack_starts_is_tried_again() {
    check(
        "db: restart=on-failure
         api: db",
        "
        0 begin
        0 restarted db
        30 exit db 1
        200 ready db
        210 ready api
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            30 terminate db
            30 db backoff: code 1 after 30 before ready, again in 123
            153 spawn db
            153 db starting
            200 db ready
            200 spawn api
            200 api starting
            210 api ready
            210 batch 0 is ready"#]],
    );
}

#[test]
fn all_attempts_of_a_first_start_share_one_start_period() {
    check(
        "db: restart=on-failure start=300ms
         api: db",
        "
        0 begin
        0 restarted db
        30 exit db 1
        180 exit db 2
        1000 end
        ",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            30 terminate db
            30 db backoff: code 1 after 30 before ready, again in 123
            153 spawn db
            153 db starting
            180 terminate db
            180 batch 0 has failed
            180 api stopped
            180 db failed: code 2 after 26 before ready
            over: true, exit 1"#]],
    );
}

#[test]
fn a_first_start_ends_with_the_time_of_the_whole() {
    check(
        "db: restart=on-failure",
        "
        0 begin timeout=150ms
        0 restarted db
        30 exit db 1
        149 unready db refused
        150 unready db refused
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            30 terminate db
            30 batch 0 has failed
            30 db failed: code 1 after 30 before ready"#]],
    );
}

#[test]
fn later_starts_have_a_start_period_each_and_failing_to_be_ready_is_one_of_the_ends() {
    check(
        "db: restart=on-failure start=300ms",
        "
        0 begin timeout=200ms
        0 restarted db
        10 ready db
        500 exit db 1
        600 unready db refused
        1000 unready db refused
        1010 exit db signal15
        1300 ready db
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            10 db ready
            10 batch 0 is ready
            500 terminate db
            500 db backoff: code 1 after 500, again in 123
            623 spawn db
            623 db starting
            1000 terminate db
            1000 db stopping
            1010 db backoff: not ready after 376: refused, again in 207
            1217 spawn db
            1217 db starting
            1300 db ready"#]],
    );
}

#[test]
fn a_stop_ends_a_pause_at_once() {
    check(
        "db: restart=on-failure
         api: db",
        "
        0 begin
        0 restarted db
        10 ready db
        20 ready api
        500 exit db 1
        550 stop
        600 exit api 0
        700 end
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
            500 db backoff: code 1 after 500, again in 123
            550 db stopped
            550 terminate api
            550 api stopping
            600 api stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn a_stop_while_its_children_end_is_no_restart() {
    check(
        "db: restart=on-failure",
        "
        0 begin
        10 ready db
        500 exit db 1 left=1
        510 stop db
        520 gone db
        700 end
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            10 db ready
            10 batch 0 is ready
            500 terminate db
            520 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn ctrl_c_ends_a_pause_at_once() {
    check(
        "db: restart=always",
        "
        0 begin
        0 restarted db
        10 ready db
        500 exit db 1
        550 interrupt
        700 end
        ",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            10 db ready
            10 batch 0 is ready
            500 terminate db
            500 db backoff: code 1 after 500, again in 123
            550 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn one_whose_dependency_is_down_waits_for_it_again() {
    check(
        "db: restart=on-failure
         api: db restart=on-failure",
        "
        0 begin
        0 restarted db
        0 restarted api
        10 ready db
        20 ready api
        500 exit db 1
        500 exit api 1
        700 waits api
        800 ready db
        900 ready api
        900 restarts api
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
            500 db backoff: code 1 after 500, again in 123
            500 terminate api
            500 api backoff: code 1 after 490, again in 104
            604 api waiting
            623 spawn db
            623 db starting
            api waits for [db]
            800 db ready
            800 spawn api
            800 api starting
            900 api ready
            api was restarted 1 times"#]],
    );
}

#[test]
fn one_whose_dependency_is_gone_for_good_has_failed() {
    check(
        "db:
         api: db restart=on-failure",
        "
        0 begin
        0 restarted api
        10 ready db
        20 ready api
        500 exit db 1
        500 exit api 1
        700 end
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
            500 db failed: code 1 after 500
            500 terminate api
            500 api backoff: code 1 after 490, again in 104
            604 api failed: without db
            over: true, exit 1"#]],
    );
}

#[test]
fn whoever_kills_it_now_and_then_is_no_fault_of_its_own() {
    check(
        "api: restart=always",
        "
        0 begin
        10 ready api
        1010 exit api signal9
        1020 ready api
        2020 exit api signal15
        2030 ready api
        3029 exit api signal9
        3200 ready api
        4200 exit api 1
        ",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            1010 terminate api
            1010 api backoff: signal 9 after 1010, again in 0
            1010 spawn api
            1010 api starting
            1020 api ready
            2020 terminate api
            2020 api backoff: signal 15 after 1010, again in 0
            2020 spawn api
            2020 api starting
            2030 api ready
            3029 terminate api
            3029 api backoff: signal 9 after 1009, again in 104
            3133 spawn api
            3133 api starting
            3200 api ready
            4200 terminate api
            4200 api backoff: code 1 after 1066, again in 205"#]],
    );
}

#[test]
fn what_could_be_started_before_is_tried_again_where_the_system_is_out_of_something() {
    check(
        "api: restart=always",
        "0 begin
         10 ready api
         20 missing api no room
         30 exit api 1
         31 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            30 terminate api
            30 api backoff: code 1 after 30, again in 0
            30 spawn api
            30 api backoff: no room, again in 104
            over: false, exit 0"#]],
    );
}
