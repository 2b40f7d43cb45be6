//! What was asked for together: settled as a whole, and joined by later batches.

use super::check;
use expect_test::expect;

#[test]
fn a_failure_during_the_start_stops_the_rest_in_reverse_order() {
    check(
        "db
         api: db
         web: api
         other",
        "0 begin
         5 ready db
         9 ready api
         12 exit web 1
         20 exit other
         30 exit api
         40 exit db
         41 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 other waiting
            0 spawn db
            0 spawn other
            0 db starting
            0 other starting
            5 db ready
            5 spawn api
            5 api starting
            9 api ready
            9 spawn web
            9 web starting
            12 terminate web
            12 batch 0 has failed
            12 terminate other
            12 other stopping
            12 web failed: code 1 after 3 before ready
            12 terminate api
            12 api stopping
            20 other stopped
            30 api stopped
            30 terminate db
            30 db stopping
            40 db stopped
            over: true, exit 1"#]],
    );
}

#[test]
fn what_waits_for_a_failed_dependency_is_stopped_with_it() {
    check(
        "db
         api: db
         web: api",
        "0 begin
         5 exit db 1
         6 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 web waiting
            0 spawn db
            0 db starting
            5 terminate db
            5 batch 0 has failed
            5 web stopped
            5 api stopped
            5 db failed: code 1 after 5 before ready
            over: true, exit 1"#]],
    );
}

#[test]
fn a_failure_when_all_were_ready_leaves_the_others() {
    check(
        "db
         api: db",
        "0 begin
         5 ready db
         9 ready api
         99 exit db 1
         100 end
         200 exit api 0
         201 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn api
            5 api starting
            9 api ready
            9 batch 0 is ready
            99 terminate db
            99 db failed: code 1 after 99
            over: false, exit 1
            200 terminate api
            200 api exited: code 0 after 195
            over: true, exit 1"#]],
    );
}

#[test]
fn what_cannot_be_spawned_fails_the_batch() {
    check(
        "db
         api: db",
        "0 missing api `uvicorn` was not found
         0 begin
         5 ready db
         9 exit db
         10 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn api
            5 api failed: `uvicorn` was not found
            5 batch 0 has failed
            5 terminate db
            5 db stopping
            9 db stopped
            over: true, exit 5"#]],
    );
}

