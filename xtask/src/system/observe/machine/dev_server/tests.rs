//! A command, a package and its lock file → the framework, and who has the lock.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::dev_servers;
use crate::plan::planned::planned;

/// `PID` in the lock stands for the test's own; `scripts` are those of `package.json`.
#[track_caller]
fn check(command: &str, scripts: &str, lock: (&str, &str), expected: Option<(&str, Option<u16>)>) {
    let project = TempDir::new().unwrap();
    let checkout = project.path().canonicalize().unwrap();
    let web = checkout.join("web");
    fs::create_dir(&web).unwrap();
    fs::write(web.join("package.json"), format!("{{\"scripts\": {{{scripts}}}}}")).unwrap();
    let path = web.join(lock.0);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, lock.1.replace("PID", &std::process::id().to_string())).unwrap();
    let file = format!("[services.web]\ncommand = '{command}'\nworking_dir = 'web'");
    let found = dev_servers(&planned(&checkout, &file));
    let found = found
        .first()
        .map(|it| (it.framework.name, it.holder.as_ref().map(|it| (it.pid, it.port))));
    let us = std::process::id();
    assert_eq!(
        found,
        expected.map(|(name, port)| (name, port.map(|port| (us, Some(port))))),
        "{command}"
    );
}

#[test]
fn the_server_of_a_command_or_of_a_script_is_found_with_its_lock() {
    let next = (".next/dev/lock", r#"{"pid":PID,"port":3001}"#);
    check("npx next dev", "", next, Some(("Next.js", Some(3001))));
    check(
        "npm run dev",
        r#""dev": "next dev --turbopack""#,
        next,
        Some(("Next.js", Some(3001))),
    );
    check(
        "npm run build",
        r#""dev": "next dev", "build": "next build""#,
        next,
        None,
    );
    let astro = (
        ".astro/dev.json",
        r#"{"pid":PID,"port":4321,"url":"http://localhost:4321"}"#,
    );
    check("pnpm dev", r#""dev": "astro dev""#, astro, Some(("Astro", Some(4321))));
    check(
        "npx nuxi dev",
        "",
        (".nuxt/nuxt.lock", r#"{"pid":PID,"port":3000}"#),
        Some(("Nuxt", Some(3000))),
    );
}

#[test]
fn a_lock_without_a_living_process_has_no_holder() {
    check("npx next dev", "", (".next/dev/lock", ""), Some(("Next.js", None)));
    // A program that every system has.
    let mut program = Command::new(std::env::current_exe().unwrap());
    let mut gone = program.arg("--help").stdout(Stdio::null()).spawn().unwrap();
    gone.wait().unwrap();
    let lock = format!(r#"{{"pid":{},"port":3001}}"#, gone.id());
    check("npx next dev", "", (".next/dev/lock", &lock), Some(("Next.js", None)));
}
