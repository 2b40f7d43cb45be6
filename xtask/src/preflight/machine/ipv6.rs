//! A service that asks for `::1` on a machine without IPv6.

use std::net::{IpAddr, Ipv6Addr};

use super::warning;
use crate::diagnostic::Code;
use crate::plan::{Check, Plan, Service};
use crate::ports::{Finding, Subject};

/// Whether a service asks for an address of IPv6 elsewhere than in `host`, which the check of its port judges.
pub(crate) fn asks(service: &Service) -> bool {
    written(service).is_some()
}

/// The address as it is written in the command or the health check.
fn written(service: &Service) -> Option<&'static str> {
    let has_host = |host: IpAddr| service.ports.iter().any(|port| port.host == Some(host));
    if has_host(Ipv6Addr::LOCALHOST.into()) || has_host(Ipv6Addr::UNSPECIFIED.into()) {
        return None;
    }
    let check = service.health.as_ref().map(|health| &health.check);
    let checked: Vec<&str> = match check {
        Some(Check::HttpUrl(url)) => vec![url],
        Some(Check::Command(words)) => words.iter().map(String::as_str).collect(),
        Some(Check::HttpPath(_) | Check::Tcp) | None => Vec::new(),
    };
    let mut words = service.command.parts().into_iter().chain(checked);
    words.find_map(address)
}

/// `::1`, `[::1]:8000`, `--host=::1`, `http://[::1]/`, `[::]`.
fn address(word: &str) -> Option<&'static str> {
    if word.contains("[::1]") {
        return Some("::1");
    }
    if word.contains("[::]") {
        return Some("::");
    }
    let value = word.rsplit('=').next().unwrap_or(word);
    ["::1", "::"].into_iter().find(|address| value == *address)
}

pub(super) fn off(plan: &Plan, has_ipv6: Option<bool>) -> Vec<Finding> {
    if has_ipv6 != Some(false) {
        return Vec::new();
    }
    let asking = plan.services.iter().filter_map(|service| {
        let address = written(service)?;
        let name = &service.name;
        let message = format!("`{name}` asks for {address}, and IPv6 is off on this machine");
        let hint = format!("write 127.0.0.1 or 0.0.0.0 instead of {address} in [services.{name}]");
        let finding = warning(Code::Ipv6Off, message).at(&service.command.place).hint(hint);
        Some(finding.about(Subject::service(name)))
    });
    asking.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::planned::planned;

    #[track_caller]
    fn check(service: &str, expected: Option<&str>) {
        let plan = planned(Path::new("/shop"), &format!("[services.api]\n{service}"));
        let told = off(&plan, Some(false));
        assert_eq!(told.first().map(|it| it.message.as_str()), expected, "{service}");
        assert_eq!(asks(&plan.services[0]), expected.is_some());
        assert_eq!(off(&plan, Some(true)), []);
    }

    #[test]
    fn an_address_of_ipv6_in_the_command_or_the_check_counts() {
        let told = Some("`api` asks for ::1, and IPv6 is off on this machine");
        check("command = 'serve --host ::1 --port 8000'", told);
        check("command = 'serve --bind=::1'", told);
        check("command = 'serve [::1]:8000'", told);
        check("command = 'serve'\nhealthcheck = { http = 'http://[::1]:8000/' }", told);
        check(
            "command = 'gunicorn -b [::]:8000'",
            Some("`api` asks for ::, and IPv6 is off on this machine"),
        );
        check("command = 'serve --host 127.0.0.1'", None);
        check("command = 'cargo run a::b std::1x'", None);
        // Its port says so.
        check("command = 'serve ::1'\nport = { number = 8000, host = '::1' }", None);
    }
}
