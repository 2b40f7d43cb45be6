//! Tasks: they run to completion before their dependents start.

use super::check;
use expect_test::expect;

#[test]
fn task_runs_after_its_dependencies_and_before_its_dependents() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        0 begin -> db waiting; migrate waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn migrate; migrate starting
        6 waits migrate -> nothing
        6 waits api -> migrate
        70000 exit migrate -> terminate migrate; migrate completed: code 0 after 69995; spawn api; api running
            -> batch 0 is ready
        70000 end -> over: false, exit 0"#]]);
}

#[test]
fn task_exit_other_than_0_fails_the_batch() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        0 begin -> db waiting; migrate waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn migrate; migrate starting
        40 exit migrate 3 -> terminate migrate; batch 0 has failed; api stopped; migrate failed: code 3 after 35
            -> terminate db; db stopping
        50 exit db -> db stopped
        50 end -> over: true, exit 1"#]]);
    check(expect![[r#"
        migrate: task
        0 begin -> migrate waiting; spawn migrate; migrate starting
        40 exit migrate signal9 -> terminate migrate; batch 0 has failed; migrate failed: signal 9 after 40
        40 end -> over: true, exit 1"#]]);
}

#[test]
fn task_completes_when_no_process_of_it_is_left() {
    check(expect![[r#"
        migrate: task grace=1s; api: migrate(completed) unprobed
        0 begin -> migrate waiting; api waiting; spawn migrate; migrate starting
        10 exit migrate 0 left=1 -> terminate migrate
        400 gone migrate
        417 -> migrate completed: code 0 after 10; spawn api; api running; batch 0 is ready
        500 until"#]]);
}

#[test]
fn run_of_tasks_alone_is_over_when_they_have_completed() {
    check(expect![[r#"
        lint: task; test: lint(completed) task
        0 begin -> lint waiting; test waiting; spawn lint; lint starting
        10 exit lint -> terminate lint; lint completed: code 0 after 10; spawn test; test starting
        20 exit test -> terminate test; test completed: code 0 after 10; batch 0 is ready
        20 end -> over: true, exit 0"#]]);
}

#[test]
fn task_with_condition_started_is_waited_for_by_the_batch_alone() {
    check(expect![[r#"
        seed: task; api: seed(started) unprobed
        0 begin -> seed waiting; api waiting; spawn seed; seed starting; spawn api; api running
        30 exit seed -> terminate seed; seed completed: code 0 after 30; batch 0 is ready
        30 end -> over: false, exit 0"#]]);
}

#[test]
fn task_has_no_time_limit_but_the_batch_timeout() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        0 begin timeout=2s -> db waiting; migrate waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn migrate; migrate starting
        2000 -> terminate migrate; migrate stopping; batch 0 has failed; api stopped
        2001 exit migrate signal15 -> migrate failed: not ready after 1995: it has not ended yet; terminate db
            -> db stopping
        2002 exit db -> db stopped
        2002 end -> over: true, exit 4"#]]);
}

#[test]
fn batch_timeout_ends_the_wait_for_a_task_of_another_batch() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        0 begin migrate db -> db waiting; migrate waiting; spawn db; db starting
        5 ready db -> db ready; spawn migrate; migrate starting
        10 begin api timeout=1s -> api waiting
        1010 -> api failed: not ready after 1000: it waits for `migrate`; batch 1 has failed
        3000 exit migrate -> terminate migrate; migrate completed: code 0 after 2995; batch 0 is ready
        3000 end -> over: false, exit 4"#]]);
}

#[test]
fn running_task_is_stopped_like_a_service() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        0 begin -> db waiting; migrate waiting; api waiting; spawn db; db starting
        5 ready db -> db ready; spawn migrate; migrate starting
        10 interrupt -> api stopped; terminate migrate; migrate stopping
        11 exit migrate 0 -> migrate stopped; terminate db; db stopping
        12 exit db -> db stopped; batch 0 has failed
        12 end -> over: true, exit 0"#]]);
    check(expect![[r#"
        migrate: task grace=50ms
        0 begin -> migrate waiting; spawn migrate; migrate starting
        10 stop -> terminate migrate; migrate stopping
        60 -> kill migrate
        70 exit migrate signal9 -> migrate stopped; batch 0 has failed
        70 end -> over: true, exit 0"#]]);
}

#[test]
fn completed_task_does_not_run_again_with_a_restart() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        10 up
        20 restart db -> terminate db; db stopping
        30 exit db -> db waiting; spawn db; db starting
        35 ready db -> db ready
        40 restart -> terminate api; api stopping
        50 exit api -> api waiting; terminate db; db stopping
        60 exit db -> db waiting; spawn db; db starting
        65 ready db -> db ready; spawn api; api running"#]]);
}

#[test]
fn stop_order_holds_across_a_completed_task() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        10 up
        20 stop -> terminate api; api stopping
        30 exit api -> api stopped; terminate db; db stopping
        40 exit db -> db stopped
        40 end -> over: true, exit 0"#]]);
}

#[test]
fn completed_task_runs_again_if_named() {
    check(expect![[r#"
        db; migrate: db task; api: migrate(completed) unprobed
        10 up
        20 restart migrate -> migrate waiting; spawn migrate; migrate starting
        70000 exit migrate 1 -> terminate migrate; migrate failed: code 1 after 69980
        70000 end -> over: false, exit 1
        70010 restart api -> migrate waiting; terminate api; api stopping
        70010 waits api -> nothing
        70011 exit migrate
        70012 end -> over: false, exit 0"#]]);
}

#[test]
fn dependents_with_restart_end_before_their_task_runs_again() {
    check(expect![[r#"
        migrate: task; api: migrate(completed+restart) unprobed
        10 up
        20 restart migrate -> migrate waiting; terminate api; api stopping
        21 waits migrate -> api
        30 exit api -> api waiting; spawn migrate; migrate starting
        40 exit migrate -> terminate migrate; migrate completed: code 0 after 10; spawn api; api running"#]]);
}

#[test]
fn failed_task_runs_again_with_a_start_and_a_completed_one_does_not() {
    check(expect![[r#"
        other: unprobed; migrate: task; api: migrate(completed) unprobed
        0 up other
        10 begin migrate api -> migrate waiting; api waiting; spawn migrate; migrate starting
        20 exit migrate 1 -> terminate migrate; batch 1 has failed; api stopped; migrate failed: code 1 after 10
        30 begin migrate api -> migrate waiting; api waiting; spawn migrate; migrate starting
        40 exit migrate -> terminate migrate; migrate completed: code 0 after 10; spawn api; api running
            -> batch 2 is ready
        50 stop api -> terminate api; api stopping
        51 exit api -> api stopped
        60 begin api -> api waiting; spawn api; api running; batch 3 is ready"#]]);
}
