//! What the guides show in blocks works: the program takes every command, and reads every `devtasks.toml`.

use super::read;
use crate::sandbox::Sandbox;

const PAGES: [&str; 9] = [
    "README.md",
    "docs/QUICK_START.md",
    "docs/PORT_CONFLICT_GUIDE.md",
    "docs/RESTART_SERVER.md",
    "docs/COMPOSE.md",
    "docs/migrating.md",
    "docs/ko/QUICK_START.md",
    "docs/ko/PORT_CONFLICT_GUIDE.md",
    "docs/ko/RESTART_SERVER.md",
];

/// A fenced block.
pub(super) struct Block {
    pub(super) language: String,
    /// Of its first line.
    pub(super) line: usize,
    pub(super) text: String,
    /// Whether the words above it say that it goes below the block before it.
    adds: bool,
}

pub(super) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut above = "";
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    line: index + 2,
                    text: String::new(),
                    adds: above.starts_with("Add below") || above.ends_with("아래에 추가합니다."),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) if line.is_empty() => {}
            (None, None) => above = line,
        }
    }
    assert!(open.is_none(), "a block has no end");
    blocks
}

/// The calls of the program in a line as it is typed, each by its arguments: `A=1 devtasks up && devtasks down` has two.
fn calls(line: &str) -> Vec<Vec<String>> {
    let words = shell_words::split(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let commands = words.split(|word| ["&&", "||", "|", "&", ";"].contains(&word.as_str()));
    let call = |command: &[String]| -> Option<Vec<String>> {
        let is_set = |word: &&String| word.contains('=') && !word.starts_with('-');
        let words: Vec<&str> = command.iter().skip_while(is_set).map(String::as_str).collect();
        let arguments = match words[..] {
            ["devtasks", ..] => &words[1..],
            ["cargo", "xtask" | "devtasks", ..] => &words[2..],
            _ => return None,
        };
        let is_redirection = |word: &str| word.trim_start_matches('2').starts_with(['<', '>']);
        let words = arguments.iter().filter(|word| !is_redirection(word));
        Some(words.map(|word| (*word).to_owned()).collect())
    };
    commands.filter_map(call).collect()
}

/// The lines of a block that somebody types: all of a shell's, and what stands behind `$` on a screen.
fn typed(block: &Block) -> Vec<(usize, &str)> {
    let lines = block.text.lines().enumerate();
    let lines = lines.map(|(index, line)| (block.line + index, line));
    match block.language.as_str() {
        "sh" => lines.collect(),
        "text" => lines
            .filter_map(|(at, line)| Some((at, line.strip_prefix("$ ")?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Calls that the program does not take, as `PAGE:LINE: what it says`, and how many there are at all.
fn refused(page: &str, text: &str, sandbox: &Sandbox) -> (Vec<String>, usize) {
    let (mut refused, mut n_calls) = (Vec::new(), 0);
    for block in blocks(text) {
        for (line, typed) in typed(&block) {
            for call in calls(typed) {
                n_calls += 1;
                let mut arguments: Vec<&str> = call.iter().map(String::as_str).collect();
                // Some of them need no project and would do it, and `compose` tells nobody but Compose that there is
                // none. Whoever is asked for help has read the words before it.
                if ["port", "compose"].iter().any(|word| arguments.contains(word)) {
                    arguments.push("--help");
                }
                // There is no project here, which they tell once all words make sense; `init` finds none.
                let ended = sandbox.start_in(&sandbox.home(), &arguments).wait();
                let is_without_project = ended.stderr.contains("there is no `devtasks.toml`")
                    || ended.stderr.contains("shows what is to be started");
                if ended.code != Some(0) && !is_without_project {
                    let said = ended.stderr.lines().next().unwrap_or_default();
                    refused.push(format!("{page}:{line}: {said}"));
                }
            }
        }
    }
    (refused, n_calls)
}

#[test]
fn the_program_takes_every_command_of_the_guides() {
    let sandbox = Sandbox::new("");
    let wrong = "```sh\nA=1 cargo xtask up --detatch   # once\ncd x && devtasks port whom 8000 >y\n```\n```text\n$ devtasks down -d\n$ devtasks why\n```\n";
    assert_eq!(
        refused("x.md", wrong, &sandbox).0,
        [
            "x.md:2: error: unexpected argument '--detatch' found",
            "x.md:3: error: there is no command `port whom`",
            "x.md:6: error: unexpected argument '-d' found",
            "x.md:7: error: the following required arguments were not provided:",
        ]
    );
    for page in PAGES.iter().chain(&["docs/try-macos.md"]) {
        let (refused, n_calls) = refused(page, &read(page), &sandbox);
        assert!(refused.is_empty(), "\n{}\n", refused.join("\n"));
        assert!(n_calls > 0, "{page} has no command that is looked at");
    }
}

/// The `devtasks.toml`s of a page that the program does not understand.
fn misread(page: &str, text: &str) -> (Vec<String>, usize) {
    let (mut misread, mut n_files) = (Vec::new(), 0);
    let mut before = String::new();
    let files = blocks(text);
    for file in files.iter().filter(|block| block.language == "toml") {
        let whole = if file.adds {
            format!("{before}\n{}", file.text)
        } else {
            file.text.clone()
        };
        if !whole.contains("[services.") {
            continue;
        }
        n_files += 1;
        let ended = Sandbox::new(&whole).run(&["doctor"]);
        // What it names is missing here, and its ports may be busy. It is read all the same.
        if !matches!(ended.code, Some(0 | 1)) {
            misread.push(format!("{page}:{}: {}", file.line, ended.stderr));
        }
        before = whole;
    }
    (misread, n_files)
}

#[test]
fn the_program_reads_every_devtasks_toml_of_the_guides() {
    let text = "```toml\n[services.a]\ncommand = \"x\"\n```\nAdd below:\n\n```toml\n[services.b]\ncommand = \"y\"\ndepends_on = [\"a\"]\n```\n\
                Or:\n```toml\n[services.c]\ndepends_on = [\"a\"]\n```\n";
    let (wrong, n_files) = misread("x.md", text);
    assert_eq!((wrong.len(), n_files), (1, 3), "{wrong:?}");
    assert!(
        wrong[0].starts_with("x.md:14: error: service `c` has no `command`"),
        "{wrong:?}"
    );
    for page in PAGES.iter().chain(&["docs/devtasks-toml.md", "docs/recipes.md"]) {
        let (wrong, n_files) = misread(page, &read(page));
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
        assert!(n_files > 0, "{page} has no devtasks.toml that is looked at");
    }
}
