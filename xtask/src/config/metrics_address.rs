//! The address at which metrics are served: `127.0.0.1:9464`, in `devtasks.toml` and on the command line.

use std::net::{Ipv4Addr, SocketAddr};

use crate::diagnostic::{Diagnostic, Exit};

/// An address and a port; `localhost` is 127.0.0.1, where Prometheus looks first.
///
/// # Errors
/// Any other text. A port alone could mean every address of the machine, as in Go's `:9464`, so it is refused; port 0
/// would be another one each time.
pub(crate) fn parse(text: &str) -> Result<SocketAddr, Diagnostic> {
    let local = text
        .strip_prefix("localhost:")
        .and_then(|port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?))));
    let address = local.or_else(|| text.parse().ok());
    address
        .filter(|address| address.port() != 0)
        .ok_or_else(|| no_address(text))
}

fn no_address(text: &str) -> Diagnostic {
    Diagnostic::new(format!("`{text}` is not an address with a port"))
        .hint("write both, such as `127.0.0.1:9464`, or `0.0.0.0:9464` for every address of this machine")
        .exit(Exit::Usage)
}

/// A build without the feature was asked for metrics.
pub(crate) fn not_in_this_build(instead: &str) -> Diagnostic {
    Diagnostic::new("this build cannot serve metrics")
        .hint(format!("build devtasks with its feature `metrics`, or {instead}"))
        .exit(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = parse(text).map_or_else(|problem| problem.message, |address| address.to_string());
        assert_eq!(read, expected);
    }

    #[test]
    fn an_address_has_a_port() {
        check("127.0.0.1:9464", "127.0.0.1:9464");
        check("[::1]:9464", "[::1]:9464");
        check("localhost:9464", "127.0.0.1:9464");
        check("0.0.0.0:1", "0.0.0.0:1");
        check("9464", "`9464` is not an address with a port");
        check(":9464", "`:9464` is not an address with a port");
        check("127.0.0.1", "`127.0.0.1` is not an address with a port");
        check("127.0.0.1:0", "`127.0.0.1:0` is not an address with a port");
        check("localhost:99999", "`localhost:99999` is not an address with a port");
        check("example.com:9464", "`example.com:9464` is not an address with a port");
    }
}
