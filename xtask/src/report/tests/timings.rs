//! The waterfall of a start, as text, as a picture and as JSON.

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::{check, time};
use crate::expected::Expected;
use crate::report::json;
use crate::report::paint::Paint;
use crate::report::timings::{svg, text};
use crate::supervise::timings::Timings;
use crate::supervise::timings::tests::made;

/// Requested at 100, when preflight had taken 50 ms.
fn stack() -> Timings {
    made(
        "redis; migrate: redis; backend: redis, migrate(completed); frontend: redis; worker",
        "100 redis waiting\n100 migrate waiting\n100 backend waiting\n100 frontend waiting\n100 worker waiting
         100 redis starting\n100 worker running\n230 redis ready\n230 migrate starting\n230 frontend starting
         600 migrate completed\n600 backend starting\n920 frontend ready\n1400 backend ready",
    )
    .expect("something has changed")
}

fn failed() -> Timings {
    made(
        "db; migrate: db; api: migrate(completed); slow",
        "10 db starting\n20 db ready\n100 migrate waiting\n100 api waiting\n100 slow waiting
         100 migrate starting\n100 slow starting\n180 slow backoff\n200 slow starting
         300 api stopped\n300 migrate failed\n300 slow stopping\n330 slow stopped",
    )
    .expect("something has changed")
}

#[track_caller]
fn check_text(timings: &Timings, width: usize, utf8: bool, expected: impl Expected) {
    let seen = text(timings, None, Paint::of(false, !utf8, width));
    for line in seen.lines() {
        let wide = console::measure_text_width(line);
        assert!(wide <= width, "{wide} characters: {line}");
    }
    check(&seen, expected);
}

