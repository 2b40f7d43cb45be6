//! Makes a command follow the port that devtasks hands out: `--port 8000` → `--port ${PORT}`.

use super::line::{default_of_port, port_replaced};
use super::program::Number;
use super::tool::PortForm;

const PLACE: &str = "${PORT}";

/// The command with `${PORT}` in it, and the number that was written there.
pub(crate) fn follow(words: Vec<String>, form: PortForm) -> (Vec<String>, Option<Number>) {
    let mut number = words
        .iter()
        .find_map(|word| default_of_port(word))
        .map(|value| Number::new(value, format!("${{PORT:-{value}}}")));
    let mut words: Vec<String> = words.iter().map(|word| port_replaced(word, PLACE)).collect();
    if words.iter().any(|word| word.contains(PLACE)) {
        return (words, number);
    }
    match form {
        PortForm::Flag(flags) | PortForm::Bind(flags) => {
            let host = matches!(form, PortForm::Bind(_))
                .then_some("127.0.0.1:")
                .unwrap_or_default();
            match flags.iter().find_map(|flag| replaced(&mut words, flag)) {
                Some(found) => number = number.or(found),
                None => words.extend([flags[0].to_owned(), format!("{host}{PLACE}")]),
            }
        }
        PortForm::After(word) => {
            if let Some(at) = words.iter().position(|it| it == word) {
                let next = words.get(at + 1).filter(|next| is_address(next)).cloned();
                match next {
                    Some(next) => {
                        number = address(&next).map(|value| Number::new(value, format!("{word} {next}")));
                        words[at + 1] = at_place(&next);
                    }
                    None => words.insert(at + 1, PLACE.to_owned()),
                }
            }
        }
        PortForm::Variable(_) | PortForm::None => {}
    }
    (words, number)
}

/// Replaces the value of a flag; `None` if it is not there, and its number if it was one.
fn replaced(words: &mut [String], flag: &str) -> Option<Option<Number>> {
    let joined = format!("{flag}=");
    for at in 0..words.len() {
        if let Some(value) = words[at].strip_prefix(&joined) {
            let number = address(value).map(|number| Number::new(number, words[at].clone()));
            words[at] = format!("{joined}{}", at_place(value));
            return Some(number);
        }
        if words[at] == flag && at + 1 < words.len() {
            let number = address(&words[at + 1]).map(|number| Number::new(number, format!("{flag} {}", words[at + 1])));
            words[at + 1] = at_place(&words[at + 1]);
            return Some(number);
        }
    }
    None
}

/// `127.0.0.1:8000` → `127.0.0.1:${PORT}`.
fn at_place(value: &str) -> String {
    match value.rsplit_once(':') {
        Some((host, _)) => format!("{host}:{PLACE}"),
        None => PLACE.to_owned(),
    }
}

fn address(value: &str) -> Option<u16> {
    value.rsplit(':').next()?.parse().ok().filter(|number| *number > 0)
}

fn is_address(value: &str) -> bool {
    address(value).is_some()
}
