//! The documentation agrees with the program: help texts, finding codes, links and commands.

mod blocks;
mod korean;
mod man_page;
mod migrating;
mod troubleshooting;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;

use crate::sandbox::output;
use crate::tidy::words::lines_with_retired_words;

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package lies in the repository")
        .canonicalize()
        .unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Markdown file of the repository, from its top.
fn pages() -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.md"]);
    let listed = output(git.current_dir(root()));
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let pages: Vec<String> = listed.lines().map(str::to_owned).collect();
    assert!(pages.len() > 5, "the pages are looked for in the wrong place");
    pages
}

/// What `devtasks COMMAND --help` says, under the name that the documentation uses.
fn help(command: &[String]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // Under cargo the program calls itself `cargo xtask`.
    program.args(command).arg("--help").env_remove("CARGO");
    let said = output(&mut program);
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).unwrap().replace("xtask", "devtasks")
}

/// The lines below `heading` up to an empty one, each by its first word.
fn names_below(help: &str, heading: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != heading).skip(1);
    let lines = below.take_while(|line| !line.is_empty());
    // What is further in is the rest of a description.
    let begin_there = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    begin_there
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Every command with its help, the program itself first.
fn commands() -> Vec<(Vec<String>, String)> {
    let mut commands = Vec::new();
    let mut left = vec![Vec::new()];
    while let Some(command) = left.pop() {
        let help = help(&command);
        let mut below = names_below(&help, "Commands:");
        below.retain(|name| name != "help");
        left.extend(
            below
                .into_iter()
                .rev()
                .map(|name| [command.as_slice(), &[name]].concat()),
        );
        commands.push((command, help));
    }
    assert!(commands.len() > 4, "{commands:?}");
    commands
}

/// How `docs/reference.md` begins.
const REFERENCE_HEAD: &str = "\
Generated from the program: `UPDATE_EXPECT=1 cargo test -p devtasks --test it docs` rewrites this page.

# Reference

The help text of every command. The [options of every command](#devtasks) are listed once.
[commands.md](commands.md) describes what the commands do and print, [devtasks-toml.md](devtasks-toml.md) the keys of
`devtasks.toml`.
";

/// The text of `docs/reference.md`.
fn reference() -> String {
    let commands = commands();
    let (_, whole) = commands[0].1.split_once("\nOptions of every command:\n").unwrap();
    let (shared, _) = whole.split_once("\n\n").unwrap();
    let shared = format!("\nOptions of every command:\n{shared}\n");
    let sections = commands.iter().map(|(command, help)| {
        if command.is_empty() {
            return format!("\n## devtasks\n\n```text\n{help}```\n");
        }
        let (before, after) = help.split_once(&shared).expect("each command has these options");
        format!("\n## {}\n\n```text\n{before}{after}```\n", command.join(" "))
    });
    [REFERENCE_HEAD.to_owned()].into_iter().chain(sections).collect()
}

#[test]
fn the_reference_has_the_help_of_every_command() {
    expect_file!["../../../docs/reference.md"].assert_eq(&reference());
}

/// The commands that do something themselves: `port` alone does nothing.
fn leaf_commands() -> Vec<(Vec<String>, String)> {
    let mut commands = commands();
    commands.retain(|(_, help)| names_below(help, "Commands:").is_empty());
    commands
}

#[test]
fn every_command_has_a_section() {
    let page = read("docs/commands.md");
    for (command, _) in leaf_commands() {
        let heading = format!("\n## {}\n", command.join(" "));
        assert!(page.contains(&heading), "docs/commands.md has no{heading}");
    }
}

#[test]
fn every_command_gives_its_exit_codes() {
    let codes = |help: &str| -> BTreeSet<String> { names_below(help, "Exit codes:").into_iter().collect() };
    let all = codes(&help(&[]));
    for (command, help) in leaf_commands() {
        let own = codes(&help);
        assert!(!own.is_empty(), "{command:?} gives none");
        assert!(own.is_subset(&all), "{command:?} gives {own:?}, of {all:?}");
    }
}

/// Whether a text is like `port.busy.foreign`.
fn is_code(text: &str) -> bool {
    let plain = |letter: char| letter == '_' || letter == '.' || letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.contains('.') && text.chars().all(plain) && !text.ends_with('.')
}

#[test]
fn pages_use_no_retired_word() {
    let mut found = Vec::new();
    for page in pages() {
        let lines = lines_with_retired_words(&read(&page));
        found.extend(lines.into_iter().map(|line| format!("{page}:{line}")));
    }
    assert!(
        found.is_empty(),
        "docs/glossary.md has another word for this: {found:?}"
    );
}

/// The lines of a page outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// The anchors of a page: `## port who` is `#port-who`, and `<a id="…">` keeps the anchor of a renamed heading.
fn anchors(text: &str) -> Vec<String> {
    let old = prose(text).filter_map(|(_, line)| line.strip_prefix("<a id=\"")?.strip_suffix("\"></a>"));
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    let plain = |letter: char| letter == '-' || letter == '_' || letter.is_alphanumeric();
    let anchor = |line: &str| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        heading.replace(' ', "-").replace(|letter| !plain(letter), "")
    };
    headings
        .map(|(_, line)| anchor(line))
        .chain(old.map(str::to_owned))
        .collect()
}

