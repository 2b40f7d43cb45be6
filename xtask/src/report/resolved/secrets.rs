//! Secrets that stand in a value without a word that says so: `echo ${API_TOKEN}`.

use std::ffi::OsStr;

use crate::config::Template;
use crate::plan::Environment;
use crate::process::secrets::{MASK, is_secret};

/// `filled`, which was made from `written`, without the values of variables that hold secrets.
pub(super) fn hidden(written: &Template, filled: &str, environment: &Environment) -> String {
    let mut shown = filled.to_owned();
    for name in written.variables().into_iter().filter(|name| is_secret(name)) {
        let value = environment.get(OsStr::new(name)).map(|value| value.to_string_lossy());
        match value {
            Some(value) if !value.is_empty() && filled.contains(&*value) => shown = shown.replace(&*value, MASK),
            // Its default, or what `environment` replaces for the process alone.
            Some(_) | None if !filled.is_empty() => return MASK.to_owned(),
            Some(_) | None => {}
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, filled: &str, expected: &str) {
        let set = [("API_TOKEN", "t0p"), ("NAME", "t0p"), ("EMPTY_TOKEN", "")];
        let environment = set.map(|(name, value)| (name.into(), value.into()));
        let written = Template::parse(written).unwrap_or_else(|_| panic!("{written}"));
        assert_eq!(hidden(&written, filled, &environment.into()), expected);
    }

    #[test]
    fn what_a_secret_was_filled_with_is_masked() {
        check("echo ${API_TOKEN} | cat", "echo t0p | cat", "echo *** | cat");
        check("echo ${NAME}", "echo t0p", "echo t0p");
        check("${API_TOKEN:-x}${NAME}", "t0pt0p", "******");
    }

    #[test]
    fn what_cannot_be_told_apart_is_masked_as_a_whole() {
        check("echo ${DB_PASSWORD:-dev}", "echo dev", "***");
        check("echo ${API_TOKEN}", "echo another", "***");
        check("echo ${EMPTY_TOKEN}", "echo ", "***");
        check("${DB_PASSWORD:-}", "", "");
    }
}