#[test]
fn exit_0_is_a_failure_only_before_a_unit_was_ready() {
    check(
        "api",
        "0 begin
         5 exit api 0
         6 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 terminate api
            5 batch 0 has failed
            5 api failed: code 0 after 5 before ready
            over: true, exit 1"#]],
    );
    check(
        "api",
        "0 begin
         5 ready api
         9 exit api 0
         10 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api exited: code 0 after 9
            over: true, exit 0"#]],
    );
    check(
        "job: unprobed",
        "0 begin
         5 exit job 0
         6 end",
        expect![[r#"
            0 job waiting
            0 spawn job
            0 job ready
            0 batch 0 is ready
            5 terminate job
            5 job exited: code 0 after 5
            over: true, exit 0"#]],
    );
}

#[test]
fn another_end_is_a_failure_always() {
    check(
        "api",
        "0 begin
         5 ready api
         9 exit api signal9
         10 end",
        expect![[r#"
            0 api waiting
            0 spawn api
            0 api starting
            5 api ready
            5 batch 0 is ready
            9 terminate api
            9 api failed: signal 9 after 9
            over: true, exit 1"#]],
    );
    check(
        "job: unprobed",
        "0 begin
         5 exit job 3
         6 end",
        expect![[r#"
            0 job waiting
            0 spawn job
            0 job ready
            0 batch 0 is ready
            5 terminate job
            5 job failed: code 3 after 5
            over: true, exit 1"#]],
    );
}

#[test]
fn a_unit_that_has_ended_well_counts_as_started_but_not_as_healthy() {
    check(
        "job: unprobed
         db
         after: job(started), db",
        "0 begin
         5 exit job 0
         9 ready db
         12 ready after",
        expect![[r#"
            0 job waiting
            0 db waiting
            0 after waiting
            0 spawn job
            0 spawn db
            0 job ready
            0 db starting
            5 terminate job
            5 job exited: code 0 after 5
            9 db ready
            9 spawn after
            9 after starting
            12 after ready
            12 batch 0 is ready"#]],
    );
    check(
        "job: unprobed
         db
         after: job, db",
        "0 begin
         5 exit job 0
         9 exit db
         10 end",
        expect![[r#"
            0 job waiting
            0 db waiting
            0 after waiting
            0 spawn job
            0 spawn db
            0 job ready
            0 db starting
            5 terminate job
            5 job exited: code 0 after 5
            5 after failed: without job
            5 batch 0 has failed
            5 terminate db
            5 db stopping
            9 db stopped
            over: true, exit 1"#]],
    );
}

#[test]
fn a_later_batch_joins_and_is_settled_by_itself() {
    check(
        "db
         api: db
         web: api",
        "0 begin db
         5 ready db
         9 begin
         20 ready api
         30 ready web
         40 begin db",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            5 db ready
            5 batch 0 is ready
            9 api waiting
            9 web waiting
            9 spawn api
            9 api starting
            20 api ready
            20 spawn web
            20 web starting
            30 web ready
            30 batch 1 is ready
            40 batch 2 is ready"#]],
    );
}

#[test]
fn a_batch_that_fails_leaves_those_of_other_batches() {
    check(
        "db
         api: db",
        "0 begin db
         5 ready db
         9 begin
         20 exit api 1
         21 end",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            5 db ready
            5 batch 0 is ready
            9 api waiting
            9 spawn api
            9 api starting
            20 terminate api
            20 batch 1 has failed
            20 api failed: code 1 after 11 before ready
            over: false, exit 1"#]],
    );
}

#[test]
fn a_later_batch_fails_with_the_dependency_it_waits_for() {
    check(
        "db
         api: db",
        "0 begin db
         1 begin api
         5 exit db 1
         6 end",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            1 api waiting
            5 terminate db
            5 batch 0 has failed
            5 db failed: code 1 after 5 before ready
            5 api failed: without db
            5 batch 1 has failed
            over: true, exit 1"#]],
    );
}

#[test]
fn the_timeout_of_a_later_batch_holds_for_what_waits_for_an_earlier_one() {
    check(
        "db
         api: db
         web: api",
        "0 begin db
         100 begin api web timeout=2s
         3000 ready db",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            100 api waiting
            100 web waiting
            2100 api failed: not ready after 2000: it waits for `db`
            2100 batch 1 has failed
            2100 web stopped
            3000 db ready
            3000 batch 0 is ready"#]],
    );
}

#[test]
fn what_starts_in_the_batch_itself_gives_the_better_reason() {
    check(
        "db
         cache
         api: db, cache",
        "0 begin db
         100 begin cache api timeout=2s
         2090 unready cache refused
         2110 unready cache refused
         2120 exit cache",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            100 cache waiting
            100 api waiting
            100 spawn cache
            100 cache starting
            2110 terminate cache
            2110 cache stopping
            2110 batch 1 has failed
            2110 api stopped
            2120 cache failed: not ready after 2010: refused"#]],
    );
}

#[test]
fn what_was_stopped_starts_again_with_a_clean_slate() {
    check(
        "db
         api: db grace=1s",
        "0 begin
         5 ready db
         6 exit api 1
         9 exit db
         10 end
         20 begin
         25 ready db
         30 ready api
         31 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn api
            5 api starting
            6 terminate api
            6 batch 0 has failed
            6 api failed: code 1 after 1 before ready
            6 terminate db
            6 db stopping
            9 db stopped
            over: true, exit 1
            20 db waiting
            20 api waiting
            20 spawn db
            20 db starting
            25 db ready
            25 spawn api
            25 api starting
            30 api ready
            30 batch 1 is ready
            over: false, exit 0"#]],
    );
}

#[test]
fn a_dependency_that_was_stopped_is_asked_for_again() {
    check(
        "db
         api: db",
        "0 begin db
         5 ready db
         9 stop db
         10 exit db
         20 begin api
         21 begin",
        expect![[r#"
            0 db waiting
            0 spawn db
            0 db starting
            5 db ready
            5 batch 0 is ready
            9 terminate db
            9 db stopping
            10 db stopped
            20 api waiting
            20 api failed: without db
            20 batch 1 has failed
            21 db waiting
            21 api waiting
            21 spawn db
            21 db starting"#]],
    );
}

#[test]
fn nothing_starts_on_what_is_about_to_end() {
    check(
        "db
         api: db
         web: db",
        "0 begin db api
         5 ready db
         6 ready api
         9 stop db api
         10 begin web
         20 exit api
         30 exit db
         31 end",
        expect![[r#"
            0 db waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn api
            5 api starting
            6 api ready
            6 batch 0 is ready
            9 terminate api
            9 api stopping
            10 web waiting
            20 api stopped
            20 terminate db
            20 db stopping
            30 db stopped
            30 web failed: without db
            30 batch 1 has failed
            over: true, exit 1"#]],
    );
}
