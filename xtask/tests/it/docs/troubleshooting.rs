//! Every code has a section in `docs/troubleshooting.md`, words and hints that the program has, and a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

use super::{is_code, read, root};

/// The parts of the page, with their titles.
const PARTS: [(&str, &str); 3] = [
    ("port", "Ports"),
    ("project", "The project: venvs, commands, files"),
    ("cause", "Why a service failed"),
];

const HEAD: &str = "\
Generated from `xtask/src/report/explanation/`: `UPDATE_EXPECT=1 cargo test -p devtasks --test it docs` rewrites this page.

# Troubleshooting

One section for each code: what it means, how to see it, how to solve it. `devtasks explain CODE` prints a section, and
`devtasks explain` lists all codes. The codes of findings (`port.busy.foreign`) are in the JSON of `doctor`, `up` and `port
who`, those of failures (`cause.killed`) in the JSON of `why`. You have a message and no code? `devtasks explain \"python
package\"` finds the code by words of the message.

Commands are those of a shell of Linux and macOS; where Windows needs another one, it is there too. `8000` stands for your
port, `4242` for a process id, `backend` for your service.

";

struct Section {
    code: String,
    title: String,
    body: String,
}

fn sections_of(text: &str) -> Vec<Section> {
    let section = |text: &str| {
        let (code, rest) = text.split_once("\n\n").unwrap();
        let (title, body) = rest.split_once("\n\n").unwrap();
        let [code, title, body] = [code, title, body].map(str::to_owned);
        Section { code, title, body }
    };
    text.split("## ").skip(1).map(section).collect()
}

fn text(part: &str) -> String {
    read(&format!("xtask/src/report/explanation/{part}.md"))
}

fn sections() -> Vec<Section> {
    PARTS.iter().flat_map(|(part, _)| sections_of(&text(part))).collect()
}

#[test]
fn troubleshooting_has_what_explain_prints() {
    let mut page = HEAD.to_owned();
    for (part, title) in PARTS {
        page += &format!("{title}:\n\n");
        for Section { code, title, .. } in sections_of(&text(part)) {
            let anchor = code.replace('.', "");
            page += &format!("- [`{code}`](#{anchor}): {title}\n");
        }
        page += "\n";
    }
    for (part, title) in PARTS {
        page += &format!("## {title}\n\n");
        for Section { code, title, body } in sections_of(&text(part)) {
            page += &format!("### {code}\n\n**{title}**\n\n{}\n\n", body.trim_end());
        }
    }
    expect_file!["../../../../docs/troubleshooting.md"].assert_eq(&format!("{}\n", page.trim_end()));
}

/// `port.busy.foreign` and `PortBusy(ConflictKind::Foreign)`, as the source has them together.
fn codes() -> Vec<(String, String)> {
    let mut codes = Vec::new();
    for file in ["xtask/src/diagnostic/code.rs", "xtask/src/diagnose/kind.rs"] {
        for line in read(file).lines() {
            let Some((variant, rest)) = line.trim().split_once(" => ") else {
                continue;
            };
            let Some(code) = rest.split('"').nth(1).filter(|code| is_code(code)) else {
                continue;
            };
            let variant = variant.rsplit("::").next().unwrap();
            codes.push((code.to_owned(), variant.to_owned()));
        }
    }
    assert!(codes.len() > 50, "{codes:?}");
    codes
}

#[test]
fn every_code_has_a_section() {
    let explained: BTreeSet<String> = sections().into_iter().map(|it| it.code).collect();
    // It is any other problem, and has no place among the areas.
    let mut known: BTreeSet<String> = codes().into_iter().map(|(code, _)| code).collect();
    known.insert("config".to_owned());
    assert_eq!(explained, known, "xtask/src/report/explanation, left, and the codes");
}

#[test]
fn findings_are_listed_with_the_titles_of_their_sections() {
    let page = read("docs/commands.md");
    let head = "| code | meaning |\n|---|---|\n";
    let (before, rest) = page.split_once(head).unwrap();
    let after = &rest[rest.find("\n\n").unwrap()..];
    let findings = sections().into_iter().filter(|it| !it.code.starts_with("cause."));
    let rows: Vec<String> = findings
        .map(|it| format!("| `{}` | {} |", it.code, it.title.trim_end_matches('.')))
        .collect();
    expect_file!["../../../../docs/commands.md"].assert_eq(&format!("{before}{head}{}{after}", rows.join("\n")));
}

#[test]
fn causes_have_the_words_of_the_program() {
    let source = read("xtask/src/diagnose/kind.rs");
    for Section { code, title, .. } in sections() {
        let Some((_, rest)) = source.split_once(&format!("\"{code}\", \"")) else {
            continue;
        };
        let (words, _) = rest.split_once('"').unwrap();
        assert!(
            title.to_lowercase().contains(&words.to_lowercase()),
            "{code}: {title}, {words}"
        );
    }
}

