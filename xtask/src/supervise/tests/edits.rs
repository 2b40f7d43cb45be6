//! Changed files of watched units: what restarts, and what an end by itself waits for.

use super::check;
use expect_test::expect;

#[test]
fn an_edit_restarts_the_unit_and_those_that_asked_for_it() {
    check(expect![[r#"
        db: watched; api: db(restart); web: db
        3 up
        100 edit db a.sql -> terminate api; api stopping
        110 exit api 0 -> api waiting; terminate db; db stopping: a.sql changed
        120 exit db 0 -> db waiting; spawn db; db starting
        130 ready db -> db ready; spawn api; api starting
        140 ready api -> api ready
        150 restarts db -> 0"#]]);
}

#[test]
fn an_edit_during_the_start_begins_it_again() {
    check(expect![[r#"
        api: watched
        0 begin -> api waiting; spawn api; api starting
        100 edit api a.py -> terminate api; api stopping: a.py changed
        110 edit api b.py
        120 exit api signal15 -> api waiting; spawn api; api starting
        200 ready api -> api ready; batch 0 is ready"#]]);
}

#[test]
fn an_edit_starts_a_unit_that_has_failed_and_what_waits_for_it() {
    check(expect![[r#"
        api: watched; web: api(restart)
        2 up
        100 edit api a.py -> terminate web; web stopping
        110 exit web 0 -> web waiting; terminate api; api stopping: a.py changed
        120 exit api 0 -> api waiting; spawn api; api starting
        130 exit api 1 -> terminate api; api failed: code 1 after 10 before ready
        140 end -> over: false, exit 1
        150 edit api a.py -> api waiting: a.py changed; spawn api; api starting
        160 ready api -> api ready; spawn web; web starting
        170 ready web -> web ready
        180 end -> over: false, exit 0"#]]);
}

#[test]
fn an_edit_starts_nothing_that_was_stopped_or_whose_start_has_failed() {
    check(expect![[r#"
        api: watched; db
        0 begin -> api waiting; db waiting; spawn api; spawn db; api starting; db starting
        10 ready db -> db ready
        20 exit api 1 -> terminate api; batch 0 has failed; terminate db; db stopping
            -> api failed: code 1 after 20 before ready
        25 edit api a.py
        30 exit db 0 -> db stopped
        40 edit api a.py
        50 end -> over: true, exit 1"#]]);
    check(expect![[r#"
        api: watched; db
        2 up
        10 stop api -> terminate api; api stopping
        20 exit api 0 -> api stopped
        30 edit api a.py
        40 exit db 0 -> terminate db; db exited: code 0 after 38
        50 end -> over: true, exit 0"#]]);
}

#[test]
fn ctrl_c_ends_a_stack_that_waits_for_an_edit() {
    check(expect![[r#"
        api: watched
        1 up
        10 exit api 1 -> terminate api; api failed: code 1 after 9
        20 end -> over: false, exit 1
        30 interrupt
        40 end -> over: true, exit 1"#]]);
}

#[test]
fn one_that_is_no_longer_watched_awaits_nothing() {
    check(expect![[r#"
        api: watched; web: api(restart)
        2 up
        10 unwatch api
        20 exit api 1 -> terminate api; api failed: code 1 after 18
        30 exit web 0 -> terminate web; web exited: code 0 after 28
        40 end -> over: true, exit 1"#]]);
}
