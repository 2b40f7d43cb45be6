//! From the wish to end a unit to the proof that nothing of it is left.

use super::check;
use expect_test::expect;

#[test]
fn dependents_are_stopped_before_what_they_depend_on() {
    check(
        "db
         cache
         api: db, cache
         web: api",
        "0 begin
         1 ready db
         2 ready cache
         3 ready api
         4 ready web
         9 interrupt
         20 exit web
         30 exit api
         35 exit cache
         40 exit db
         41 end",
        expect![[r#"
            0 db waiting
            0 cache waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 spawn cache
            0 db starting
            0 cache starting
            1 db ready
            2 cache ready
            2 spawn api
            2 api starting
            3 api ready
            3 spawn web
            3 web starting
            4 web ready
            4 batch 0 is ready
            9 terminate web
            9 web stopping
            20 web stopped
            20 terminate api
            20 api stopping
            30 api stopped
            30 terminate db
            30 db stopping
            30 terminate cache
            30 cache stopping
            35 cache stopped
            40 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn what_is_asked_for_after_an_interrupt_is_never_started() {
    check(
        "db
         api: db",
        "0 interrupt
         0 begin
         1 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 api stopped
            0 db stopped
            0 batch 0 has failed
            over: true, exit 0"#]],
    );
}

#[test]
fn one_unit_is_stopped_alone() {
    check(
        "db
         api: db",
        "0 begin
         1 ready db
         2 ready api
         9 stop db
         20 exit db
         21 end
         30 stop db
         40 stop api
         50 exit api
         51 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            1 db ready
            1 spawn api
            1 api starting
            2 api ready
            2 batch 0 is ready
            9 terminate db
            9 db stopping
            20 db stopped
            over: false, exit 0
            40 terminate api
            40 api stopping
            50 api stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn grace_is_waited_for_and_then_it_is_killed() {
    check(
        "api: grace=2s",
        "0 begin
         5 ready api
         9 stop
         2050 exit api signal9",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            2009 kill api
            2050 api stopped"#]],
    );
}

#[test]
fn what_outlives_a_kill_counts_as_a_survivor() {
    check(
        "api: grace=1s",
        "0 begin
         5 ready api
         9 stop
         1100 exit api signal9 left=2
         9000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            1009 kill api
            6050 api failed: 2 survived
            over: true, exit 7"#]],
    );
    // Its own process is never reported.
    check(
        "api: grace=1s",
        "0 begin
         5 ready api
         9 stop
         10 gone api
         9000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            1009 kill api
            6009 api failed: 1 survived
            over: true, exit 7"#]],
    );
}

#[test]
fn what_cannot_be_counted_is_not_gone() {
    check(
        "api: grace=1s",
        "0 begin
         5 ready api
         9 stop
         10 exit api signal15 left=?
         9000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            1009 kill api
            6009 api failed: unverified: too many open files
            over: true, exit 7"#]],
    );
    // Once they can, and there are none, it is over.
    check(
        "api: grace=1s",
        "0 begin
         5 ready api
         9 stop
         10 exit api signal15 left=?
         300 gone api
         9000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            320 api stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn a_survivor_does_not_keep_its_dependencies_running() {
    check(
        "db
         api: db grace=1s",
        "0 begin
         1 ready db
         2 ready api
         9 interrupt
         1100 exit api signal9 left=1
         7000 exit db
         7001 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            1 db ready
            1 spawn api
            1 api starting
            2 api ready
            2 batch 0 is ready
            9 terminate api
            9 api stopping
            1009 kill api
            6050 api failed: 1 survived
            6050 terminate db
            6050 db stopping
            7000 db stopped
            over: true, exit 7"#]],
    );
}

#[test]
fn children_that_are_left_are_ended_before_the_unit_is_over() {
    check(
        "api: grace=1s",
        "all
         0 begin
         5 ready api
         9 exit api 1 left=2
         100 gone api
         200 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 sweep api
            14 sweep api
            19 sweep api
            24 sweep api
            29 sweep api
            34 sweep api
            39 sweep api
            44 sweep api
            49 sweep api
            54 sweep api
            59 sweep api
            64 sweep api
            69 sweep api
            75 sweep api
            82 sweep api
            89 sweep api
            97 sweep api
            106 sweep api
            106 api failed: code 1 after 9
            over: true, exit 1"#]],
    );
    check(
        "api: grace=100ms",
        "0 begin
         5 ready api
         9 exit api 0 left=1
         150 gone api
         300 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            109 kill api
            155 api exited: code 0 after 9
            over: true, exit 0"#]],
    );
}

#[test]
fn its_processes_are_counted_as_soon_as_it_has_ended() {
    check(
        "api",
        "all
         0 begin
         5 ready api
         10 stop
         100 exit api",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            5 api ready
            5 batch 0 is ready
            10 terminate api
            10 api stopping
            100 sweep api
            100 api stopped"#]],
    );
}

#[test]
fn a_second_interrupt_kills_at_once() {
    check(
        "db
         api: db",
        "0 begin
         1 ready db
         5 ready api
         9 interrupt
         12 interrupt
         15 exit api signal9
         16 exit db signal9
         17 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            1 db ready
            1 spawn api
            1 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            12 terminate db
            12 db stopping
            12 kill db
            12 kill api
            15 api stopped
            16 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn more_interrupts_do_not_prolong_the_wait_for_a_survivor() {
    check(
        "api",
        "0 begin
         5 ready api
         9 interrupt
         12 interrupt
         3000 interrupt
         4900 interrupt
         9000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api stopping
            12 kill api
            5031 api failed: 1 survived
            over: true, exit 7"#]],
    );
}

#[test]
fn after_an_interrupt_nothing_starts() {
    check(
        "db
         api: db",
        "0 begin db
         5 ready db
         9 interrupt
         10 begin
         11 exit db
         12 end
         13 begin
         14 end",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            5 db ready
            5 batch 0 is ready
            9 terminate db
            9 db stopping
            10 api waiting
            10 api stopped
            10 batch 1 has failed
            11 db stopped
            over: true, exit 0
            13 db waiting
            13 api waiting
            13 api stopped
            13 db stopped
            13 batch 2 has failed
            over: true, exit 0"#]],
    );
}

#[test]
fn a_unit_that_fails_while_it_waits_to_be_stopped_has_failed() {
    check(
        "db
         api: db",
        "0 begin
         1 ready db
         2 ready api
         9 interrupt
         10 exit db 1
         20 exit api
         21 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            1 db ready
            1 spawn api
            1 api starting
            2 api ready
            2 batch 0 is ready
            9 terminate api
            9 api stopping
            10 terminate db
            10 db failed: code 1 after 10
            20 api stopped
            over: true, exit 1"#]],
    );
}
