//! Command lines of other programs.

/// The last component of a path, without `.exe` and without the title that some programs append (`sshd: kim@pts/0`).
pub(crate) fn program(word: &str) -> &str {
    let name = program_file(word);
    without_exe(name).unwrap_or(name)
}

/// Like [`program`], with `.exe`.
pub(crate) fn program_file(word: &str) -> &str {
    let title = word.split(": ").next().unwrap_or(word);
    title.rsplit(['/', '\\']).next().unwrap_or(title)
}

/// The name of a program of Windows without its `.exe`, in upper or lower case; `None` if it has none.
pub(crate) fn without_exe(name: &str) -> Option<&str> {
    let stem = name.len().checked_sub(".exe".len())?;
    name.get(stem..)?.eq_ignore_ascii_case(".exe").then(|| &name[..stem])
}

/// Whether the program in this argument runs scripts: `node`, `python3.12`, `Python` of macOS, `py` of Windows.
pub(crate) fn is_interpreter(word: &str) -> bool {
    let name = program(word).to_ascii_lowercase();
    name.starts_with("python") || matches!(name.as_str(), "node" | "nodejs" | "ruby" | "py")
}

/// The value of an option written as `-c VALUE`, `--config VALUE` or `--config=VALUE`.
pub(crate) fn value(arguments: &[String], names: &[&str]) -> Option<String> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if names.contains(&word.as_str()) {
            return words.next().cloned();
        }
        let mut inline = names
            .iter()
            .filter_map(|name| word.strip_prefix(name)?.strip_prefix('='));
        if let Some(value) = inline.next() {
            return Some(value.to_owned());
        }
    }
    None
}
