//! The source file that a command starts, and what it loads.

use regex_lite::Regex;

use super::candidate::Candidate;
use super::node::packages;
use super::repository::{Repository, base, join, parent, upwards};
use super::tool::{Kind, Role};

/// What a command starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    File(String),
    /// It names no file of the repository.
    Unknown,
}

const EXTENSIONS: [&str; 6] = ["js", "ts", "mjs", "cjs", "mts", "cts"];

/// Options of `node` and `nodemon` whose value is a file that is not the one that is started.
const OTHERS: [&str; 8] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "-w",
    "--ignore",
    "-i",
    "--env-file",
];

/// Directories of what is built, and where its sources are.
const BUILT: [(&str, &str); 4] = [("dist", "src"), ("build", "src"), ("out", "src"), ("lib", "src")];

/// The file that a command starts.
pub(super) fn started(words: &[String], directory: &str, kind: Kind, repository: &Repository) -> Started {
    let found = match kind {
        Kind::Javascript => of_javascript(words, directory, repository),
        Kind::Python => of_python(words, directory, repository),
        Kind::Go | Kind::Rust | Kind::NodeModule | Kind::Other => None,
    };
    found.map_or(Started::Unknown, Started::File)
}

fn of_javascript(words: &[String], directory: &str, repository: &Repository) -> Option<String> {
    let mut before = "";
    let mut named: Vec<&str> = Vec::new();
    for word in &words[1..] {
        if !OTHERS.contains(&before) && !word.starts_with('-') {
            named.push(word);
        }
        before = word;
    }
    let there = |path: String| repository.text(&path).is_some().then_some(path);
    let exact = || named.iter().find_map(|word| there(join(directory, word)));
    let as_module = || {
        named
            .iter()
            .find_map(|word| spelled(&join(directory, word), repository))
    };
    let source = || named.iter().find_map(|word| source(word, directory, repository));
    let is_script = |word: &&str| extension(word).is_some();
    let main = || {
        let all = packages(repository);
        let package = all.into_iter().find(|package| package.directory == directory)?;
        spelled(&join(directory, &package.main?), repository)
    };
    exact()
        .or_else(as_module)
        .or_else(source)
        .or_else(|| main().filter(|_| !named.iter().any(is_script)))
}

/// A path as it may be written without its end, or with that of the language it is translated to.
fn spelled(path: &str, repository: &Repository) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    let ends = EXTENSIONS.iter().map(|end| format!("{path}.{end}"));
    let index = EXTENSIONS.iter().map(|end| format!("{path}/index.{end}"));
    let stem = extension(path).map(|end| &path[..path.len() - end.len()]);
    let translated = stem
        .into_iter()
        .flat_map(|stem| EXTENSIONS.map(|end| format!("{stem}{end}")));
    let mut all = std::iter::once(path.to_owned())
        .chain(ends)
        .chain(index)
        .chain(translated);
    all.find(|path| repository.text(path).is_some())
}

/// `dist/worker.js` → `src/worker.ts`.
fn source(word: &str, directory: &str, repository: &Repository) -> Option<String> {
    let path = join("", word);
    let (first, rest) = path.split_once('/')?;
    let (_, sources) = BUILT.iter().find(|(built, _)| *built == first)?;
    spelled(&join(directory, &format!("{sources}/{rest}")), repository)
        .or_else(|| spelled(&join(directory, rest), repository))
}

fn extension(path: &str) -> Option<&str> {
    let (_, end) = path.rsplit_once('.')?;
    EXTENSIONS.contains(&end).then_some(end)
}

fn of_python(words: &[String], directory: &str, repository: &Repository) -> Option<String> {
    let named = words[1..].iter().find(|word| word.ends_with(".py"));
    let module = || {
        let at = words.iter().position(|word| word == "-m")?;
        let path = join(directory, &words.get(at + 1)?.replace('.', "/"));
        let mut spelled = [format!("{path}.py"), format!("{path}/__main__.py")].into_iter();
        spelled.find(|path| repository.text(path).is_some())
    };
    let there = |path: &String| repository.text(path).is_some();
    named.map(|word| join(directory, word)).filter(there).or_else(module)
}

/// A file of JavaScript and all that it loads by a path or by `@/` and the like, itself first.
pub(super) fn loaded<'r>(path: &'r str, repository: &'r Repository) -> Vec<(&'r str, &'r str)> {
    let pattern = Regex::new(r#"(?:\brequire\(\s*|\bfrom\s+|\bimport\s*\(?\s*)["']((?:\.|[@~#]?/|src/)[^"'\n]*)["']"#);
    let pattern = pattern.expect("it is a pattern");
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut next = vec![path.to_owned()];
    while let Some(path) = next.pop() {
        let Some((path, Some(text))) = repository.files.get_key_value(&path) else {
            continue;
        };
        if found.iter().any(|(known, _)| known == path) {
            continue;
        }
        found.push((path, text));
        let names = pattern.captures_iter(text).filter_map(|found| found.get(1));
        next.extend(names.filter_map(|name| target(parent(path), name.as_str(), repository)));
    }
    found
}

/// The file that a path in a file of this directory means.
fn target(directory: &str, name: &str, repository: &Repository) -> Option<String> {
    if name.starts_with('.') {
        return spelled(&join(directory, name), repository);
    }
    // By the usual settings of a translator, they begin at the top of the package or at its sources.
    let home = upwards(directory).find(|above| repository.has(&join(above, "package.json")))?;
    let rest = name.trim_start_matches(['@', '~', '#']);
    ["src", ""]
        .iter()
        .find_map(|top| spelled(&join(home, &format!("{top}/{rest}")), repository))
}

/// The role that a name tells of a program that opens no port: its own, or that of the file it starts.
pub(super) fn background(candidate: &Candidate, words: &[String]) -> Option<Role> {
    const WORKERS: [&str; 8] = [
        "worker",
        "workers",
        "queue",
        "queues",
        "job",
        "jobs",
        "consumer",
        "background",
    ];
    const SCHEDULERS: [&str; 4] = ["scheduler", "cron", "clock", "beat"];
    let file = words[1..].iter().rev().find(|word| !word.starts_with('-'));
    let names = candidate
        .name
        .iter()
        .map(String::as_str)
        .chain(file.map(|file| base(file)));
    let parts: Vec<&str> = names
        .flat_map(|name| name.split(|letter: char| !letter.is_ascii_alphanumeric()))
        .collect();
    let has = |all: &[&str]| parts.iter().any(|part| all.contains(part));
    if has(&WORKERS) {
        Some(Role::Worker)
    } else {
        has(&SCHEDULERS).then_some(Role::Scheduler)
    }
}
