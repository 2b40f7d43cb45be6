//! A command and the files of a project → the Node project whose packages it needs.

use std::fs;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{NodeState, node};
use crate::plan::planned::planned;
use crate::preflight::CommandFact;

const PACKAGE: &str = r#"{ "dependencies": { "vue": "3" }, "devDependencies": { "vite": "8" } }"#;

/// Each file is `PATH TEXT`; `PATH/` is a directory. `node_modules` is made before the other files, an hour ago if
/// marked `old`.
#[track_caller]
fn check(command: &str, working_dir: &str, files: &[&str], expected: &str) {
    let project = TempDir::new().unwrap();
    let checkout = project.path().canonicalize().unwrap();
    for file in files {
        let (path, text) = file.split_once(' ').unwrap_or((file, ""));
        let path = checkout.join(path);
        if file.ends_with('/') {
            fs::create_dir_all(&path).unwrap();
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.trim_start_matches("old ")).unwrap();
        if text.starts_with("old ") {
            let hour_ago = SystemTime::now() - Duration::from_secs(3600);
            fs::File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(hour_ago)
                .unwrap();
        }
    }
    fs::create_dir_all(checkout.join(working_dir)).unwrap();
    let file = format!("[services.web]\ncommand = '{command}'\nworking_dir = '{working_dir}'");
    let plan = planned(&checkout, &file);
    let shown = match node(&plan.services[0], &CommandFact::NotFound { near: None }, &checkout) {
        None => "none".to_owned(),
        Some(fact) => {
            let state = match &fact.state {
                NodeState::Installed => "installed".to_owned(),
                NodeState::Missing => "missing".to_owned(),
                NodeState::Older { lock } => format!("older than {}", lock.strip_prefix(&checkout).unwrap().display()),
            };
            let directory = fact.directory.strip_prefix(&checkout).unwrap();
            let lock = if fact.has_lock { "" } else { " without a lock file" };
            format!("{} {:?}{lock} {state}", directory.display(), fact.manager)
        }
    };
    assert_eq!(shown, expected);
}

#[test]
fn packages_are_needed_by_what_runs_them() {
    let package = format!("web/package.json {PACKAGE}");
    let files = [package.as_str(), "web/package-lock.json"];
    let missing = "web Npm missing";
    for (command, working_dir) in [
        ("npm run dev", "web"),
        ("node server.js", "web"),
        ("node_modules/.bin/vite --port 1", "web/src"),
        ("vite", "web"),
        ("npm --prefix web run dev", "."),
        ("npx --prefix=web vite", "."),
        ("web/node_modules/.bin/vite", "."),
        ("sh -c \"npx vite\"", "web"),
    ] {
        check(command, working_dir, &files, missing);
    }
    check("gunicorn app", "web", &files, "none");
    // A word of blanks.
    check("\" \"", "web", &files, "none");
    check("npx vite", ".", &files, "none");
    check(
        "node server.js",
        "web",
        &[r#"web/package.json { "devDependencies": { "x": "1" } }"#],
        "none",
    );
    check("npm start", "web", &["web/package.json {}"], "none");
}

#[test]
fn the_lock_file_tells_the_package_manager_and_the_directory() {
    let package = format!("web/package.json {PACKAGE}");
    let lock = |lock: &str, expected: &str| check("npx vite", "web", &[&package, lock], expected);
    lock("web/package.json.bak x", "web Npm without a lock file missing");
    lock("web/pnpm-lock.yaml x", "web Pnpm missing");
    lock("web/yarn.lock # yarn lockfile v1", "web YarnClassic missing");
    lock("web/yarn.lock __metadata:", "web YarnBerry missing");
    lock("web/bun.lock {}", "web Bun missing");
    // Above it, only that of a workspace counts.
    lock("package-lock.json {}", "web Npm without a lock file missing");
    let root = r#"package.json { "workspaces": ["web"] }"#;
    check(
        "npm run dev",
        "web",
        &[root, "yarn.lock x", &package],
        " YarnBerry missing",
    );
    check(
        "npm run dev",
        "web",
        &[root, "yarn.lock x", "node_modules/", &package],
        " YarnBerry installed",
    );
    check(
        "npm run dev",
        "web",
        &[root, "yarn.lock x", ".pnp.cjs x", &package],
        " YarnBerry installed",
    );
    let pinned = r#"web/package.json { "packageManager": "pnpm@9.1.0", "dependencies": { "x": "1" } }"#;
    check("npm start", "web", &[pinned], "web Pnpm without a lock file missing");
}

#[test]
fn packages_older_than_the_lock_file_are_told_by_what_differs() {
    let package = format!("package.json {PACKAGE}");
    let lock = r#"package-lock.json { "packages": { "": {}, "node_modules/vite": { "version": "8.0.1" },
        "node_modules/esbuild-mac": { "version": "1.0.0", "optional": true } } }"#;
    let note = |version: &str| {
        format!(
            r#"node_modules/.package-lock.json old {{ "packages": {{ "node_modules/vite": {{ "version": "{version}" }} }} }}"#
        )
    };
    check("npm start", ".", &[&package, lock, &note("8.0.1")], " Npm installed");
    let older = " Npm older than package-lock.json";
    check("npm start", ".", &[&package, lock, &note("8.0.0")], older);
    let pnpm = [&package, "pnpm-lock.yaml x", "node_modules/.modules.yaml old x"];
    check("pnpm dev", ".", &pnpm, " Pnpm older than pnpm-lock.yaml");
    let pnpm = [&package, "pnpm-lock.yaml x", "node_modules/.modules.yaml x"];
    check("pnpm dev", ".", &pnpm, " Pnpm installed");
}
