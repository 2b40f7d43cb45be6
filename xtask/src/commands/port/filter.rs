//! Which rows of `port ls` are shown.

use super::port_arg::{PortRange, span};

#[derive(Debug, Clone)]
pub(super) enum Filter {
    Ports(PortRange),
    /// In lower case.
    Text(String),
}

impl Filter {
    /// Text that starts with a digit is a port or a range.
    pub(super) fn parse(text: &str) -> Result<Filter, String> {
        if text.starts_with(|letter: char| letter.is_ascii_digit()) {
            return span(text).map(Filter::Ports);
        }
        Ok(Filter::Text(text.to_lowercase()))
    }
}