/// Sections that do not show all parts.
fn incomplete(section: &Section) -> Vec<String> {
    // What nobody has to do anything about, and ends that are the program's own matter.
    const WITHOUT_HINT: [&str; 12] = [
        "port.free",
        "env.ambiguous",
        "pidfile.stale",
        "cause.already_running",
        "cause.refused",
        "cause.killed_for_memory",
        "cause.probably_killed_for_memory",
        "cause.killed",
        "cause.segmentation_fault",
        "cause.aborted",
        "cause.illegal_instruction",
        "cause.arithmetic_error",
    ];
    let has = |text: &str| section.body.contains(text);
    let mut lacks = Vec::new();
    for part in ["**See it.**", "**Solve it.**"] {
        let after = section.body.split_once(part).map(|(_, after)| after.trim());
        if after.is_none_or(|after| after.is_empty() || after.starts_with("**")) {
            lacks.push(format!("{} has no {part}", section.code));
        }
    }
    if has("\nhint: ") == WITHOUT_HINT.contains(&section.code.as_str()) {
        lacks.push(format!("{} has no hint, or is said to have none", section.code));
    }
    if !section.title.ends_with('.') || section.title.contains('\n') {
        lacks.push(format!("{} has no title of one sentence", section.code));
    }
    lacks
}

#[test]
fn every_section_says_how_to_see_it_and_how_to_solve_it() {
    let bad = sections_of("## a.b\n\nTitle\n\nText.\n\n**See it.**\n\n**Solve it.** So.\n").remove(0);
    assert_eq!(
        incomplete(&bad),
        [
            "a.b has no **See it.**",
            "a.b has no hint, or is said to have none",
            "a.b has no title of one sentence"
        ]
    );
    let lacks: Vec<String> = sections().iter().flat_map(incomplete).collect();
    assert!(lacks.is_empty(), "\n{}\n", lacks.join("\n"));
}

/// All source of the product, without line breaks in strings; or all tests.
fn rust(is_wanted: fn(&Path) -> bool) -> String {
    let (mut all, mut left) = (
        String::new(),
        vec![root().join("xtask/src"), root().join("xtask/tests")],
    );
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if is_wanted(&path) && path.extension().is_some_and(|it| it == "rs") {
                all += &fs::read_to_string(&path).unwrap();
            }
        }
    }
    let mut pieces = all.split("\\\n");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.trim_start())
}

fn is_test(path: &Path) -> bool {
    let within = path.strip_prefix(root()).unwrap();
    within.ends_with("tests.rs") || within.components().any(|it| it.as_os_str() == "tests")
}

/// Shorter pieces of a message are in any text.
const LONG: usize = 8;

/// Lines of a section's screen of which the program has no piece between names and numbers.
fn made_up(section: &Section, source: &str) -> Vec<String> {
    let screens = section.body.split("```").skip(1).step_by(2);
    let lines = screens.flat_map(str::lines).filter(|line| {
        let is_cause = line.contains(" failed after ");
        !line.is_empty() && *line != "text" && !is_cause
    });
    let is_missing = |line: &&str| {
        let begins = ["hint: or ", "hint: ", "error: ", "warning: "];
        let words = begins.iter().find_map(|begin| line.strip_prefix(begin)).unwrap_or(line);
        // What stands in backticks are names and commands.
        let own = words.split('`').step_by(2);
        let is_name = |letter: char| "():;,./[]".contains(letter) || letter.is_ascii_digit() || letter.is_uppercase();
        let pieces = own.flat_map(|piece| piece.split(is_name)).map(str::trim);
        let long: Vec<&str> = pieces.filter(|piece| piece.len() >= LONG).collect();
        !long.is_empty() && !long.iter().any(|piece| source.contains(piece))
    };
    let missing = lines.filter(is_missing);
    missing.map(|line| format!("{}: {line}", section.code)).collect()
}

#[test]
fn screens_of_the_sections_have_the_words_of_the_program() {
    let source = rust(|path| !is_test(path));
    let bad = sections_of("## a.b\n\nT.\n\n```text\nhint: dance with `x`\nhint: stop it with `y`\n```\n").remove(0);
    assert_eq!(made_up(&bad, &source), ["a.b: hint: dance with `x`"]);
    let made_up: Vec<String> = sections().iter().flat_map(|it| made_up(it, &source)).collect();
    assert!(made_up.is_empty(), "\n{}\n", made_up.join("\n"));
}

/// Codes that no test mentions, neither by name nor by variant.
fn untested(codes: &[(String, String)], tests: &str) -> Vec<String> {
    let is_word = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || "._".contains(it));
    let is_named = |name: &str| {
        let mut places = tests
            .match_indices(name)
            .map(|(at, _)| (&tests[..at], &tests[at + name.len()..]));
        places.any(|(before, after)| !is_word(before.chars().next_back()) && !is_word(after.chars().next()))
    };
    let without = codes
        .iter()
        .filter(|(code, variant)| !is_named(code) && !is_named(variant));
    without.map(|(code, _)| code.clone()).collect()
}

#[test]
fn every_code_has_a_test() {
    let tests = rust(is_test);
    let pair = |code: &str, variant: &str| (code.to_owned(), variant.to_owned());
    let codes_of_none = [pair("x.y", "NoneOfThem"), pair("venv.moved", "VenvMoved")];
    assert_eq!(untested(&codes_of_none, "x.y.z Code::VenvMoved"), ["x.y"]);
    assert_eq!(untested(&codes(), &tests), [""; 0], "no test mentions them");
}
