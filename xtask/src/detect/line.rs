//! A command line as people write it in scripts and Procfiles, taken apart.

/// What a line does, without what a shell would do first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Of `cd backend && …`.
    pub(crate) directory: Option<String>,
    /// Of `PORT=3000 …`, `cross-env PORT=3000 …` and `export PORT=3000 && …`.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) run: Run,
    /// What was before the program to find it in packages: `npx -y`.
    pub(crate) finder: Vec<String>,
    /// It was run by the path of a venv, behind its `activate`, or by a program that knows the venv, such as `uv run`.
    pub(crate) is_in_venv: bool,
}

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Run {
    /// Without a shell; never empty.
    Words(Vec<String>),
    /// What only a shell understands.
    Shell(String),
}

/// Takes a line apart; `None` if it runs nothing.
pub(crate) fn line(text: &str) -> Option<Line> {
    let mut line = Line {
        directory: None,
        environment: Vec::new(),
        run: Run::Shell(text.trim().to_owned()),
        finder: Vec::new(),
        is_in_venv: false,
    };
    let mut rest = text.trim();
    while let Some((first, after)) = split_once_outside_quotes(rest, "&&") {
        if !prepares(first, &mut line) {
            break;
        }
        rest = after.trim();
    }
    if rest.is_empty() {
        return None;
    }
    line.run = match needs_shell(rest) {
        true => Run::Shell(rest.to_owned()),
        false => {
            let words = shell_words::split(rest).ok()?;
            let mut words = without_wrappers(words, &mut line);
            if let Some(first) = words.first_mut() {
                line.is_in_venv |= VENVS.iter().any(|venv| after(first, venv).is_some());
                *first = without_directory(first);
            }
            words.first().filter(|first| !first.is_empty())?;
            Run::Words(words)
        }
    };
    Some(line)
}

/// Whether a part before `&&` only says where and with what the rest runs.
fn prepares(part: &str, line: &mut Line) -> bool {
    let Ok(words) = shell_words::split(part) else {
        return false;
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["cd", directory] if !directory.contains('$') && !directory.starts_with(['/', '~']) => {
            let above = line.directory.take().unwrap_or_default();
            line.directory = Some(super::repository::join(&above, directory));
            true
        }
        // The venv of the service does this.
        ["source" | ".", script] if script.ends_with("/activate") => {
            line.is_in_venv = true;
            true
        }
        ["export", assignments @ ..] => {
            let pairs: Option<Vec<_>> = assignments.iter().map(|word| assignment(word)).collect();
            let is_plain = pairs.is_some();
            line.environment.extend(pairs.unwrap_or_default());
            is_plain
        }
        _ => false,
    }
}

/// `A=b`, without variables in the value.
fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.chars().all(|it| it == '_' || it.is_ascii_alphanumeric())
        && !name.starts_with(|it: char| it.is_ascii_digit());
    (is_name && !name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// Takes off what only sets variables or finds the program.
fn without_wrappers(mut words: Vec<String>, line: &mut Line) -> Vec<String> {
    loop {
        let refs: Vec<&str> = words.iter().map(String::as_str).collect();
        let n = match refs.as_slice() {
            [first, _, ..] if assignment(first).is_some() => {
                line.environment.extend(assignment(first));
                1
            }
            ["exec" | "env" | "cross-env" | "cross-env-shell" | "time", _, ..] => 1,
            ["dotenv" | "dotenvx" | "env-cmd", rest @ ..] => match rest.iter().position(|word| *word == "--") {
                Some(at) => at + 2,
                None => return words,
            },
            ["npx" | "bunx", "-y" | "--yes" | "--no-install" | "--bun", _, ..] => 2,
            ["npx" | "bunx", _, ..] => 1,
            ["pnpm" | "yarn", "dlx", _, ..] => 2,
            ["pnpm" | "yarn" | "npm", "exec", "--", _, ..] => 3,
            ["pnpm" | "yarn" | "npm", "exec", _, ..] => 2,
            ["poetry" | "uv" | "pipenv" | "pdm" | "rye" | "hatch", "run", _, ..] => {
                line.is_in_venv = true;
                2 + refs[2..].iter().take_while(|word| word.starts_with("--")).count()
            }
            _ => return words,
        };
        if n >= words.len() {
            return words;
        }
        let is_finder = ["npx", "bunx", "pnpm", "yarn", "npm"].contains(&refs[0]);
        let taken = words.drain(..n);
        if is_finder {
            line.finder = taken.collect();
        }
    }
}

const VENVS: [&str; 2] = ["venv/bin/", "env/bin/"];

/// `.venv/bin/uvicorn` → `uvicorn`, `node_modules/.bin/vite` → `vite`.
fn without_directory(word: &str) -> String {
    let mut directories = VENVS.iter().chain(&["node_modules/.bin/"]);
    let name = directories.find_map(|directory| after(word, directory));
    name.unwrap_or(word).to_owned()
}

/// What stands behind a directory, with that or nothing before it.
fn after<'w>(word: &'w str, directory: &str) -> Option<&'w str> {
    let (before, name) = word.split_once(directory)?;
    (before.is_empty() || before.ends_with(['/', '.'])).then_some(name)
}

/// Whether a shell is needed for more than splitting words. `$PORT` is not: it is replaced.
fn needs_shell(text: &str) -> bool {
    let without_port = port_replaced(text, "");
    let mut quote = None;
    let mut before = ' ';
    for letter in without_port.chars() {
        match (quote, letter) {
            (None, '\'' | '"') if before != '\\' => quote = Some(letter),
            (Some(open), _) if letter == open => quote = None,
            (None, '&' | '|' | ';' | '<' | '>' | '`' | '(') | (None | Some('"'), '$') => return true,
            // `run-p dev:*` names scripts, not files.
            (None, '*') if before != ':' => return true,
            (None | Some(_), _) => {}
        }
        before = letter;
    }
    false
}

/// `$PORT`, `${PORT}` and `${PORT:-8000}` replaced.
pub(crate) fn port_replaced(text: &str, by: &str) -> String {
    let pattern = regex_lite::Regex::new(r"\$PORT\b|\$\{PORT(:?-\d+)?\}").expect("it is a pattern");
    pattern.replace_all(text, regex_lite::NoExpand(by)).into_owned()
}

/// The number in `${PORT:-8000}`.
pub(crate) fn default_of_port(text: &str) -> Option<u16> {
    let pattern = regex_lite::Regex::new(r"\$\{PORT:?-(\d+)\}").expect("it is a pattern");
    pattern.captures(text)?.get(1)?.as_str().parse().ok()
}

pub(crate) fn split_once_outside_quotes<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if letter == open => quote = None,
            (None, _) if text[at..].starts_with(separator) => {
                return Some((&text[..at], &text[at + separator.len()..]));
            }
            (None | Some(_), _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
