//! From `begin` to ready, and what becomes of health afterwards.

use super::check;
use expect_test::expect;

#[test]
fn what_depends_on_nothing_starts_at_once_and_the_rest_when_its_dependencies_are_ready() {
    check(
        "db
         cache
         api: db, cache
         web: api",
        "0 begin
         5 ready cache
         9 ready db
         30 ready api
         31 ready web",
        expect![[r#"
            0 db waiting
            0 cache waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 spawn cache
            0 db starting
            0 cache starting
            5 cache ready
            9 db ready
            9 spawn api
            9 api starting
            30 api ready
            30 spawn web
            30 web starting
            31 web ready
            31 batch 0 is ready"#]],
    );
}

#[test]
fn started_is_less_than_healthy() {
    check(
        "db
         web: db(started)
         api: db",
        "0 begin
         5 ready web
         7 ready db
         8 ready api",
        expect![[r#"
            0 db waiting
            0 web waiting
            0 api waiting
            0 spawn db
            0 db starting
            0 spawn web
            0 web starting
            5 web ready
            7 db ready
            7 spawn api
            7 api starting
            8 api ready
            8 batch 0 is ready"#]],
    );
}

#[test]
fn without_a_port_and_a_check_a_unit_is_ready_when_it_was_spawned() {
    check(
        "worker: unprobed
         api: worker",
        "0 begin
         3 ready api",
        expect![[r#"
            0 worker waiting
            0 api waiting
            0 spawn worker
            0 worker ready
            0 spawn api
            0 api starting
            3 api ready
            3 batch 0 is ready"#]],
    );
}

#[test]
fn probes_come_at_once_then_with_pauses_that_grow_to_a_tenth_of_the_time_waited() {
    check(
        "api",
        "all
         0 begin
         1 unready api refused
         7 unready api refused
         100 unready api refused
         1000 unready api refused
         5000 unready api refused
         5300 ready api
         9000",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            6 probe api
            12 probe api
            110 probe api
            1100 probe api
            5250 probe api
            5300 api ready
            5300 batch 0 is ready"#]],
    );
}

#[test]
fn a_last_probe_is_asked_before_giving_up() {
    check(
        "api: start=1s",
        "all
         0 begin
         990 unready api refused
         1003 ready api",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            1000 probe api
            1003 api ready
            1003 batch 0 is ready"#]],
    );
    check(
        "api: start=1s grace=1s",
        "all
         0 begin
         990 unready api refused
         1003 unready api still refused
         1004 exit api signal15",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            1000 probe api
            1003 terminate api
            1003 api stopping
            1003 batch 0 has failed
            1004 sweep api
            1004 api failed: not ready after 1003: still refused"#]],
    );
}

#[test]
fn a_last_probe_that_is_never_answered_does_not_hold_up_the_end() {
    check(
        "api: start=1s",
        "0 begin
         3000 exit api
         3001 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            2000 terminate api
            2000 api stopping
            2000 batch 0 has failed
            3000 api failed: not ready after 2000: no answer yet
            over: true, exit 4"#]],
    );
    check(
        "api: start=1s",
        "0 begin
         10 unready api GET / 503
         3000 ready api
         3001 exit api
         3002 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            2000 terminate api
            2000 api stopping
            2000 batch 0 has failed
            3001 api failed: not ready after 2000: GET / 503
            over: true, exit 4"#]],
    );
}

#[test]
fn the_timeout_of_a_batch_shortens_every_start() {
    check(
        "db
         api: db start=10s",
        "0 begin timeout=2s
         1500 ready db
         1990 unready api refused
         2001 unready api refused
         2010 exit api
         2020 exit db
         2030 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            1500 db ready
            1500 spawn api
            1500 api starting
            2001 terminate api
            2001 api stopping
            2001 batch 0 has failed
            2010 api failed: not ready after 501: refused
            2010 terminate db
            2010 db stopping
            2020 db stopped
            over: true, exit 4"#]],
    );
}

#[test]
fn a_unit_waits_for_what_is_open() {
    check(
        "db
         cache
         api: db, cache",
        "0 begin
         1 waits api
         2 ready db
         3 waits api
         4 waits cache
         5 unready cache nothing listens on 6379 yet
         6 waits cache
         7 ready cache
         8 waits cache
         9 waits api",
        expect![[r#"
            0 db waiting
            0 cache waiting
            0 api waiting
            0 spawn db
            0 spawn cache
            0 db starting
            0 cache starting
            api waits for [db, cache]
            2 db ready
            api waits for [cache]
            cache waits for []
            cache waits for [nothing listens on 6379 yet]
            7 cache ready
            7 spawn api
            7 api starting
            cache waits for []
            api waits for []"#]],
    );
}

#[test]
fn failures_in_a_row_make_a_ready_unit_unhealthy_and_one_success_makes_it_ready_again() {
    check(
        "api: interval=1s retries=3",
        "all
         0 begin
         5 ready api
         1010 unready api 500
         2020 unready api 500
         3030 ready api
         4040 unready api 500
         5050 unready api 500
         6060 unready api 502
         7070 unready api 503
         8080 ready api",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            0 probe api
            5 api ready
            5 batch 0 is ready
            1005 probe api
            2010 probe api
            3020 probe api
            4030 probe api
            5040 probe api
            6050 probe api
            6060 api unhealthy: 502
            7060 probe api
            8070 probe api
            8080 api ready"#]],
    );
}

#[test]
fn a_check_that_could_not_be_asked_says_nothing_of_a_ready_unit() {
    check(
        "api: interval=1s retries=2 restart=always",
        "0 begin
         10 ready api
         1010 unready api 502
         2010 unasked api no thread
         3010 unasked api no thread
         4010 ready api
         5000 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            10 api ready
            10 batch 0 is ready
            over: false, exit 0"#]],
    );
}

#[test]
fn an_unhealthy_dependency_keeps_a_later_unit_waiting() {
    check(
        "db: interval=1s
         api: db",
        "0 begin db
         5 ready db
         1010 unready db no answer
         1500 begin api
         2020 ready db
         2030 ready api",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            5 db ready
            5 batch 0 is ready
            1010 db unhealthy: no answer
            1500 api waiting
            2020 db ready
            2020 spawn api
            2020 api starting
            2030 api ready
            2030 batch 1 is ready"#]],
    );
}

#[test]
fn late_answers_change_nothing() {
    check(
        "api: grace=1s",
        "0 begin
         5 stop
         6 ready api
         7 exit api
         8 ready api
         9 unready api refused
         10 exit api 1",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 terminate api
            5 api stopping
            7 api stopped
            7 batch 0 has failed"#]],
    );
}
