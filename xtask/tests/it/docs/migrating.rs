//! What `docs/migrating.md` says is imported is imported, and its scripts do what they say.

use std::fs;

use super::blocks::{Block, blocks};
use super::read;
use crate::sandbox::Sandbox;

/// The block after the first one of a language.
fn before_and_after(language: &str) -> (String, String) {
    let all = blocks(&read("docs/migrating.md"));
    let at = all.iter().position(|block| block.language == language);
    let at = at.unwrap_or_else(|| panic!("there is no block of {language}"));
    let text = |block: &Block| block.text.clone();
    (text(&all[at]), text(&all[at + 1]))
}

#[test]
fn the_procfile_becomes_the_file_that_stands_below_it() {
    let (procfile, expected) = before_and_after("procfile");
    let sandbox = Sandbox::new("");
    let shop = sandbox.home().join("shop");
    fs::create_dir_all(shop.join("backend")).unwrap();
    fs::write(shop.join("Procfile"), procfile).unwrap();
    fs::write(shop.join("backend/requirements.txt"), "fastapi\nuvicorn\ncelery\n").unwrap();
    let ended = sandbox
        .start_in(&shop, &["import", "Procfile", "--print"])
        .wait()
        .with(0);
    // Above is who has written it.
    let (_, written) = ended.stdout.split_once("\n\n").unwrap();
    assert_eq!(written, expected);
}

#[test]
fn what_is_said_to_be_not_read_is_refused() {
    let sandbox = Sandbox::new("");
    for file in [
        "mprocs.yaml",
        "process-compose.yaml",
        "pitchfork.toml",
        "start-backend.sh",
    ] {
        fs::write(sandbox.home().join(file), "x: 1\n").unwrap();
        let ended = sandbox.start_in(&sandbox.home(), &["import", file]).wait().with(2);
        assert!(
            ended.stderr.contains("is of no kind that can be imported"),
            "{file}: {ended:?}"
        );
    }
}
