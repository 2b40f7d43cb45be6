//! `docs/examples/fastapi-vite`: set up in a copy, by the very commands of its README.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xshell::{Shell, cmd};

/// A copy of the example, as a clone has it, with venv and `node_modules`; gone when the folder drops.
fn set_up() -> (TempDir, PathBuf) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fastapi-vite");
    let root = tempfile::tempdir().expect("a folder for the copy");
    let stack = root.path().join("fastapi-vite");
    let shell = Shell::new().expect("a working folder");
    shell.change_dir(&example);
    let files = cmd!(shell, "git ls-files").read().expect("the example is in git");
    for file in files.lines() {
        let copy = stack.join(file);
        shell
            .create_dir(copy.parent().expect("it lies in the copy"))
            .expect("the copy has room");
        shell.copy_file(example.join(file), copy).expect("the copy has room");
    }

    let readme = shell.read_file("README.md").expect("the example has a README");
    shell.change_dir(&stack);
    let block = readme.split("```").nth(1).expect("its first block sets it up");
    let commands: Vec<&str> = block.lines().skip(1).filter(|line| !line.starts_with("cd ")).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let words = shell_words::split(command).expect("quotes are closed");
        let (program, arguments) = words.split_first().expect("no line is empty");
        cmd!(shell, "{program} {arguments...}")
            .run()
            .expect("the README's command works");
    }
    (root, stack)
}

#[test]
fn the_readme_sets_it_up_exactly_as_pinned() {
    let (_root, stack) = set_up();
    let shell = Shell::new().expect("a working folder");
    shell.change_dir(&stack);

    let installed = cmd!(shell, "backend/.venv/bin/python -m pip freeze")
        .read()
        .expect("pip answers");
    let pinned = shell.read_file("backend/requirements.txt").expect("the pins are there");
    let mut pinned: Vec<&str> = pinned
        .lines()
        .filter(|line| line.contains("==") && !line.contains("win32"))
        .collect();
    pinned.sort_unstable();
    assert_eq!(installed.lines().collect::<Vec<_>>(), pinned);

    // It can be imported, so every compiled part fits this Python.
    shell.change_dir("backend");
    cmd!(shell, ".venv/bin/python -c 'import app, uvicorn, watchfiles'")
        .run()
        .expect("the app loads");
    shell.change_dir("../frontend");
    let version = cmd!(shell, "node_modules/.bin/vite --version")
        .read()
        .expect("vite starts");
    assert!(version.starts_with("vite/8.3.8 "), "{version}");
}

#[test]
fn its_lock_file_names_no_registry() {
    let lock = include_str!("../../../docs/examples/fastapi-vite/frontend/package-lock.json");
    assert!(
        !lock.contains("\"resolved\""),
        "`npm install` in the example's folder writes it without"
    );
}
