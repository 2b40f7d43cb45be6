//! How programs are told to colour although their output is a pipe. Pure; what was tried is in `docs/design/terminal.md`.

use std::ffi::OsStr;

use crate::plan::Environment;

/// What a user sets about colours. Whoever has set one of them has decided.
const DECISIONS: [&str; 5] = [
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "NODE_DISABLE_COLORS",
];

/// Programs of Node.js and Python; of C and Rust, such as cargo and ruff; uvicorn, which knows no other.
///
/// Source: force-color.org; bixense.com/clicolors; uvicorn, "Settings" (a variable for each option).
const VARIABLES: [(&str, &str); 3] = [
    ("FORCE_COLOR", "1"),
    ("CLICOLOR_FORCE", "1"),
    ("UVICORN_USE_COLORS", "1"),
];

/// What to add to the environment of a service whose colours are shown.
pub(super) fn variables(environment: &Environment) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_set = |name: &str| environment.contains_key(OsStr::new(name));
    let added: &[(&str, &str)] = match DECISIONS.into_iter().any(is_set) {
        true => &[],
        false => &VARIABLES,
    };
    added.iter().copied().filter(move |(name, _)| !is_set(name))
}

#[cfg(test)]
mod tests;
