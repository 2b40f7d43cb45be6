//! The house rules of `docs/conventions.md` that a text search can check: those marked ✓ there.
//!
//! The compiler and clippy check the others (`[workspace.lints]`, `clippy.toml`), and review the rest. A rule gets one
//! source file and names its lines that break it.

mod code;
#[cfg(target_os = "linux")] // Other systems compile others.
mod dependencies;
mod layers;
pub(crate) mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::output;
use code::{code, line};

/// One file.
struct Source {
    /// From the top of the repository, with `/`.
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code(text),
        }
    }

    /// The path within the product's source; `None` for tests and examples.
    fn in_product(&self) -> Option<&str> {
        self.path.strip_prefix("xtask/src/")
    }

    /// `config` for `config.rs` and all in `config/`.
    fn module(&self) -> Option<&str> {
        let path = self.in_product()?;
        path.split('/').next()?.split('.').next()
    }

    fn is_the_os_seam(&self) -> bool {
        self.in_product()
            .is_some_and(|path| path == "system/os.rs" || path.starts_with("system/os/"))
    }

    /// The lines of code on which `word` stands by itself.
    fn lines_with(&self, word: &str) -> Vec<usize> {
        let is_word = |byte: Option<u8>| byte.is_some_and(code::is_word);
        let bytes = self.code.as_bytes();
        let found = self.code.match_indices(word).filter(|(at, _)| {
            !is_word(at.checked_sub(1).map(|before| bytes[before])) && !is_word(bytes.get(at + word.len()).copied())
        });
        found.map(|(at, _)| line(&self.code, at)).collect()
    }

    /// The text of every attribute, literals blanked, and its line.
    fn attributes(&self) -> Vec<(usize, &str)> {
        let begins = self.code.match_indices("#[").chain(self.code.match_indices("#!["));
        let whole = |(at, _): (usize, &str)| {
            let mut depth = 0;
            let length = self.code[at..].find(|letter| {
                depth += i32::from(letter == '[') - i32::from(letter == ']');
                depth == 0 && letter == ']'
            });
            (
                line(&self.code, at),
                self.code[at..at + length.unwrap_or_default()].trim_start_matches(['#', '!', '[']),
            )
        };
        begins.map(whole).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the repository")
        .to_owned()
}

/// All Rust of the repository.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut directories = ["xtask", "docs/examples"]
        .map(|directory| root().join(directory))
        .to_vec();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("the directory can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source is UTF-8");
                let path = path.strip_prefix(root()).expect("it lies in the repository");
                sources.push(Source::new(&path.to_string_lossy().replace('\\', "/"), &text));
            }
        }
    }
    assert!(sources.len() > 10, "the rules look in the wrong place");
    sources
}

type Rule = fn(&Source) -> Vec<usize>;

#[track_caller]
fn check(rule: Rule, name: &str) {
    let broken: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            rule(source)
                .into_iter()
                .map(|line| format!("{}:{line}: {name}", source.path))
        })
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// A rule that has never failed proves nothing: `text` at `path` breaks it on `lines`.
#[track_caller]
fn check_caught(rule: Rule, path: &str, text: &str, lines: &[usize]) {
    assert_eq!(rule(&Source::new(path, text)), lines, "{path}\n{text}");
}

fn is_too_long(source: &Source) -> Vec<usize> {
    let is_test = source.path.ends_with("/tests.rs") || source.path.contains("/tests/");
    let is_long = !is_test && source.text.lines().count() > 400;
    is_long.then_some(401).into_iter().collect()
}

#[test]
fn no_file_is_longer_than_400_lines() {
    check_caught(is_too_long, "xtask/src/plan.rs", &"\n".repeat(401), &[401]);
    check_caught(is_too_long, "xtask/src/plan.rs", &"\n".repeat(400), &[]);
    check_caught(is_too_long, "xtask/src/plan/tests.rs", &"\n".repeat(401), &[]);
    check(is_too_long, "split a file at 400 lines, tests apart");
}

fn opens_without_a_word(source: &Source) -> Vec<usize> {
    let is_silent = !source.text.starts_with("//! ");
    is_silent.then_some(1).into_iter().collect()
}

#[test]
fn every_file_says_what_lives_in_it() {
    check_caught(
        opens_without_a_word,
        "xtask/src/plan.rs",
        "use std::fmt;\n//! Too late.\n",
        &[1],
    );
    check(
        opens_without_a_word,
        "a file opens with `//!`: what lives here and what does not",
    );
}

fn is_named_after_nothing(source: &Source) -> Vec<usize> {
    const NAMES: [&str; 8] = ["mod", "util", "utils", "helper", "helpers", "common", "misc", "manager"];
    let is_empty = |name: &str| NAMES.contains(&name) || name.split('_').any(|word| NAMES[1..].contains(&word));
    let mut lines = Vec::new();
    if source.path.trim_end_matches(".rs").split('/').any(is_empty) {
        lines.push(1);
    }
    for (index, text) in source.code.lines().enumerate() {
        let name = text
            .split_once("mod ")
            .map(|(_, name)| name.trim_end_matches([';', '{', ' ']));
        if name.is_some_and(is_empty) {
            lines.push(index + 1);
        }
    }
    lines
}

#[test]
fn a_module_is_named_after_the_thing_it_holds() {
    check_caught(is_named_after_nothing, "xtask/src/plan/mod.rs", "", &[1]);
    check_caught(is_named_after_nothing, "xtask/src/path_utils/x.rs", "", &[1]);
    check_caught(
        is_named_after_nothing,
        "xtask/src/plan.rs",
        "\npub(crate) mod helpers;\nmod tests {\n",
        &[2],
    );
    check(
        is_named_after_nothing,
        "no `mod.rs`, and no `util`, `helpers`, `common`, `misc`, `manager`: name the thing",
    );
}

#[test]
fn the_top_of_the_repository_is_tidy() {
    const NAMES: &str = ".cargo .ci .gitattributes .github .gitignore CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md \
        devtasks.toml docs xtask";
    let mut git = Command::new("git");
    let listed = output(git.arg("ls-files").current_dir(root()));
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let mut others: Vec<&str> = listed
        .lines()
        .map(|path| path.split('/').next().unwrap_or_default())
        .collect();
    others.retain(|name| NAMES.split_whitespace().all(|allowed| allowed != *name));
    others.dedup();
    assert!(
        others.is_empty(),
        "{others:?} belong into a directory, or into this list with a good reason"
    );
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("there is a changelog");
    let version = format!("## {}", env!("CARGO_PKG_VERSION"));
    let knows = changelog
        .lines()
        .any(|line| line == "## Unreleased" || line.starts_with(&version));
    assert!(knows, "CHANGELOG.md: neither `## Unreleased` nor `{version}`");
}
