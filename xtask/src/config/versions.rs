//! The versions of Python that a venv accepts, and those of this program that a project accepts: PEP 440 version
//! specifiers, for release numbers only.
//!
//! Source: packaging.python.org, "Version specifiers".

use std::cmp::Ordering;

use super::{VersionOperator, Versions};
use crate::diagnostic::{Diagnostic, Exit};

impl Versions {
    /// Parses conditions separated by commas: `>=3.11,<3.13`, `~=3.11`, `==3.12.*`; a bare `3.12` means `==3.12.*`.
    ///
    /// # Errors
    /// Any other text, including versions with more than release numbers, such as `3.13rc1`.
    pub(crate) fn parse(text: &str) -> Result<Self, Diagnostic> {
        let bounds = text.split(',').map(|part| bound(part.trim())).collect::<Option<_>>();
        match bounds {
            Some(bounds) => Ok(Versions {
                text: text.to_owned(),
                bounds,
            }),
            None => Err(no_specifier(text)),
        }
    }

    /// Whether the release `version` meets every condition. Missing numbers count as 0: 3.11 is 3.11.0.
    pub(crate) fn allows(&self, version: &[u32]) -> bool {
        self.bounds.iter().all(|(operator, bound)| match operator {
            VersionOperator::Equal => compare(version, bound).is_eq(),
            VersionOperator::NotEqual => compare(version, bound).is_ne(),
            VersionOperator::Matching => starts_with(version, bound),
            VersionOperator::NotMatching => !starts_with(version, bound),
            VersionOperator::AtLeast => compare(version, bound).is_ge(),
            VersionOperator::MoreThan => compare(version, bound).is_gt(),
            VersionOperator::AtMost => compare(version, bound).is_le(),
            VersionOperator::LessThan => compare(version, bound).is_lt(),
            VersionOperator::Compatible => {
                compare(version, bound).is_ge() && starts_with(version, &bound[..bound.len() - 1])
            }
        })
    }
}

fn bound(text: &str) -> Option<(VersionOperator, Vec<u32>)> {
    let version = text.trim_start_matches(['<', '>', '=', '!', '~']);
    let operator = &text[..text.len() - version.len()];
    let version = version.trim();
    let (version, any_patch) = match version.strip_suffix(".*") {
        Some(prefix) => (prefix, true),
        None => (version, false),
    };
    let operator = match (operator, any_patch) {
        ("", _) | ("==", true) => VersionOperator::Matching,
        ("!=", true) => VersionOperator::NotMatching,
        ("==", false) => VersionOperator::Equal,
        ("!=", false) => VersionOperator::NotEqual,
        (">=", false) => VersionOperator::AtLeast,
        (">", false) => VersionOperator::MoreThan,
        ("<=", false) => VersionOperator::AtMost,
        ("<", false) => VersionOperator::LessThan,
        ("~=", false) => VersionOperator::Compatible,
        _ => return None,
    };
    let numbers: Vec<u32> = version.split('.').map(number).collect::<Option<_>>()?;
    // PEP 440 does not permit `~=3`, which would allow every version from 3 on.
    let enough = operator != VersionOperator::Compatible || numbers.len() >= 2;
    enough.then_some((operator, numbers))
}

fn number(text: &str) -> Option<u32> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn compare(version: &[u32], bound: &[u32]) -> Ordering {
    let length = version.len().max(bound.len());
    padded(version, length).cmp(padded(bound, length))
}

fn starts_with(version: &[u32], prefix: &[u32]) -> bool {
    padded(version, prefix.len()).eq(prefix.iter().copied())
}

fn padded(version: &[u32], length: usize) -> impl Iterator<Item = u32> {
    version.iter().copied().chain(std::iter::repeat(0)).take(length)
}

fn no_specifier(text: &str) -> Diagnostic {
    let problem = Diagnostic::new(format!("`{text}` is not a version specifier")).exit(Exit::Usage);
    match text.strip_prefix(['^', '~']) {
        Some(version) if number(version.split('.').next().unwrap_or_default()).is_some() => problem.hint(format!(
            "write `>={version}` with an upper bound, such as `>={version},<4`"
        )),
        _ => problem.hint("write it like `>=3.11`, `>=3.11,<3.13`, `~=3.11` or `3.12`"),
    }
}

#[cfg(test)]
mod tests;
