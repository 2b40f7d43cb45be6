//! What is typed → the letter of the choice.

use super::*;

fn choices() -> [Choice<&'static str>; 3] {
    let choice = |means, letter, words| Choice { means, letter, words };
    [
        choice("stop", 's', &YES[..]),
        choice("move", 'p', &["port", "next"]),
        choice("leave", 'n', &NO[..]),
    ]
}

#[track_caller]
fn check(typed: &[&str], expected: Option<&str>) {
    let choices = choices();
    for typed in typed {
        assert_eq!(meant(typed, &choices).map(|choice| choice.means), expected, "{typed}");
    }
}

#[test]
fn letters_and_words_are_understood() {
    check(&["s", "S\n", " s ", "y", "yes", "YES"], Some("stop"));
    check(&["p", "port", "next"], Some("move"));
    check(&["n", "no", "N"], Some("leave"));
}

#[test]
fn korean_letters_count_by_their_key_and_korean_words_by_their_meaning() {
    check(&["ㄴ", "예", "네\n"], Some("stop"));
    check(&["ㅔ"], Some("move"));
    check(&["ㅜ", "아니요", "아니오"], Some("leave"));
}

#[test]
fn anything_else_is_no_answer() {
    check(&["", "what", "yy", "ㅁ", "sp", "🚀"], None);
}

#[test]
fn every_letter_has_a_key() {
    let keys: String = "ㅁㅠㅊㅇㄷㄹㅎㅗㅑㅓㅏㅣㅡㅜㅐㅔㅂㄱㄴㅅㅕㅍㅈㅌㅛㅋ"
        .chars()
        .filter_map(on_key)
        .collect();
    assert_eq!(keys, "abcdefghijklmnopqrstuvwxyz");
}

#[test]
fn the_default_is_in_upper_case() {
    assert_eq!(keys(&choices(), 2), "[s/p/N]");
    assert_eq!(keys(&choices(), 0), "[S/p/n]");
    assert_eq!(asked_again(&choices()), "press `s`, `p` or `n`");
}
