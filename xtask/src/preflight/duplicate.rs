//! Ports declared twice in `devtasks.toml`; found without looking at the machine.

use std::net::{IpAddr, Ipv4Addr};

use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::plan::{Plan, Port, Service};
use crate::ports::{Endpoint, Finding, Subject};

/// A `port.duplicate` for each port that conflicts with an earlier one of the plan: same number and protocol, and
/// addresses that cannot both be bound. Without a host, 127.0.0.1 is meant.
pub(crate) fn duplicates(plan: &Plan) -> Vec<Finding> {
    let mut earlier: Vec<(&Service, &Port)> = Vec::new();
    let mut findings = Vec::new();
    for service in &plan.services {
        for port in &service.ports {
            let clash = earlier.iter().find(|(_, other)| clashes(port, other));
            findings.extend(clash.map(|(first, first_port)| duplicate(first, first_port, service, port)));
            earlier.push((service, port));
        }
    }
    findings
}

fn clashes(one: &Port, other: &Port) -> bool {
    one.number == other.number && one.protocol == other.protocol && overlap(address(one), address(other))
}

fn address(port: &Port) -> IpAddr {
    port.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)).to_canonical()
}

/// `::` is assumed to be dual-stack, as most servers bind it; it then overlaps all addresses of both families.
///
/// Source: ipv6(7), IPV6_V6ONLY; tried on Linux 6.18 for all pairs of 6 addresses.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| match wide {
        IpAddr::V4(wide) => wide.is_unspecified() && narrow.is_ipv4(),
        IpAddr::V6(wide) => wide.is_unspecified(),
    };
    one == other || covers(one, other) || covers(other, one)
}

fn duplicate(first: &Service, first_port: &Port, second: &Service, second_port: &Port) -> Finding {
    let number = second_port.number;
    let place = &first_port.place;
    let message = if first.name == second.name {
        let (one, other) = (&first_port.key, &second_port.key);
        format!(
            "`{}` declares port {number} twice, as `{one}` and as `{other}`",
            second.name
        )
    } else {
        format!(
            "port {number} is declared twice, by `{}` ({}:{}:{}) and by `{}`",
            first.name,
            place.file.display(),
            place.line,
            place.column,
            second.name
        )
    };
    Diagnostic::new(message)
        .code(Code::PortDuplicate)
        .exit(Exit::Usage)
        .at(&second_port.place)
        .hint(format!("give `{}` another `port` in devtasks.toml", second.name))
        .about(Subject {
            port: Some(Endpoint::from(second_port)),
            ..Subject::service(&second.name)
        })
}

#[cfg(test)]
mod tests;
