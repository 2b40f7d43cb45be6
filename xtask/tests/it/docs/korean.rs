//! The Korean guides say what the English ones say, as far as that can be counted.

use std::collections::BTreeSet;

use super::blocks::{Block, blocks};
use super::{prose, read};

const GUIDES: [&str; 3] = ["QUICK_START.md", "PORT_CONFLICT_GUIDE.md", "RESTART_SERVER.md"];

/// What both languages have of a section, in order.
#[derive(Debug, Default, PartialEq)]
struct Section {
    /// The number of `#`.
    level: usize,
    n_rows: usize,
    n_items: usize,
    /// Commands, keys, messages.
    code: BTreeSet<String>,
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // A command may be broken between two lines.
    let mut words = String::new();
    let close = |sections: &mut Vec<Section>, words: &mut String| {
        if let Some(section) = sections.last_mut() {
            let code = words.split('`').skip(1).step_by(2);
            section.code = code
                .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
        }
        words.clear();
    };
    for (_, line) in prose(text) {
        let level = line.chars().take_while(|letter| *letter == '#').count();
        if level > 0 {
            close(&mut sections, &mut words);
            sections.push(Section {
                level,
                ..Section::default()
            });
        }
        words += &format!("{line} ");
        if let Some(section) = sections.last_mut() {
            section.n_rows += usize::from(line.starts_with('|'));
            let is_numbered = line
                .split_once(". ")
                .is_some_and(|(number, _)| number.parse::<u8>().is_ok());
            section.n_items += usize::from(line.starts_with("- ") || is_numbered);
        }
    }
    close(&mut sections, &mut words);
    sections
}

/// A block without the comments that a reader of the other language would not understand.
fn without_comments(block: &Block) -> String {
    let mark = match block.language.as_str() {
        "sh" | "toml" | "ini" | "powershell" => "#",
        "rust" => "//",
        _ => return block.text.clone(),
    };
    let code = |line: &str| {
        let line = format!(" {line}");
        let end = line.find(&format!(" {mark} ")).unwrap_or(line.len());
        format!("{}\n", line[..end].trim())
    };
    block.text.lines().map(code).collect()
}

/// What the Korean page lacks or has otherwise.
fn differences(english: &str, korean: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (ours, theirs) = (sections(english), sections(korean));
    if ours.len() != theirs.len() {
        found.push(format!("{} sections, and {} in Korean", ours.len(), theirs.len()));
    }
    for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        let counted = |it: &Section| (it.level, it.n_rows, it.n_items);
        if counted(our) != counted(their) {
            let at = at + 1;
            found.push(format!(
                "section {at}: level, rows, items {:?}, and {:?} in Korean",
                counted(our),
                counted(their)
            ));
        }
        let missing: Vec<_> = our.code.difference(&their.code).collect();
        if !missing.is_empty() {
            found.push(format!("section {}: not in Korean: {missing:?}", at + 1));
        }
    }
    let (ours, theirs) = (blocks(english), blocks(korean));
    if ours.len() != theirs.len() {
        found.push(format!("{} blocks, and {} in Korean", ours.len(), theirs.len()));
    }
    for (our, their) in ours.iter().zip(&theirs) {
        if our.language != their.language || without_comments(our) != without_comments(their) {
            found.push(format!("the block at line {} is another one in Korean", our.line));
        }
    }
    found
}

#[test]
fn the_korean_guides_keep_in_step() {
    let english = "# A\n\nSay `x y`.\n\n- b\n\n```sh\nup   # all\n```\n\n## C\n\n| d |\n|---|\n";
    let korean = "# 가\n\n`x\ny`를 말합니다.\n\n- 나\n\n```sh\nup   # 모두\n```\n\n## 다\n\n| 라 |\n|---|\n";
    assert_eq!(differences(english, korean), [""; 0]);
    let other = korean
        .replace("up ", "down ")
        .replace("- 나\n", "")
        .replace("`x\ny`", "x");
    assert_eq!(
        differences(english, &other),
        [
            "section 1: level, rows, items (1, 0, 1), and (1, 0, 0) in Korean",
            "section 1: not in Korean: [\"x y\"]",
            "the block at line 8 is another one in Korean"
        ]
    );
    for guide in GUIDES {
        let (english, korean) = (read(&format!("docs/{guide}")), read(&format!("docs/ko/{guide}")));
        let found = differences(&english, &korean);
        assert!(found.is_empty(), "docs/ko/{guide}\n{}\n", found.join("\n"));
        // The other language is one click away.
        assert!(
            english.contains(&format!("\nEnglish | [한국어](ko/{guide})\n")),
            "{guide}"
        );
        assert!(
            korean.contains(&format!("\n[English](../{guide}) | 한국어\n")),
            "{guide}"
        );
    }
}
