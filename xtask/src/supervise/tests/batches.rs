//! Batches: services requested together become ready or fail as a whole; later batches join the run.

use super::check;
use expect_test::expect;

#[test]
fn batch_failure_while_starting_stops_the_others_in_reverse_order() {
    check(expect![[r#"
        db; api: db; web: api; other
        0 begin -> db waiting; api waiting; web waiting; other waiting; spawn db; spawn other; db starting
            -> other starting
        5 ready db -> db ready; spawn api; api starting
        9 ready api -> api ready; spawn web; web starting
        12 exit web 1 -> terminate web; batch 0 has failed; terminate other; other stopping
            -> web failed: code 1 after 3 before ready; terminate api; api stopping
        20 exit other -> other stopped
        30 exit api -> api stopped; terminate db; db stopping
        40 exit db -> db stopped
        41 end -> over: true, exit 1"#]]);
}

#[test]
fn batch_failure_stops_services_that_wait_for_the_failed_one() {
    check(expect![[r#"
        db; api: db; web: api
        0 begin -> db waiting; api waiting; web waiting; spawn db; db starting
        5 exit db 1 -> terminate db; batch 0 has failed; web stopped; api stopped
            -> db failed: code 1 after 5 before ready
        6 end -> over: true, exit 1"#]]);
}

#[test]
fn service_failure_after_its_batch_was_ready_leaves_the_others_running() {
    check(expect![[r#"
        db; api: db
        9 up
        99 exit db 1 -> terminate db; db failed: code 1 after 90
        100 end -> over: false, exit 1
        200 exit api 0 -> terminate api; api exited: code 0 after 191
        201 end -> over: true, exit 1"#]]);
}

#[test]
fn spawn_failure_fails_the_batch() {
    check(expect![[r#"
        db; api: db
        0 missing api `uvicorn` was not found
        0 begin -> db waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn api; api failed: `uvicorn` was not found; batch 0 has failed; terminate db
            -> db stopping
        9 exit db -> db stopped
        10 end -> over: true, exit 5"#]]);
}

#[test]
fn exit_code_0_is_a_failure_only_before_ready() {
    check(expect![[r#"
        api
        0 begin -> api waiting; spawn api; api starting
        5 exit api 0 -> terminate api; batch 0 has failed; api failed: code 0 after 5 before ready
        6 end -> over: true, exit 1"#]]);
    check(expect![[r#"
        api
        5 up
        9 exit api 0 -> terminate api; api exited: code 0 after 4
        10 end -> over: true, exit 0"#]]);
    check(expect![[r#"
        job: unprobed
        0 up
        5 exit job 0 -> terminate job; job exited: code 0 after 5
        6 end -> over: true, exit 0"#]]);
}

#[test]
fn exit_by_another_code_or_a_signal_is_always_a_failure() {
    check(expect![[r#"
        api
        5 up
        9 exit api signal9 -> terminate api; api failed: signal 9 after 4
        10 end -> over: true, exit 1"#]]);
    check(expect![[r#"
        job: unprobed
        0 up
        5 exit job 3 -> terminate job; job failed: code 3 after 5
        6 end -> over: true, exit 1"#]]);
}

#[test]
fn dependency_that_exited_with_0_counts_as_started_but_not_as_healthy() {
    check(expect![[r#"
        job: unprobed; db; after: job(started), db
        0 begin -> job waiting; db waiting; after waiting; spawn job; spawn db; job running; db starting
        5 exit job 0 -> terminate job; job exited: code 0 after 5
        9 ready db -> db ready; spawn after; after starting
        12 ready after -> after ready; batch 0 is ready"#]]);
    check(expect![[r#"
        job: unprobed; db; after: job, db
        0 begin -> job waiting; db waiting; after waiting; spawn job; spawn db; job running; db starting
        5 exit job 0 -> terminate job; job exited: code 0 after 5; after failed: without job; batch 0 has failed
            -> terminate db; db stopping
        9 exit db -> db stopped
        10 end -> over: true, exit 1"#]]);
}

#[test]
fn later_batch_joins_the_run_and_is_settled_by_itself() {
    check(expect![[r#"
        db; api: db; web: api
        5 up db
        9 begin -> api waiting; web waiting; spawn api; api starting
        20 ready api -> api ready; spawn web; web starting
        30 ready web -> web ready; batch 1 is ready
        40 begin db -> batch 2 is ready"#]]);
}

#[test]
fn batch_failure_leaves_services_of_other_batches_running() {
    check(expect![[r#"
        db; api: db
        5 up db
        9 begin -> api waiting; spawn api; api starting
        20 exit api 1 -> terminate api; batch 1 has failed; api failed: code 1 after 11 before ready
        21 end -> over: false, exit 1"#]]);
}

#[test]
fn later_batch_fails_with_the_dependency_it_waits_for() {
    check(expect![[r#"
        db; api: db
        0 begin db -> db waiting; spawn db; db starting
        1 begin api -> api waiting
        5 exit db 1 -> terminate db; batch 0 has failed; db failed: code 1 after 5 before ready; api failed: without db
            -> batch 1 has failed
        6 end -> over: true, exit 1"#]]);
}

#[test]
fn batch_timeout_ends_the_wait_for_a_service_of_another_batch() {
    check(expect![[r#"
        db; api: db; web: api
        0 begin db -> db waiting; spawn db; db starting
        100 begin api web timeout=2s -> api waiting; web waiting
        2100 -> api failed: not ready after 2000: it waits for `db`; batch 1 has failed; web stopped
        3000 ready db -> db ready; batch 0 is ready"#]]);
}

#[test]
fn batch_timeout_gives_the_reason_of_its_own_starting_service() {
    check(expect![[r#"
        db; cache; api: db, cache
        0 begin db -> db waiting; spawn db; db starting
        100 begin cache api timeout=2s -> cache waiting; api waiting; spawn cache; cache starting
        2090 unready cache refused
        2110 unready cache refused -> terminate cache; cache stopping; batch 1 has failed; api stopped
        2120 exit cache -> cache failed: not ready after 2010: refused"#]]);
}

#[test]
fn start_after_a_failure_clears_the_exit_code() {
    check(expect![[r#"
        db; api: db grace=1s
        0 begin -> db waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn api; api starting
        6 exit api 1 -> terminate api; batch 0 has failed; api failed: code 1 after 1 before ready; terminate db
            -> db stopping
        9 exit db -> db stopped
        10 end -> over: true, exit 1
        20 begin -> db waiting; api waiting; spawn db; db starting
        25 ready db -> db ready; spawn api; api starting
        30 ready api -> api ready; batch 1 is ready
        31 end -> over: false, exit 0"#]]);
}

#[test]
fn stopped_dependency_starts_again_only_if_asked_for() {
    check(expect![[r#"
        db; api: db
        5 up db
        9 stop db -> terminate db; db stopping
        10 exit db -> db stopped
        20 begin api -> api waiting; api failed: without db; batch 1 has failed
        21 begin -> db waiting; api waiting; spawn db; db starting"#]]);
}

#[test]
fn stopping_dependency_lets_no_dependent_start() {
    check(expect![[r#"
        db; api: db; web: db
        6 up db api
        9 stop db api -> terminate api; api stopping
        10 begin web -> web waiting
        20 exit api -> api stopped; terminate db; db stopping
        30 exit db -> db stopped; web failed: without db; batch 1 has failed
        31 end -> over: true, exit 1"#]]);
}
