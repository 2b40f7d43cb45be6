//! Command lines of other programs.

/// The last component of a path, without `.exe` and without the title that some programs append (`sshd: kim@pts/0`).
pub(crate) fn program(word: &str) -> &str {
    let title = word.split(": ").next().unwrap_or(word);
    let name = title.rsplit(['/', '\\']).next().unwrap_or(title);
    name.strip_suffix(".exe").unwrap_or(name)
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
