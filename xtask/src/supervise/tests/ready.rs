//! Readiness: from `begin` to ready, and health checks afterwards.

use super::check;
use expect_test::expect;

#[test]
fn services_start_when_their_dependencies_are_ready() {
    check(expect![[r#"
        db; cache; api: db, cache; web: api
        0 begin -> db waiting; cache waiting; api waiting; web waiting; spawn db; spawn cache; db starting
            -> cache starting
        5 ready cache -> cache ready
        9 ready db -> db ready; spawn api; api starting
        30 ready api -> api ready; spawn web; web starting
        31 ready web -> web ready; batch 0 is ready"#]]);
}

#[test]
fn condition_started_does_not_wait_for_ready() {
    check(expect![[r#"
        db; web: db(started); api: db
        0 begin -> db waiting; web waiting; api waiting; spawn db; db starting; spawn web; web starting
        5 ready web -> web ready
        7 ready db -> db ready; spawn api; api starting
        8 ready api -> api ready; batch 0 is ready"#]]);
}

#[test]
fn service_without_port_and_health_check_is_ready_when_spawned() {
    check(expect![[r#"
        worker: unprobed; api: worker
        0 begin -> worker waiting; api waiting; spawn worker; worker running; spawn api; api starting
        3 ready api -> api ready; batch 0 is ready"#]]);
}

#[test]
fn probe_pauses_while_starting_are_a_tenth_of_the_time_waited() {
    check(expect![[r#"
        with probes and counts
        api
        0 begin -> api waiting; spawn api; api starting; probe api
        1 unready api refused
        6 -> probe api
        7 unready api refused
        12 -> probe api
        100 unready api refused
        110 -> probe api
        1000 unready api refused
        1100 -> probe api
        5000 unready api refused
        5250 -> probe api
        5300 ready api -> api ready; batch 0 is ready
        9000 until"#]]);
}

#[test]
fn start_period_ends_with_a_last_probe() {
    check(expect![[r#"
        with probes and counts
        api: start=1s
        0 begin -> api waiting; spawn api; api starting; probe api
        990 unready api refused
        1000 -> probe api
        1003 ready api -> api ready; batch 0 is ready"#]]);
    check(expect![[r#"
        with probes and counts
        api: start=1s grace=1s
        0 begin -> api waiting; spawn api; api starting; probe api
        990 unready api refused
        1000 -> probe api
        1003 unready api still refused -> terminate api; api stopping; batch 0 has failed
        1004 exit api signal15 -> count api; api failed: not ready after 1003: still refused"#]]);
}

#[test]
fn start_period_ends_although_the_last_probe_is_not_answered() {
    check(expect![[r#"
        api: start=1s
        0 begin -> api waiting; spawn api; api starting
        2000 -> terminate api; api stopping; batch 0 has failed
        3000 exit api -> api failed: not ready after 2000: no answer yet
        3001 end -> over: true, exit 4"#]]);
    check(expect![[r#"
        api: start=1s
        0 begin -> api waiting; spawn api; api starting
        10 unready api GET / 503
        2000 -> terminate api; api stopping; batch 0 has failed
        3000 ready api
        3001 exit api -> api failed: not ready after 2000: GET / 503
        3002 end -> over: true, exit 4"#]]);
}

#[test]
fn batch_timeout_shortens_start_periods() {
    check(expect![[r#"
        db; api: db start=10s
        0 begin timeout=2s -> db waiting; api waiting; spawn db; db starting
        1500 ready db -> db ready; spawn api; api starting
        1990 unready api refused
        2001 unready api refused -> terminate api; api stopping; batch 0 has failed
        2010 exit api -> api failed: not ready after 501: refused; terminate db; db stopping
        2020 exit db -> db stopped
        2030 end -> over: true, exit 4"#]]);
}

#[test]
fn waiting_for_names_dependencies_or_the_last_probe() {
    check(expect![[r#"
        db; cache; api: db, cache
        0 begin -> db waiting; cache waiting; api waiting; spawn db; spawn cache; db starting; cache starting
        1 waits api -> db, cache
        2 ready db -> db ready
        3 waits api -> cache
        4 waits cache -> nothing
        5 unready cache nothing listens on 6379 yet
        6 waits cache -> nothing listens on 6379 yet
        7 ready cache -> cache ready; spawn api; api starting
        8 waits cache -> nothing
        9 waits api -> nothing"#]]);
}

#[test]
fn health_check_retries_make_unhealthy_and_one_success_ready_again() {
    check(expect![[r#"
        with probes and counts
        api: interval=1s retries=3
        0 begin -> api waiting; spawn api; api starting; probe api
        5 ready api -> api ready; batch 0 is ready
        1005 -> probe api
        1010 unready api 500
        2010 -> probe api
        2020 unready api 500
        3020 -> probe api
        3030 ready api
        4030 -> probe api
        4040 unready api 500
        5040 -> probe api
        5050 unready api 500
        6050 -> probe api
        6060 unready api 502 -> api unhealthy: 502
        7060 -> probe api
        7070 unready api 503
        8070 -> probe api
        8080 ready api -> api ready"#]]);
}

#[test]
fn health_check_that_could_not_be_asked_changes_nothing() {
    check(expect![[r#"
        api: interval=1s retries=2 restart=always
        0 begin -> api waiting; spawn api; api starting
        10 ready api -> api ready; batch 0 is ready
        1010 unready api 502
        2010 unasked api no thread
        3010 unasked api no thread
        4010 ready api
        5000 end -> over: false, exit 0"#]]);
}

#[test]
fn unhealthy_dependency_keeps_a_later_service_waiting() {
    check(expect![[r#"
        db: interval=1s; api: db
        0 begin db -> db waiting; spawn db; db starting
        5 ready db -> db ready; batch 0 is ready
        1010 unready db no answer -> db unhealthy: no answer
        1500 begin api -> api waiting
        2020 ready db -> db ready; spawn api; api starting
        2030 ready api -> api ready; batch 1 is ready"#]]);
}

#[test]
fn late_probe_answers_and_exits_change_nothing() {
    check(expect![[r#"
        api: grace=1s
        0 begin -> api waiting; spawn api; api starting
        5 stop -> terminate api; api stopping
        6 ready api
        7 exit api -> api stopped; batch 0 has failed
        8 ready api
        9 unready api refused
        10 exit api 1"#]]);
}