#[test]
fn each_service_has_a_bar_for_each_state() {
    check_text(
        &stack(),
        100,
        true,
        expect![[r#"
        Start: ready after 1.35 s

                     0                              675 ms                    1.35 s
          preflight  ██                                                                 50 ms
        * redis        ██████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   130 ms
        * migrate      ······██████████████████                                        370 ms  after redis
        * backend      ························█████████████████████████████████████   800 ms  after migrate
          frontend     ······█████████████████████████████████░░░░░░░░░░░░░░░░░░░░░░   690 ms  after redis
          worker       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░

          · waiting   █ starting   ░ ready
          * critical chain: redis → migrate → backend"#]],
    );
}

#[test]
fn a_narrow_terminal_has_short_bars() {
    check_text(
        &stack(),
        60,
        true,
        expect![[r#"
        Start: ready after 1.35 s

                     0                1.35 s
          preflight  █                          50 ms
        * redis       ██░░░░░░░░░░░░░░░░░░░░   130 ms
        * migrate     ··██████                 370 ms  after redis
        * backend     ········██████████████   800 ms  after migrate
          frontend    ··████████████░░░░░░░░   690 ms  after redis
          worker      ░░░░░░░░░░░░░░░░░░░░░░

          · waiting   █ starting   ░ ready
          * critical chain: redis → migrate → backend"#]],
    );
    check_text(
        &stack(),
        40,
        true,
        expect![[r#"
        Start: ready after 1.35 s

                     0           1.35 s
          preflight  █                     50 ms
        * redis       █░░░░░░░░░░░░░░░░   130 ms
        * migrate     ·█████              370 ms
        * backend     ······███████████   800 ms
          frontend    ·██████████░░░░░░   690 ms
          worker      ░░░░░░░░░░░░░░░░░

          · waiting   █ starting   ░ ready
          * critical chain: redis → migrate →
          backend"#]],
    );
}

#[test]
fn without_utf8_the_bars_are_ascii() {
    check_text(
        &stack(),
        80,
        false,
        expect![[r#"
        Start: ready after 1.35 s

                     0                    675 ms          1.35 s
          preflight  ##                                             50 ms
        * redis        ####-------------------------------------   130 ms
        * migrate      ....############                            370 ms  after redis
        * backend      ................#########################   800 ms  after migrate
          frontend     ....######################---------------   690 ms  after redis
          worker       -----------------------------------------

          . waiting   # starting   - ready
          * critical chain: redis -> migrate -> backend"#]],
    );
    check_text(
        &failed(),
        80,
        false,
        expect![[r#"
        Start: failed after 250 ms

                     0                   250 ms
          preflight  #####                         50 ms
          db              ---------------------           ran before
        * migrate         ####################x   200 ms  failed
          api             .....................           not started, waits for migrate
          slow            #########!!##########   180 ms  not ready, 2 starts

          . waiting   # starting   - ready   ! pause before a restart   x failed
          * critical chain: migrate"#]],
    );
}

#[test]
fn a_failed_start_ends_with_the_failure() {
    check_text(
        &failed(),
        80,
        true,
        expect![[r#"
        Start: failed after 250 ms

                     0                   250 ms
          preflight  █████                         50 ms
          db              ░░░░░░░░░░░░░░░░░░░░░           ran before
        * migrate         ████████████████████✗   200 ms  failed
          api             ·····················           not started, waits for migrate
          slow            █████████¦¦██████████   180 ms  not ready, 2 starts

          · waiting   █ starting   ░ ready   ¦ pause before a restart   ✗ failed
          * critical chain: migrate"#]],
    );
}

#[test]
fn time_spent_on_venvs_has_a_row() {
    let mut timings = stack();
    timings.venvs = Some((Duration::from_millis(10), Duration::from_millis(45)));
    check_text(
        &timings,
        80,
        true,
        expect![[r#"
        Start: ready after 1.35 s

                     0                    675 ms          1.35 s
          preflight  ██                                             50 ms
          venvs      █                                              35 ms
        * redis        ████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   130 ms
        * migrate      ····████████████                            370 ms  after redis
        * backend      ················█████████████████████████   800 ms  after migrate
          frontend     ····██████████████████████░░░░░░░░░░░░░░░   690 ms  after redis
          worker       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░

          · waiting   █ starting   ░ ready
          * critical chain: redis → migrate → backend"#]],
    );
}

#[test]
fn a_past_start_has_an_age() {
    let paint = Paint::of(false, false, 60);
    let seen = text(&stack(), Some(time("2026-11-23T08:14:00Z")), paint);
    check(
        &format!("{}\n", seen.lines().next().unwrap_or_default()),
        expect!["Last start, 14 min ago: ready after 1.35 s"],
    );
}

#[test]
fn colour_adds_to_the_signs() {
    let paint = |on: bool| Paint::of(on, false, 60);
    let coloured = text(&failed(), None, paint(true));
    assert_eq!(
        console::strip_ansi_codes(&coloured),
        text(&failed(), None, paint(false))
    );
    for code in ["\x1b[33m", "\x1b[32m", "\x1b[31m"] {
        assert!(coloured.contains(code), "{code:?} in {coloured:?}");
    }
}

#[test]
fn a_picture_is_svg_for_light_and_dark_pages() {
    check(
        &svg(&failed(), "a<b> & \u{1b}[31mc"),
        expect![[r#"
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 268" width="960" height="268" role="img">
            <title>a&lt;b&gt; &amp; \x1b[31mc: failed after 250 ms</title>
            <style>
              .page { fill: #ffffff } text { fill: #1f2328; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
              .title, .critical { font-weight: 700 } .dim { fill: #59636e } .grid { stroke: #d1d9e0 } .chain { fill: #0969da }
              .waiting { fill: #818b98 } .starting { fill: #bf8700 } .ready { fill: #2da44e } .failed { fill: #cf222e }
              .stopping, .backoff, .unhealthy { fill: #bc4c00 }
              @media (prefers-color-scheme: dark) {
                .page { fill: #0d1117 } text { fill: #f0f6fc } .dim { fill: #9198a1 } .grid { stroke: #3d444d } .chain { fill: #4493f8 }
                .waiting { fill: #656c76 } .starting { fill: #d29922 } .ready { fill: #3fb950 } .failed { fill: #f85149 }
                .stopping, .backoff, .unhealthy { fill: #db6d28 }
              }
            </style>
            <rect class="page" width="960" height="268"/>
            <text class="title" x="16.0" y="28" text-anchor="start">a&lt;b&gt; &amp; \x1b[31mc: failed after 250 ms</text>
            <line class="grid" x1="112.0" y1="62" x2="112.0" y2="204"/>
            <text class="dim" x="112.0" y="54" text-anchor="middle">0</text>
            <line class="grid" x1="267.5" y1="62" x2="267.5" y2="204"/>
            <text class="dim" x="267.5" y="54" text-anchor="middle">62 ms</text>
            <line class="grid" x1="423.0" y1="62" x2="423.0" y2="204"/>
            <text class="dim" x="423.0" y="54" text-anchor="middle">125 ms</text>
            <line class="grid" x1="578.5" y1="62" x2="578.5" y2="204"/>
            <text class="dim" x="578.5" y="54" text-anchor="middle">187 ms</text>
            <line class="grid" x1="734.0" y1="62" x2="734.0" y2="204"/>
            <text class="dim" x="734.0" y="54" text-anchor="middle">250 ms</text>
            <text class="dim" x="28.0" y="91" text-anchor="start">preflight</text>
            <rect class="starting" x="112.0" y="79" width="124.4" height="16"><title>preflight: starting, 0 ms to 50 ms</title></rect>
            <text class="dim" x="746.0" y="91" text-anchor="start">50 ms</text>
            <text class="name" x="28.0" y="117" text-anchor="start">db</text>
            <rect class="ready" x="236.4" y="110" width="497.6" height="6"><title>db: ready, 50 ms to 250 ms</title></rect>
            <text class="dim" x="746.0" y="117" text-anchor="start">ran before</text>
            <rect class="chain" x="16" y="130" width="4" height="18"/>
            <text class="critical" x="28.0" y="143" text-anchor="start">migrate</text>
            <rect class="starting" x="236.4" y="131" width="497.6" height="16"><title>migrate: starting, 50 ms to 250 ms</title></rect>
            <rect class="failed" x="731.0" y="129" width="6" height="20"/>
            <text class="dim" x="746.0" y="143" text-anchor="start">200 ms  failed</text>
            <text class="name" x="28.0" y="169" text-anchor="start">api</text>
            <rect class="waiting" x="236.4" y="164" width="497.6" height="2"><title>api: waiting, 50 ms to 250 ms</title></rect>
            <text class="dim" x="746.0" y="169" text-anchor="start">not started, waits for mi…</text>
            <text class="name" x="28.0" y="195" text-anchor="start">slow</text>
            <rect class="starting" x="236.4" y="183" width="199.0" height="16"><title>slow: starting, 50 ms to 130 ms</title></rect>
            <rect class="backoff" x="435.4" y="187" width="49.8" height="8"><title>slow: backoff, 130 ms to 150 ms</title></rect>
            <rect class="starting" x="485.2" y="183" width="248.8" height="16"><title>slow: starting, 150 ms to 250 ms</title></rect>
            <text class="dim" x="746.0" y="195" text-anchor="start">180 ms  not ready, 2 star…</text>
            <rect class="waiting" x="16" y="225" width="14" height="2"/>
            <text class="dim" x="36.0" y="230" text-anchor="start">waiting</text>
            <rect class="starting" x="116" y="218" width="14" height="16"/>
            <text class="dim" x="136.0" y="230" text-anchor="start">starting</text>
            <rect class="ready" x="224" y="223" width="14" height="6"/>
            <text class="dim" x="244.0" y="230" text-anchor="start">ready</text>
            <rect class="backoff" x="308" y="222" width="14" height="8"/>
            <text class="dim" x="328.0" y="230" text-anchor="start">pause before a restart</text>
            <rect class="failed" x="528" y="218" width="14" height="16"/>
            <text class="dim" x="548.0" y="230" text-anchor="start">failed</text>
            <text class="critical" x="16.0" y="252" text-anchor="start">critical chain: migrate</text>
            </svg>"#]],
    );
}

#[track_caller]
fn check_json(timings: Option<&Timings>, expected: Expect) {
    expected.assert_eq(&json::timings("shop", Path::new("/home/kim/shop"), timings));
}

#[test]
fn json_counts_milliseconds_from_the_call_of_up() {
    check_json(
        Some(&failed()),
        expect![[r#"
        {"schema_version":1,"project":"shop","checkout":"/home/kim/shop","timings":{"run":"1-2","began_at":"2026-11-23T08:00:00Z","outcome":"failed","took":250,"preflight":{"from":0,"to":50},"venvs":null,"services":[{"name":"db","task":false,"state":"ready","ran_before":true,"critical":false,"spans":[{"state":"ready","from":50,"to":250,"waiting_for":[]}]},{"name":"migrate","task":false,"state":"failed","ran_before":false,"critical":true,"spans":[{"state":"starting","from":50,"to":250,"waiting_for":[]}]},{"name":"api","task":false,"state":"waiting","ran_before":false,"critical":false,"spans":[{"state":"waiting","from":50,"to":250,"waiting_for":["migrate"]}]},{"name":"slow","task":false,"state":"starting","ran_before":false,"critical":false,"spans":[{"state":"starting","from":50,"to":130,"waiting_for":[]},{"state":"backoff","from":130,"to":150,"waiting_for":[]},{"state":"starting","from":150,"to":250,"waiting_for":[]}]}],"critical":["migrate"]}}
    "#]],
    );
    check_json(
        None,
        expect![[r#"
        {"schema_version":1,"project":"shop","checkout":"/home/kim/shop","timings":null}
    "#]],
    );
}
