//! "did you mean": the known name that is closest to a mistyped one.

/// The closest of `known`, or `None` if more than a third of the letters differ. Case is ignored.
pub(crate) fn closest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let typed = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&typed, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= typed.len().max(candidate.len()).max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// One letter more, less, different or swapped, as in `BACKEDN_PORT`. Names that differ in a digit are different names.
pub(crate) fn is_slip(name: &str, meant: &str) -> bool {
    const SHORTEST: usize = 5;
    let without_digits = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "");
    name.len() >= SHORTEST && is_one_letter_off(name, meant) && without_digits(name) != without_digits(meant)
}

pub(crate) fn is_one_letter_off(name: &str, meant: &str) -> bool {
    strsim::damerau_levenshtein(name, meant) == 1
}

/// `did you mean …?`, if a known name is close.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    closest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// `` `a`, `b` or `c` ``
pub(crate) fn any_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
