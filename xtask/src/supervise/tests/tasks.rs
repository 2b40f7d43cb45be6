//! Tasks: run to their end, once, before what depends on them.

use super::check;
use expect_test::expect;

const SHOP: &str = "
    db
    migrate: db task
    api: migrate(completed) unprobed
";

#[test]
fn a_task_runs_when_its_dependencies_are_ready_and_its_dependents_when_it_is_done() {
    check(
        SHOP,
        "0 begin
         5 ready db
         6 waits migrate
         6 waits api
         70000 exit migrate
         70000 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            migrate waits for []
            api waits for [migrate]
            70000 terminate migrate
            70000 migrate exited: code 0 after 69995
            70000 spawn api
            70000 api ready
            70000 batch 0 is ready
            over: false, exit 0"#]],
    );
}

#[test]
fn a_task_that_ends_otherwise_than_with_0_fails_the_batch() {
    check(
        SHOP,
        "0 begin
         5 ready db
         40 exit migrate 3
         50 exit db
         50 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            40 terminate migrate
            40 batch 0 has failed
            40 api stopped
            40 migrate failed: code 3 after 35
            40 terminate db
            40 db stopping
            50 db stopped
            over: true, exit 1"#]],
    );
    check(
        "migrate: task",
        "0 begin
         40 exit migrate signal9
         40 end",
        expect![[r#"
            0 migrate waiting
            0 spawn migrate
            0 migrate starting
            40 terminate migrate
            40 batch 0 has failed
            40 migrate failed: signal 9 after 40
            over: true, exit 1"#]],
    );
}

#[test]
fn a_task_is_done_when_nothing_of_it_is_left() {
    check(
        "migrate: task grace=1s
         api: migrate(completed) unprobed",
        "0 begin
         10 exit migrate 0 left=1
         400 gone migrate
         500",
        expect![[r#"
            0 migrate waiting
            0 api waiting
            0 spawn migrate
            0 migrate starting
            10 terminate migrate
            417 migrate exited: code 0 after 10
            417 spawn api
            417 api ready
            417 batch 0 is ready"#]],
    );
}

#[test]
fn a_stack_of_tasks_is_over_when_they_are_done() {
    check(
        "lint: task
         test: lint(completed) task",
        "0 begin
         10 exit lint
         20 exit test
         20 end",
        expect![[r#"
            0 lint waiting
            0 test waiting
            0 spawn lint
            0 lint starting
            10 terminate lint
            10 lint exited: code 0 after 10
            10 spawn test
            10 test starting
            20 terminate test
            20 test exited: code 0 after 10
            20 batch 0 is ready
            over: true, exit 0"#]],
    );
}

#[test]
fn a_task_that_only_has_to_be_started_is_not_waited_for_by_its_dependent_but_by_the_batch() {
    check(
        "seed: task
         api: seed(started) unprobed",
        "0 begin
         30 exit seed
         30 end",
        expect![[r#"
            0 seed waiting
            0 api waiting
            0 spawn seed
            0 seed starting
            0 spawn api
            0 api ready
            30 terminate seed
            30 seed exited: code 0 after 30
            30 batch 0 is ready
            over: false, exit 0"#]],
    );
}

#[test]
fn a_task_has_no_time_limit_but_that_of_the_whole() {
    check(
        SHOP,
        "0 begin timeout=2s
         5 ready db
         2001 exit migrate signal15
         2002 exit db
         2002 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            2000 terminate migrate
            2000 migrate stopping
            2000 batch 0 has failed
            2000 api stopped
            2001 migrate failed: not ready after 1995: it has not ended yet
            2001 terminate db
            2001 db stopping
            2002 db stopped
            over: true, exit 4"#]],
    );
}

#[test]
fn a_task_of_another_batch_is_waited_for_as_long_as_ones_own_time() {
    check(
        SHOP,
        "0 begin migrate db
         5 ready db
         10 begin api timeout=1s
         3000 exit migrate
         3000 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            10 api waiting
            1010 api failed: not ready after 1000: it waits for `migrate`
            1010 batch 1 has failed
            3000 terminate migrate
            3000 migrate exited: code 0 after 2995
            3000 batch 0 is ready
            over: false, exit 4"#]],
    );
}

#[test]
fn a_task_at_work_is_stopped_like_a_service() {
    check(
        SHOP,
        "0 begin
         5 ready db
         10 interrupt
         11 exit migrate 0
         12 exit db
         12 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            10 api stopped
            10 terminate migrate
            10 migrate stopping
            11 migrate stopped
            11 terminate db
            11 db stopping
            12 db stopped
            12 batch 0 has failed
            over: true, exit 0"#]],
    );
    check(
        "migrate: task grace=50ms",
        "0 begin
         10 stop
         70 exit migrate signal9
         70 end",
        expect![[r#"
            0 migrate waiting
            0 spawn migrate
            0 migrate starting
            10 terminate migrate
            10 migrate stopping
            60 kill migrate
            70 migrate stopped
            70 batch 0 has failed
            over: true, exit 0"#]],
    );
}

#[test]
fn a_restart_of_a_service_or_of_all_leaves_a_task_that_is_done() {
    check(
        SHOP,
        "0 begin
         5 ready db
         10 exit migrate
         20 restart db
         30 exit db
         35 ready db
         40 restart
         50 exit api
         60 exit db
         65 ready db",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            10 terminate migrate
            10 migrate exited: code 0 after 5
            10 spawn api
            10 api ready
            10 batch 0 is ready
            20 terminate db
            20 db stopping
            30 db waiting
            30 spawn db
            30 db starting
            35 db ready
            40 terminate api
            40 api stopping
            50 api waiting
            50 terminate db
            50 db stopping
            60 db waiting
            60 spawn db
            60 db starting
            65 db ready
            65 spawn api
            65 api ready"#]],
    );
}

#[test]
fn what_used_a_task_ends_before_what_the_task_used() {
    check(
        SHOP,
        "0 begin
         5 ready db
         10 exit migrate
         20 stop
         30 exit api
         40 exit db
         40 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            10 terminate migrate
            10 migrate exited: code 0 after 5
            10 spawn api
            10 api ready
            10 batch 0 is ready
            20 terminate api
            20 api stopping
            30 api stopped
            30 terminate db
            30 db stopping
            40 db stopped
            over: true, exit 0"#]],
    );
}

#[test]
fn a_task_that_is_named_runs_again() {
    check(
        SHOP,
        "0 begin
         5 ready db
         10 exit migrate
         20 restart migrate
         70000 exit migrate 1
         70000 end
         70010 restart api
         70010 waits api
         70011 exit migrate
         70012 end",
        expect![[r#"
            0 db waiting
            0 migrate waiting
            0 api waiting
            0 spawn db
            0 db starting
            5 db ready
            5 spawn migrate
            5 migrate starting
            10 terminate migrate
            10 migrate exited: code 0 after 5
            10 spawn api
            10 api ready
            10 batch 0 is ready
            20 migrate waiting
            20 spawn migrate
            20 migrate starting
            70000 terminate migrate
            70000 migrate failed: code 1 after 69980
            over: false, exit 1
            70010 migrate waiting
            70010 terminate api
            70010 api stopping
            api waits for []
            over: false, exit 0"#]],
    );
}

#[test]
fn dependents_that_are_restarted_with_a_task_end_before_it_runs_again() {
    check(
        "migrate: task
         api: migrate(completed+restart) unprobed",
        "0 begin
         10 exit migrate
         20 restart migrate
         21 waits migrate
         30 exit api
         40 exit migrate",
        expect![[r#"
            0 migrate waiting
            0 api waiting
            0 spawn migrate
            0 migrate starting
            10 terminate migrate
            10 migrate exited: code 0 after 10
            10 spawn api
            10 api ready
            10 batch 0 is ready
            20 migrate waiting
            20 terminate api
            20 api stopping
            migrate waits for [api]
            30 api waiting
            30 spawn migrate
            30 migrate starting
            40 terminate migrate
            40 migrate exited: code 0 after 10
            40 spawn api
            40 api ready"#]],
    );
}

#[test]
fn a_task_that_failed_runs_again_when_it_is_asked_for_and_one_that_is_done_is_not_missed() {
    check(
        "other: unprobed
         migrate: task
         api: migrate(completed) unprobed",
        "0 begin other
         10 begin migrate api
         20 exit migrate 1
         30 begin migrate api
         40 exit migrate
         50 stop api
         51 exit api
         60 begin api",
        expect![[r#"
            0 other waiting
            0 spawn other
            0 other ready
            0 batch 0 is ready
            10 migrate waiting
            10 api waiting
            10 spawn migrate
            10 migrate starting
            20 terminate migrate
            20 batch 1 has failed
            20 api stopped
            20 migrate failed: code 1 after 10
            30 migrate waiting
            30 api waiting
            30 spawn migrate
            30 migrate starting
            40 terminate migrate
            40 migrate exited: code 0 after 10
            40 spawn api
            40 api ready
            40 batch 2 is ready
            50 terminate api
            50 api stopping
            51 api stopped
            60 api waiting
            60 spawn api
            60 api ready
            60 batch 3 is ready"#]],
    );
}
