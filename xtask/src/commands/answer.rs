//! Answers to questions: what was typed → which of the choices is meant.

#[cfg(test)]
mod tests;

/// One of the answers that a question offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice<T> {
    /// What choosing it means.
    pub(super) means: T,
    /// What is pressed: a lower-case letter.
    pub(super) letter: char,
    /// Other words for it, in lower case.
    pub(super) words: &'static [&'static str],
}

/// Words for yes and no, in English and Korean.
pub(super) const YES: [&str; 6] = ["y", "yes", "예", "네", "응", "ㅇㅇ"];
pub(super) const NO: [&str; 7] = ["n", "no", "아니요", "아니오", "아니", "아뇨", "ㄴㄴ"];

/// The choice that is meant; `None` if it is none of them. A letter also counts when Korean input was on.
pub(super) fn meant<'a, T>(typed: &str, choices: &'a [Choice<T>]) -> Option<&'a Choice<T>> {
    let typed = typed.trim().to_lowercase();
    let by_letter = |choice: &&Choice<T>| is_letter(&typed, choice.letter);
    let by_word = |choice: &&Choice<T>| choice.words.contains(&typed.as_str());
    choices.iter().find(by_letter).or_else(|| choices.iter().find(by_word))
}

fn is_letter(typed: &str, letter: char) -> bool {
    let mut letters = typed.chars();
    let (Some(first), None) = (letters.next(), letters.next()) else {
        return false;
    };
    first == letter || on_key(first) == Some(letter)
}

/// The Latin letter on the key of a Korean one.
///
/// Source: KS X 5002, the keyboard with two sets that Korean systems use by default.
pub(super) fn on_key(korean: char) -> Option<char> {
    const KOREAN: &str = "ㅁㅠㅊㅇㄷㄹㅎㅗㅑㅓㅏㅣㅡㅜㅐㅔㅂㄱㄴㅅㅕㅍㅈㅌㅛㅋ";
    let at = KOREAN.chars().position(|it| it == korean)?;
    char::from_u32(u32::from('a') + u32::try_from(at).ok()?)
}

/// `[s/p/N]`: what can be pressed, the default in upper case.
pub(super) fn keys<T>(choices: &[Choice<T>], default: usize) -> String {
    let key = |(at, choice): (usize, &Choice<T>)| match at == default {
        true => choice.letter.to_uppercase().to_string(),
        false => choice.letter.to_string(),
    };
    let keys: Vec<String> = choices.iter().enumerate().map(key).collect();
    format!("[{}]", keys.join("/"))
}

/// What is said after an answer that is none.
pub(super) fn asked_again<T>(choices: &[Choice<T>]) -> String {
    let letters: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.letter)).collect();
    match letters.split_last() {
        Some((last, [])) => format!("press {last}"),
        Some((last, others)) => format!("press {} or {last}", others.join(", ")),
        None => String::new(),
    }
}
