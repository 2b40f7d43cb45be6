//! Whether the name `localhost` leads to this machine, as dev servers and browsers assume.

use std::net::IpAddr;

use super::warning;
use crate::diagnostic::Code;
use crate::ports::{Finding, Subject};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Localhost {
    /// The hosts file.
    pub(crate) file: &'static str,
    /// The addresses that it gives to the name, in its order.
    pub(crate) named: Vec<IpAddr>,
    /// Whether the system finds the name without the file; asked only if the file has none.
    pub(crate) is_resolved: bool,
}

/// The addresses of `localhost` in a hosts file.
///
/// Source: man 5 hosts.
pub(crate) fn addresses(text: &str) -> Vec<IpAddr> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let named = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        let is_it = words.any(|name| name.eq_ignore_ascii_case("localhost"));
        is_it.then_some(address)
    });
    named.collect()
}

/// A warning if programs that use the name reach nothing, or another machine.
pub(super) fn not_here(fact: &Localhost) -> Option<Finding> {
    let file = fact.file;
    let elsewhere = fact.named.iter().find(|address| !address.is_loopback());
    let (message, hint) = match elsewhere {
        Some(address) => (
            format!("`{file}` leads `localhost` to {address}, which is no loopback address"),
            format!("take `localhost` out of the line of {address} in `{file}`"),
        ),
        None if fact.named.is_empty() && !fact.is_resolved => (
            format!("`localhost` has no address: `{file}` does not name it"),
            format!("run `echo '127.0.0.1 localhost' | sudo tee -a {file}`"),
        ),
        None => return None,
    };
    let finding = warning(Code::HostsLocalhost, message).hint(hint);
    Some(finding.about(Subject::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_resolved: bool, expected: Option<&str>) {
        let fact = Localhost {
            file: "/etc/hosts",
            named: addresses(text),
            is_resolved,
        };
        let told = not_here(&fact).map(|it| it.message);
        assert_eq!(told.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn localhost_must_lead_to_a_loopback_address() {
        check("127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n", false, None);
        check("127.0.0.1 shop.test LOCALHOST # as ever\n", false, None);
        check("::1 localhost\n", false, None);
        let missing = Some("`localhost` has no address: `/etc/hosts` does not name it");
        check("", false, missing);
        check(
            "# 127.0.0.1 localhost\n127.0.0.1 localhost.localdomain\n",
            false,
            missing,
        );
        check("", true, None);
        check(
            "127.0.0.1 localhost\n10.0.0.5 shop localhost\n",
            true,
            Some("`/etc/hosts` leads `localhost` to 10.0.0.5, which is no loopback address"),
        );
    }
}
