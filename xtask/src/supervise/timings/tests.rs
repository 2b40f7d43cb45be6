//! Starts as text: the services with their dependencies, when each entered which state, and the timings of that.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{Prepared, Timings, Track, timings};
use crate::plan::Condition;
use crate::supervise::State;

/// `services` is `db; api: db, migrate(completed)`. Each line of `states` is `70 api ready`: milliseconds since the
/// supervisor started. The start is requested at 100, when `up` had run for 50 ms.
#[track_caller]
fn check(services: &str, states: &str, expected: Expect) {
    expected.assert_eq(&text(made(services, states).as_ref()));
}

pub(crate) fn made(services: &str, states: &str) -> Option<Timings> {
    let parsed: Vec<_> = services.split("; ").map(service).collect();
    let tracks: Vec<_> = parsed
        .iter()
        .map(|(name, depends_on)| Track {
            name,
            task: false,
            depends_on,
            states: states.lines().filter_map(|line| entered(line, name)).collect(),
        })
        .collect();
    let prepared = Prepared {
        began: "2026-11-23T08:00:00Z".parse().unwrap(),
        venvs: None,
    };
    let milliseconds = Duration::from_millis;
    timings("1-2", &prepared, milliseconds(50), milliseconds(100), &tracks)
}

fn service(text: &str) -> (String, Vec<(String, Condition)>) {
    let (name, needs) = text.split_once(": ").unwrap_or((text, ""));
    let need = |text: &str| match text.split_once('(') {
        Some((name, "started)")) => (name.to_owned(), Condition::Started),
        Some((name, "completed)")) => (name.to_owned(), Condition::Completed),
        Some(_) => panic!("no such condition: {text}"),
        None => (text.to_owned(), Condition::Healthy),
    };
    let needs = needs.split(", ").filter(|text| !text.is_empty());
    (name.to_owned(), needs.map(need).collect())
}

fn entered(line: &str, service: &str) -> Option<(Duration, State)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [at, name, state] = words[..] else { return None };
    let state = serde_json::from_value(state.into()).unwrap();
    (name == service).then(|| (Duration::from_millis(at.parse().unwrap()), state))
}

fn text(timings: Option<&Timings>) -> String {
    let Some(timings) = timings else {
        return "nothing has changed".to_owned();
    };
    let mut text = format!(
        "{:?} after {}: {}",
        timings.outcome,
        timings.took.as_millis(),
        timings.critical.join(" > ")
    );
    for service in &timings.services {
        let before = if service.ran_before { ", ran before" } else { "" };
        text.push_str(&format!("\n{} {}{before}:", service.name, service.state.name()));
        for span in &service.spans {
            let waits = span.waiting_for.join(", ");
            let waits = if waits.is_empty() {
                waits
            } else {
                format!(" for {waits}")
            };
            text.push_str(&format!(
                " {} {}-{}{waits};",
                span.state.name(),
                span.from.as_millis(),
                span.to.as_millis()
            ));
        }
    }
    text
}

