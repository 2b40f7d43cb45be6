//! Words → displayed text and shell command line.

use super::{command_line, visible, windows_word};

#[track_caller]
fn check(words: &[&str], shown: &str, line: &str) {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    assert_eq!(visible(&words.join(" ")), shown);
    assert_eq!(command_line(&words), line);
}

#[test]
fn plain_words_stay_as_they_are() {
    check(
        &["python3", "-m", "uvicorn", "--port=8000", "한글"],
        "python3 -m uvicorn --port=8000 한글",
        "python3 -m uvicorn --port=8000 한글",
    );
}

#[test]
fn words_that_a_shell_would_split_are_quoted() {
    check(
        &["sh", "-c", "echo 'a b' && true", "", "$HOME"],
        "sh -c echo 'a b' && true  $HOME",
        r"sh -c 'echo '\''a b'\'' && true' '' '$HOME'",
    );
}

#[test]
fn nothing_reaches_the_terminal_as_a_command() {
    check(
        &["a\x1b[2J\x07b", "c\r\n\td", "\u{9b}31m", "\x7f9", r"it's \ here\"],
        r"a\x1b[2J\x07b c\r\n\td \u{9b}31m \x7f9 it's \ here\",
        r"$'a\033[2J\007b' $'c\r\n\td' $'\U0000009b31m' $'\1779' 'it'\''s \ here\'",
    );
}

#[test]
fn text_cannot_be_reordered_or_hidden() {
    check(
        &["nimda\u{202e}", "a\u{200b}b", "\u{2066}x\u{2069}", "it's\u{2028}\\"],
        r"nimda\u{202e} a\u{200b}b \u{2066}x\u{2069} it's\u{2028}\",
        r"$'nimda\U0000202e' $'a\U0000200bb' $'\U00002066x\U00002069' $'it\'s\U00002028\\'",
    );
}

#[test]
fn a_word_for_windows_is_quoted_as_both_its_shells_read_it() {
    assert_eq!(windows_word(r"C:\Users\kim\shop"), r"C:\Users\kim\shop");
    assert_eq!(windows_word(r"C:\my shop\a&b"), r#""C:\my shop\a&b""#);
    assert_eq!(windows_word("a\"b\r\nc"), r#""ab  c""#);
    assert_eq!(windows_word(""), r#""""#);
}
