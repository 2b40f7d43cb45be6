//! Words that need a word of explanation beside them, or are not said at all.

use super::{Source, check, check_caught};

fn postpones(source: &Source) -> Vec<usize> {
    let is_open_end = |line: &str| {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric());
        let is_marked = words.any(|word| [concat!("TO", "DO"), concat!("FIX", "ME")].contains(&word));
        let has_issue = line
            .split('#')
            .skip(1)
            .any(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        is_marked && !has_issue
    };
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| is_open_end(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[test]
fn what_is_postponed_has_an_issue() {
    let text = concat!(
        "// TO",
        "DO later\n// TO",
        "DO(#12): later\n// FIX",
        "ME\n// TO",
        "DOS is a word\n"
    );
    check_caught(postpones, "xtask/src/plan.rs", text, &[1, 3]);
    check(postpones, "name the issue, as in `(#12)`");
}

/// Fixtures are programs of their own that do what the product must survive.
fn is_unsafe_elsewhere(source: &Source) -> Vec<usize> {
    let is_allowed = source.is_the_os_seam() || source.path.starts_with("xtask/tests/fixtures/");
    if is_allowed {
        Vec::new()
    } else {
        source.lines_with("unsafe")
    }
}

fn is_unsafe_without_a_word(source: &Source) -> Vec<usize> {
    let lines: Vec<&str> = source.text.lines().collect();
    let is_argued = |line: &usize| {
        // Above the statement, which may have begun some lines earlier.
        let above = lines[..*line].iter().rev().take(6);
        above
            .into_iter()
            .any(|text| text.contains("// SAFETY:") || text.contains("/// # Safety"))
    };
    source
        .lines_with("unsafe")
        .into_iter()
        .filter(|line| !is_argued(line))
        .collect()
}

#[test]
fn unsafe_code_lives_at_the_system_and_is_argued() {
    check_caught(
        is_unsafe_elsewhere,
        "xtask/src/run/ports.rs",
        "unsafe {}\n// unsafe\nlet unsafe_code = \"unsafe\";",
        &[1],
    );
    check_caught(is_unsafe_elsewhere, "xtask/src/system/os/linux.rs", "unsafe {}", &[]);
    check_caught(
        is_unsafe_without_a_word,
        "xtask/src/system/os/linux.rs",
        "// SAFETY: x\nunsafe {}\n\n\n\n\n\nunsafe {}",
        &[8],
    );
    check(is_unsafe_elsewhere, "`unsafe` lives in `system/os/`");
    check(is_unsafe_without_a_word, "`unsafe` carries `// SAFETY:`");
}

fn silences_without_a_reason(source: &Source) -> Vec<usize> {
    let is_silent =
        |text: &str| text.starts_with("allow(") || text.starts_with("expect(") && !text.contains("reason =");
    source
        .attributes()
        .into_iter()
        .filter(|(_, text)| is_silent(text))
        .map(|(line, _)| line)
        .collect()
}

#[test]
fn a_lint_is_silenced_with_a_reason() {
    let text = "#[allow(dead_code)]\n#![expect(x)]\n#[expect(\n  x,\n  reason = \"y\"\n)]\n#[derive(A)]";
    check_caught(silences_without_a_reason, "xtask/src/plan.rs", text, &[1, 2]);
    check(
        silences_without_a_reason,
        "silence a lint with `#[expect(…, reason = \"…\")]`",
    );
}

fn skips_or_panics(source: &Source) -> Vec<usize> {
    let is_bad = |text: &str| text == "ignore" || text.ends_with(" ignore)") || text.starts_with("should_panic");
    source
        .attributes()
        .into_iter()
        .filter(|(_, text)| is_bad(text))
        .map(|(line, _)| line)
        .collect()
}

#[test]
fn a_test_says_why_it_is_skipped_and_never_expects_a_panic() {
    let text = "#[ignore]\n#[ignore = \"why\"]\n#[should_panic(expected = \"x\")]\n#[cfg_attr(windows, ignore)]";
    check_caught(skips_or_panics, "xtask/tests/it/up.rs", text, &[1, 3, 4]);
    check(skips_or_panics, "`#[ignore = \"why\"]`, and no `#[should_panic]`");
}

/// Words that `docs/glossary.md` has replaced. In two halves, for the rule looks at this file too.
const RETIRED: [&str; 6] = [
    concat!("an", "ew"),
    concat!("fol", "der"),
    concat!("fol", "ders"),
    concat!("guar", "dian"),
    concat!("owner", "less"),
    concat!("str", "ays"),
];

fn uses_a_retired_word(source: &Source) -> Vec<usize> {
    lines_with_retired_words(&source.text)
}

/// The numbers of the lines, from 1.
pub(crate) fn lines_with_retired_words(text: &str) -> Vec<usize> {
    let is_retired = |line: &str| {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric());
        words.any(|word| RETIRED.contains(&word.to_lowercase().as_str()))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| is_retired(line));
    lines.map(|(index, _)| index + 1).collect()
}

#[test]
fn retired_words_stay_retired() {
    let text = concat!(
        "// A Fol",
        "der.\nlet old_fol",
        "der = 1;\nlet direct = 2;\n\"an",
        "ew\"\n"
    );
    check_caught(uses_a_retired_word, "xtask/src/plan.rs", text, &[1, 2, 4]);
    check(uses_a_retired_word, "docs/glossary.md has another word for this");
}
