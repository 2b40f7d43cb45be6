//! Words → the framework; a lock and who has it → the finding.

use std::collections::BTreeSet;
use std::path::Path;

use super::{DevServer, FRAMEWORKS, Holder, Lock, framework, held};
use crate::diagnostic::Level;
use crate::plan::planned::planned;
use crate::process::Tag;

#[track_caller]
fn check(line: &str, expected: Option<&str>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(framework(&words).map(|it| it.name), expected, "{line}");
}

#[test]
fn the_words_that_start_a_dev_server_are_known() {
    check("next dev --turbopack", Some("Next.js"));
    check("npx next", Some("Next.js"));
    check("node_modules/.bin/next dev", Some("Next.js"));
    check("next start", None);
    check("next build", None);
    check("pnpm exec nuxi dev --port 3000", Some("Nuxt"));
    check("astro dev", Some("Astro"));
    check("astro --host", Some("Astro"));
    check("astro dev --ignore-lock", None);
    check("astro dev --force", None);
    check("vite dev", None);
}

#[test]
fn the_lock_files_are_read_as_the_frameworks_write_them() {
    let lock = |text: &str| serde_json::from_str::<Lock>(text).ok().map(|it| (it.pid, it.port));
    let next = r#"{"pid":4242,"port":3000,"hostname":"localhost","appUrl":"http://localhost:3000","startedAt":1}"#;
    assert_eq!(lock(next), Some((4242, Some(3000))));
    let nuxt = r#"{"pid":4242,"startedAt":1,"command":"dev","cwd":"/shop"}"#;
    assert_eq!(lock(nuxt), Some((4242, None)));
    let astro = r#"{"pid":4242,"port":4321,"url":"http://localhost:4321","background":false,"startedAt":"2026-11-23"}"#;
    assert_eq!(lock(astro), Some((4242, Some(4321))));
    assert_eq!(lock(""), None);
}

/// The finding about the first service, whose lock process 4242 has.
#[track_caller]
fn told(framework: usize, checkout: Option<&str>, port: Option<u16>, told: &[u32]) -> Option<(Level, String, String)> {
    let plan = planned(Path::new("/shop"), "[services.web]\ncommand = 'npm run dev'");
    let tag = checkout.map(|checkout| Tag {
        project: "shop".into(),
        service: "web".into(),
        checkout: Path::new(checkout).into(),
        run: "1".into(),
    });
    let server = DevServer {
        service: "web".to_owned(),
        framework: &FRAMEWORKS[framework],
        lock: Path::new("/shop/web").join(FRAMEWORKS[framework].lock),
        holder: Some(Holder {
            pid: 4242,
            name: "node".into(),
            tag,
            port,
        }),
    };
    let finding = held(&plan, &server, &BTreeSet::from_iter(told.iter().copied()))?;
    let hint = finding.hints[0].render("devtasks");
    // As on Unix.
    Some((finding.level, finding.message.replace('\\', "/"), hint))
}

#[test]
fn a_second_server_is_told_of_with_what_stops_the_first() {
    assert_eq!(
        told(0, None, Some(3001), &[]),
        Some((
            Level::Fail,
            "another dev server of Next.js, `node` (pid 4242), has the lock `web/.next/dev/lock`; `web` does not start \
             beside it, whatever its port"
                .to_owned(),
            "stop that one with `devtasks port kill 3001`".to_owned()
        ))
    );
    assert_eq!(
        told(1, Some("/other"), None, &[]),
        Some((
            Level::Warn,
            "another dev server of Nuxt, `node` (pid 4242), has the lock `web/.nuxt/nuxt.lock`; `web` may refuse to \
             start beside it"
                .to_owned(),
            "stop that one with `kill 4242`".to_owned()
        ))
    );
}

#[test]
fn ours_and_what_was_told_is_not_told_again() {
    assert_eq!(told(2, Some("/shop"), Some(4321), &[]), None);
    assert_eq!(told(2, None, Some(4321), &[4242]), None);
}