/// Links of a page that lead to no file, or to no heading of one.
fn dead_links(page: &str, text: &str) -> Vec<String> {
    let mut dead = Vec::new();
    for (line, words) in prose(text) {
        for rest in words.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => root().join(page),
                path => root().join(page).parent().unwrap().join(path),
            };
            let has_anchor =
                || fs::read_to_string(&file).is_ok_and(|text| anchors(&text).iter().any(|it| it == anchor));
            if !file.exists() || !anchor.is_empty() && !has_anchor() {
                dead.push(format!("{page}:{line}: {target}"));
            }
        }
    }
    dead
}

#[test]
fn links_lead_somewhere() {
    let text =
        "[a](README.md) [b](https://x.y) [c](nowhere.md)\n```\n[d](nowhere.md)\n```\n[e](#no)\n[f](#title)\n# Title";
    assert_eq!(
        dead_links("CHANGELOG.md", text),
        [
            "CHANGELOG.md:1: nowhere.md",
            "CHANGELOG.md:5: #no",
            "CHANGELOG.md:6: #title"
        ]
    );
    assert_eq!(anchors("<a id=\"old\"></a>\n\n## `a` B"), ["a-b", "old"]);
    let mut pages = pages();
    // They are parts of `docs/troubleshooting.md`.
    pages.retain(|page| !page.starts_with("xtask/src/report/explanation/"));
    let dead: Vec<String> = pages.iter().flat_map(|page| dead_links(page, &read(page))).collect();
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

/// Commands that a page tells to type and that there are none of.
fn unknown_commands(page: &str, text: &str, known: &[String]) -> Vec<String> {
    let mut unknown = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for form in ["cargo xtask ", "cargo devtasks ", "`devtasks ", "$ devtasks "] {
            for rest in line.split(form).skip(1) {
                let letters = |letter: char| letter == '-' || letter.is_ascii_lowercase();
                let word = rest.split(|letter| !letters(letter)).next().unwrap_or_default();
                if !word.is_empty() && !word.starts_with('-') && !known.iter().any(|name| name == word) {
                    unknown.push(format!("{page}:{}: {form}{word}", index + 1));
                }
            }
        }
    }
    unknown
}

