//! A real directory with what a walk must not follow, open or wait for.

use std::fs;
use std::path::Path;

use super::glance;
#[cfg(unix)]
use super::whole;

fn write(top: &Path, path: &str, text: &str) {
    let file = top.join(path);
    fs::create_dir_all(file.parent().expect("it is below")).expect("a directory can be made");
    fs::write(file, text).expect("a file can be written");
}

#[cfg(unix)] // Links and pipes.
#[test]
fn a_walk_is_bounded_and_blocks_on_nothing() {
    let top = tempfile::tempdir().expect("a temp directory can be made");
    let top = top.path();
    write(top, "package.json", "{}");
    write(top, "src/server.js", "x");
    write(top, "node_modules/vite/package.json", "{}");
    write(top, ".git/package.json", "{}");
    write(top, ".claude/launch.json", "{}");
    write(top, ".venv/pyvenv.cfg", "");
    write(top, ".venv/lib/app.py", "");
    write(top, "a/b/c/d/e/package.json", "{}");
    write(top, "large.py", &"x".repeat(300 << 10));
    std::os::unix::fs::symlink(top, top.join("again")).expect("a link can be made");
    let pipe = top.join("Procfile");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));

    let seen = whole(top);
    let files: Vec<(&str, Option<&str>)> = seen
        .files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_deref()))
        .collect();
    assert_eq!(
        files,
        [
            (".claude/launch.json", Some("{}")),
            ("Procfile", None),
            ("again", None),
            ("large.py", None),
            ("package.json", Some("{}")),
            ("src/server.js", Some("x")),
        ]
    );
    assert_eq!(seen.venvs.iter().collect::<Vec<_>>(), [".venv"]);
    assert!(!seen.is_cut);
}

#[test]
fn a_glance_reads_manifests_only_and_never_the_home_directory() {
    let top = tempfile::tempdir().expect("a temp directory can be made");
    let top = top.path();
    write(top, "web/package.json", "{}");
    write(top, "web/server.js", "x");
    let seen = glance(top, None).expect("it is looked at");
    assert_eq!(seen.text("web/package.json"), Some("{}"));
    assert_eq!(seen.text("web/server.js"), None);
    assert!(glance(top, Some(top)).is_none());
    assert!(glance(Path::new("/"), None).is_none());
}
