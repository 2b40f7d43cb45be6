//! What a test expects of a whole text.

use std::path::MAIN_SEPARATOR;

use expect_test::Expect;

/// A text written in the test, which `UPDATE_EXPECT=1 cargo test` rewrites, or one that the test computes.
pub(crate) trait Expected {
    #[track_caller]
    fn check(self, seen: &str);
}

impl Expected for Expect {
    fn check(self, seen: &str) {
        if !is_same_on_windows(self.data(), seen) {
            self.assert_eq(seen);
        }
    }
}

impl Expected for &str {
    #[track_caller]
    fn check(self, seen: &str) {
        if !is_same_on_windows(self, seen) {
            assert_eq!(seen, dedent(self), "\n{seen}\n");
        }
    }
}

/// Expected texts are those of Unix. Whether `seen` is the same as Windows writes it: paths, a venv's commands, quotes, `;`
/// between commands and in the `PATH`, and its own shell. Never true elsewhere.
fn is_same_on_windows(expected: &str, seen: &str) -> bool {
    const WORDS: [(&str, &str); 7] = [
        ("\\", "/"),
        ("/Scripts", "/bin"),
        ("python.exe", "python"),
        ("cmd|/C|", "sh|-c|"),
        ("\"", "'"),
        ("; ", " && "),
        (";", ":"),
    ];
    let as_unix = |text: &str| {
        let text = dedent(text);
        WORDS
            .iter()
            .fold(text, |text, (windows, unix)| text.replace(windows, unix))
    };
    MAIN_SEPARATOR != '/' && as_unix(expected) == as_unix(seen)
}

impl Expected for &String {
    #[track_caller]
    fn check(self, seen: &str) {
        self.as_str().check(seen);
    }
}

/// Without the blank lines and blanks around the text, and without the indentation that all its lines share.
pub(crate) fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let lines = text.trim_start_matches('\n').trim_end_matches([' ', '\n']).split('\n');
    let shared = lines.clone().filter(|line| !line.trim().is_empty()).map(indent).min();
    let cut = |line: &str| line.get(shared.unwrap_or(0)..).unwrap_or_default().to_owned();
    lines.map(cut).collect::<Vec<_>>().join("\n")
}
