//! Patterns for strings. They use only what every dialect of regular expressions has: no look-ahead.
//!
//! A string with `${` in it is right where variables are allowed: what it comes to is not known yet.

/// Source: `read::names::is_name`.
pub(super) const NAME: &str = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$";
/// Without `${`.
pub(super) const NO_VARIABLE: &str = r"^([^$]|\$+[^${])*\$*$";
pub(super) const DURATION: &str = "^([0-9]+(h|ms|m|s))+$";
/// A duration with a digit that is not 0.
pub(super) const TIME: &str = "^([0-9]+(h|ms|m|s))*[0-9]*[1-9][0-9]*(h|ms|m|s)([0-9]+(h|ms|m|s))*$";
const PORT_NUMBER: &str =
    r"^0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9][0-9]|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})$";
/// Source: RFC 3986, 3.1.
pub(super) const SCHEME: &str = "^[A-Za-z][A-Za-z0-9+.-]*$";
/// An IP address or `localhost`, and a port.
pub(super) const ADDRESS: &str = r"^(localhost|[0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$|\$\{";
pub(super) const IP_ADDRESS: &str = r"^(localhost|[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$|\$\{";
pub(super) const ABSOLUTE_PATH: &str = "^/[^\\u0000-\\u001f]*$";
pub(super) const USER: &str = "^[A-Za-z0-9_.][A-Za-z0-9_.-]*$";
pub(super) const PATH_OR_URL: &str = r"^(/|http://|\$\{)";
pub(super) const QUANTITY: &str = r"^([0-9]+\.?[0-9]*|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

pub(super) fn port() -> String {
    format!(r"{PORT_NUMBER}|\$\{{")
}

pub(super) fn port_or_auto() -> String {
    format!(r"{PORT_NUMBER}|^auto$|\$\{{")
}

/// Conditions on release numbers, separated by commas.
pub(super) fn versions() -> String {
    let number = r"[0-9]+(\.[0-9]+)*";
    let condition = format!(r"\s*(((==|!=)?\s*{number}(\.\*)?)|((>=|<=|>|<)\s*{number})|(~=\s*[0-9]+(\.[0-9]+)+))\s*");
    format!("^{condition}(,{condition})*$")
}

/// `SIGTERM`, `TERM`, `term`.
pub(super) fn signal() -> String {
    let any_case = |word: &str| -> String {
        let letters = word.chars();
        let letter = |it: char| match it.is_ascii_alphabetic() {
            true => format!("[{it}{}]", it.to_ascii_lowercase()),
            false => it.to_string(),
        };
        letters.map(letter).collect()
    };
    let names = crate::config::keys::SIGNALS.iter();
    let names = names.filter_map(|name| name.strip_prefix("SIG"));
    let names: Vec<String> = names.map(any_case).collect();
    format!("^({})?({})$", any_case("SIG"), names.join("|"))
}
