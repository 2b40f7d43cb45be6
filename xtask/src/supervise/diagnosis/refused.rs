//! A connection that was refused: which port of this machine it was to.

/// The port in `connect ECONNREFUSED 127.0.0.1:6379`, `at "localhost" (::1), port 5432 failed`, `('127.0.0.1', 5432)`.
///
/// Another machine's is none: nobody here can do anything about it.
pub(crate) fn port(evidence: &str) -> Option<u16> {
    let words = evidence.split([' ', '"', '\'', '`', '(', ')', ',', ';', '=', '>']);
    let words: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches([':', '.']))
        .collect();
    let address = words.iter().rev().find_map(|word| {
        let (host, rest) = word.rsplit_once(':')?;
        let number = rest.split('/').next()?.parse().ok()?;
        is_local(host).then_some(number)
    });
    let apart = || {
        let at = words.iter().position(|word| is_local(word))?;
        // `port` may stand between, or an address after a name.
        words[at + 1..].iter().take(3).find_map(|word| word.parse().ok())
    };
    address.or_else(apart).filter(|port| *port > 0)
}

fn is_local(host: &str) -> bool {
    let host = host.rsplit(['/', '@']).next().unwrap_or(host);
    let host = host.trim_matches(['[', ']']);
    let host = host.strip_prefix("::ffff:").unwrap_or(host);
    let is_v4 = host.starts_with("127.") && host.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    is_v4 || ["localhost", "::1", "::", "0.0.0.0"].contains(&host)
}

#[cfg(test)]
mod tests;