#[test]
fn commands_that_are_told_to_type_exist() {
    let mut known = names_below(&help(&[]), "Commands:");
    known.extend(["ps", "check"].map(str::to_owned));
    assert_eq!(
        unknown_commands("x.md", "`cargo xtask up`, `cargo xtask fly`, `devtasks flee`", &known),
        ["x.md:1: cargo xtask fly", "x.md:1: `devtasks flee"]
    );
    let unknown: Vec<String> = pages()
        .iter()
        .flat_map(|page| unknown_commands(page, &read(page), &known))
        .collect();
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

#[test]
fn the_two_commands_of_the_readme_work() {
    let readme = read("README.md");
    let begin: Vec<&str> = readme.lines().take(12).collect();
    let tells = |command: &str| begin.iter().any(|line| line.starts_with(command));
    assert!(tells("cargo xtask up") && tells("cargo test"), "{begin:#?}");
    // The alias runs the program whose `up` the test above has found; CI runs the other.
    let alias = read(".cargo/config.toml");
    assert!(alias.contains("xtask = \"run ") && alias.contains("--bin xtask --\""));
    assert!(read(".ci/run").contains("cargo test"));
}

/// Every test of the product, as `up::crash::kill_9_…`.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for (top, prefix) in [
        ("xtask/tests/it", ""),
        ("xtask/src", ""),
        ("xtask/tests/stacks", "stacks::"),
    ] {
        let mut directories = vec![root().join(top)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let module = path.strip_prefix(root().join(top)).unwrap().with_extension("");
                let module = module.to_str().unwrap().replace('/', "::");
                let after_the_mark = text.split("#[test]\n").skip(1);
                let names = after_the_mark.filter_map(|rest| rest.trim_start().strip_prefix("fn ")?.split('(').next());
                tests.extend(names.map(|name| format!("{prefix}{module}::{name}")));
            }
        }
    }
    tests
}

/// Rows of the table about others that show nothing: their tests do not exist, or they have none and do not say why.
fn rows_without_proof(text: &str, title: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let (_, section) = text.split_once(title).expect("there is the table");
    let lines = section.lines().take_while(|line| !line.starts_with("## "));
    let rows = lines
        .filter(|line| line.starts_with("| ") && !line.starts_with("| **"))
        .skip(1);
    let mut without = Vec::new();
    for row in rows {
        let (rest, named) = row.trim_end_matches('|').rsplit_once('|').unwrap();
        let (_, here) = rest.rsplit_once('|').unwrap();
        let names: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        let is_argued = || {
            ["not there", "does not apply"]
                .iter()
                .any(|why| here.trim().starts_with(why))
        };
        if names.is_empty() && !is_argued() || !names.iter().all(|name| tests.contains(*name)) {
            without.push(row.to_owned());
        }
    }
    without
}

#[test]
fn what_we_do_where_others_fail_is_tested() {
    let tests = tests();
    let this = "docs::what_we_do_where_others_fail_is_tested";
    let title = "\n## What others get wrong";
    let head = "\n## What others get wrong\n| whose | goes wrong | here | test |\n|---|---|---|---|\n| **a** | | | |\n";
    let good = format!("| a#1 | x | y | `{this}` |\n| a#2 | x | not there: y | |\n");
    let bad = ["| a#3 | x | y | `docs::nobody` |", "| a#4 | x | y | |"];
    let text = format!("{head}{good}{}\n## Next\n| a#5 | x | y | |\n", bad.join("\n"));
    assert_eq!(rows_without_proof(&text, title, &tests), bad);
    let without = rows_without_proof(&read("docs/design/supervision.md"), title, &tests);
    assert!(without.is_empty(), "\n{}\n", without.join("\n"));
}

#[test]
fn every_story_has_its_test() {
    let page = read("docs/design/ports.md");
    let without = rows_without_proof(&page, "\n## The 65 stories", &tests());
    assert!(without.is_empty(), "\n{}\n", without.join("\n"));
    for story in 1..=65 {
        assert!(page.contains(&format!("\n| {story} | ")), "story {story} is missing");
    }
}

#[test]
fn every_rule_of_safety_has_its_test() {
    let page = read("docs/design/safety.md");
    let without = rows_without_proof(&page, "\n## The rules", &tests());
    assert!(without.is_empty(), "\n{}\n", without.join("\n"));
    for rule in 1..=11 {
        assert!(page.contains(&format!("\n| 6.{rule} | ")), "rule {rule} is missing");
    }
}