#[test]
fn in_a_diamond_the_slower_side_is_critical() {
    check(
        "db; left: db; right: db; web: left, right",
        "100 db waiting\n100 left waiting\n100 right waiting\n100 web waiting
         101 db starting\n200 db ready\n200 left starting\n200 right starting\n250 left ready
         400 right ready\n400 web starting\n500 web ready",
        expect![[r#"
            Ready after 450: db > right > web
            db ready: waiting 50-51; starting 51-150; ready 150-450;
            left ready: waiting 50-150 for db; starting 150-200; ready 200-450;
            right ready: waiting 50-150 for db; starting 150-350; ready 350-450;
            web ready: waiting 50-350 for left, right; starting 350-450;"#]],
    );
}

#[test]
fn what_waits_for_nobody_is_critical_if_it_arrives_last() {
    check(
        "db; api: db; slow",
        "100 db waiting\n100 api waiting\n100 slow waiting
         100 db starting\n100 slow starting\n150 db ready\n150 api running\n900 slow ready",
        expect![[r#"
            Ready after 850: slow
            db ready: starting 50-100; ready 100-850;
            api running: waiting 50-100 for db; running 100-850;
            slow ready: starting 50-850;"#]],
    );
}

#[test]
fn a_task_holds_up_what_needs_its_completion() {
    check(
        "db; migrate: db; api: db, migrate(completed)",
        "100 db waiting\n100 migrate waiting\n100 api waiting
         100 db starting\n150 db ready\n150 migrate starting\n350 migrate completed\n350 api starting\n400 api ready",
        expect![[r#"
            Ready after 350: db > migrate > api
            db ready: starting 50-100; ready 100-350;
            migrate completed: waiting 50-100 for db; starting 100-300;
            api ready: waiting 50-300 for db, migrate; starting 300-350;"#]],
    );
}

#[test]
fn a_start_is_enough_for_the_condition_started() {
    check(
        "db; api: db(started)",
        "100 db waiting\n100 api waiting\n110 db starting\n110 api starting\n120 api ready\n300 db ready",
        expect![[r#"
            Ready after 250: db
            db ready: waiting 50-60; starting 60-250;
            api ready: waiting 50-60 for db; starting 60-70; ready 70-250;"#]],
    );
}

#[test]
fn the_start_ends_with_the_first_failure() {
    check(
        "db; slow; migrate: db; api: migrate(completed)",
        "100 db waiting\n100 slow waiting\n100 migrate waiting\n100 api waiting
         100 db starting\n100 slow starting\n150 db ready\n150 migrate starting
         300 api stopped\n300 migrate failed\n300 db stopping\n300 slow stopping\n320 db stopped\n330 slow stopped",
        expect![[r#"
            Failed after 250: db > migrate
            db ready: starting 50-100; ready 100-250;
            slow starting: starting 50-250;
            migrate failed: waiting 50-100 for db; starting 100-250;
            api waiting: waiting 50-250 for migrate;"#]],
    );
}

#[test]
fn others_that_are_stopped_before_the_failure_is_announced_are_shown_as_they_were() {
    check(
        "db; migrate: db; api: migrate(completed)",
        "100 db waiting\n100 migrate waiting\n100 api waiting
         100 db starting\n150 db ready\n150 migrate starting
         300 api stopped\n305 migrate failed\n305 db stopping\n320 db stopped",
        expect![[r#"
            Failed after 255: db > migrate
            db ready: starting 50-100; ready 100-255;
            migrate failed: waiting 50-100 for db; starting 100-255;
            api waiting: waiting 50-255 for migrate;"#]],
    );
}

#[test]
fn a_service_that_was_never_ready_failed_when_it_was_given_up() {
    check(
        "db; api: db",
        "100 db waiting\n100 api waiting\n100 db starting
         60100 db stopping\n60100 api stopped\n60140 db failed",
        expect![[r#"
            Failed after 60050: db
            db failed: starting 50-60050;
            api waiting: waiting 50-60050 for db;"#]],
    );
}

#[test]
fn a_restart_during_the_start_is_part_of_it() {
    check(
        "db; api: db",
        "100 db waiting\n100 api waiting\n100 db starting\n150 db ready\n150 api starting
         200 api backoff\n300 api starting\n450 api ready",
        expect![[r#"
            Ready after 400: db > api
            db ready: starting 50-100; ready 100-400;
            api ready: waiting 50-100 for db; starting 100-150; backoff 150-250; starting 250-400;"#]],
    );
}

#[test]
fn what_ran_before_holds_nobody_up() {
    check(
        "db; api: db; done; web: api, done(completed)",
        "10 db waiting\n10 done waiting\n20 db starting\n30 db ready\n30 done starting\n40 done completed
         100 api waiting\n100 web waiting\n100 api starting\n180 api ready\n180 web running",
        expect![[r#"
            Ready after 130: api > web
            db ready, ran before: ready 50-130;
            api ready: starting 50-130;
            done completed, ran before:
            web running: waiting 50-130 for api;"#]],
    );
}

#[test]
fn an_edited_service_stops_first() {
    check(
        "db; api: db",
        "10 db waiting\n10 api waiting\n20 db starting\n30 db ready\n30 api starting\n40 api ready
         110 api stopping\n160 api waiting\n160 api starting\n200 api ready",
        expect![[r#"
            Ready after 150: api
            db ready, ran before: ready 50-150;
            api ready, ran before: ready 50-60; stopping 60-110; starting 110-150;"#]],
    );
}

#[test]
fn a_start_that_was_stopped_ends_there() {
    check(
        "db; api: db",
        "100 db waiting\n100 api waiting\n100 db starting\n250 api stopped\n250 db stopping\n400 db stopped",
        expect![[r#"
            Stopped after 200: db > api
            db starting: starting 50-200;
            api waiting: waiting 50-200 for db;"#]],
    );
}

#[test]
fn a_start_that_changed_nothing_has_no_timings() {
    check(
        "db; api: db",
        "10 db starting\n20 db ready\n30 api ready",
        expect!["nothing has changed"],
    );
}
