//! The table of `port ls`: a row for each process that serves a port and is not a descendant of another owner.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::card::RenderContext;
use super::{table, words};
use crate::foreign::Foreign;
use crate::ports::{Endpoint, Owner, PortFact, Role};
use crate::process::ProcessState;

const COLUMNS: [&str; 9] = [
    "PORT",
    "ADDRESS",
    "PID",
    "NAME",
    "USER",
    "AGE",
    "SERVICE",
    "DIRECTORY",
    "COMMAND",
];

/// Rows in the given order; ends with a line break.
pub(crate) fn table(ports: &[(Endpoint, &PortFact)], reader: &RenderContext) -> String {
    let mut rows = vec![COLUMNS.map(String::from).to_vec()];
    rows.extend(ports.iter().flat_map(|(port, fact)| rows_of(port, fact, reader)));
    let mut widths = table::widths(&rows);
    let at = |rows: &[Vec<String>], name: &str| rows[0].iter().position(|column| column == name);
    if let Some(service) = at(&rows, "SERVICE").filter(|at| rows.iter().skip(1).all(|row| row[*at] == "-")) {
        table::remove_column(&mut rows, &mut widths, service);
    }
    // On a narrow terminal the less important columns are dropped, and the command is truncated to the remaining width.
    const SHORTEST: usize = 20;
    let fits = |rows: &[Vec<String>], widths: &[usize]| {
        let spare = at(rows, "COMMAND").map_or(0, |at| widths[at].saturating_sub(SHORTEST));
        table::whole(widths).saturating_sub(spare) <= reader.width
    };
    for name in ["DIRECTORY", "USER", "AGE", "COMMAND", "SERVICE", "ADDRESS"] {
        if !fits(&rows, &widths)
            && let Some(at) = at(&rows, name)
        {
            table::remove_column(&mut rows, &mut widths, at);
        }
    }
    if let Some(command) = at(&rows, "COMMAND") {
        let too_wide = table::whole(&widths).saturating_sub(reader.width);
        widths[command] = widths[command].saturating_sub(too_wide);
        for row in &mut rows {
            row[command] = console::truncate_str(&row[command], widths[command], "…").into_owned();
        }
    }
    table::table(&rows, &widths, reader.paint, |_, column, cell| match column {
        0 => reader.paint.bold(&cell),
        _ => cell,
    })
}

/// The cells in the order of [`COLUMNS`].
fn rows_of(port: &Endpoint, fact: &PortFact, reader: &RenderContext) -> Vec<Vec<String>> {
    let is_below = |owner: &Owner| {
        let mut parents = owner.process.parents.iter().map(|parent| parent.pid);
        parents.any(|pid| fact.owners.iter().any(|other| other.process.identity.pid == pid))
    };
    let (parts, tops): (Vec<&Owner>, Vec<&Owner>) = fact.owners.iter().partition(|owner| is_below(owner));
    let seen = tops.iter().map(|owner| {
        let pid = owner.process.identity.pid;
        let n_parts = parts
            .iter()
            .filter(|part| part.process.parents.iter().any(|parent| parent.pid == pid));
        row(port, owner, n_parts.count(), reader)
    });
    let hidden = fact.ownerless.iter().map(|socket| {
        let user = socket.user.as_ref().map(ToString::to_string);
        let mut row = vec!["-".to_owned(); COLUMNS.len()];
        row[0] = port.typed();
        row[1] = address(&socket.address);
        row[3] = "hidden".to_owned();
        row[4] = user.unwrap_or_else(|| socket.uid.to_string());
        row[6] = service(&socket.role, None).map_or_else(|| "-".to_owned(), |service| service.to_string());
        row
    });
    seen.chain(hidden).collect()
}

fn row(port: &Endpoint, owner: &Owner, n_parts: usize, reader: &RenderContext) -> Vec<String> {
    let addresses: BTreeSet<String> = owner.addresses.iter().map(address).collect();
    let mut name = owner.process.name.to_string();
    if n_parts > 0 {
        name.push_str(&format!(" +{n_parts}"));
    }
    if owner.process.state == ProcessState::Suspended {
        name.push_str(" (suspended)");
    }
    let user = owner.process.user.as_ref().map(ToString::to_string);
    let age = owner
        .process
        .started_at
        .map(|started| reader.now.duration_since(started));
    let age = age.map(|age| words::duration(Duration::try_from(age).unwrap_or_default()));
    let service = service_of(owner).map(|service| service.to_string());
    let directory = owner
        .process
        .cwd
        .as_ref()
        .map(|cwd| words::foreign_path(cwd, reader.home));
    let known = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
    vec![
        port.typed(),
        addresses.into_iter().collect::<Vec<_>>().join(" "),
        owner.process.identity.pid.to_string(),
        name,
        known(user.or_else(|| owner.process.uid.map(|uid| uid.to_string()))),
        known(age),
        known(service),
        known(directory),
        known(Some(owner.process.command.to_string()).filter(|command| !command.is_empty())),
    ]
}

/// The name that its supervisor, engine or manager uses: `shop/api`, a container's name, `redis.service`.
pub(crate) fn service_of(owner: &Owner) -> Option<Foreign> {
    let tag = owner.process.tag.as_ref().map(|tag| within(&tag.project, &tag.service));
    tag.or_else(|| service(&owner.role, owner.process.unit.as_ref()))
}

/// The same for a socket without a visible owner.
pub(crate) fn service(role: &Role, unit: Option<&Foreign>) -> Option<Foreign> {
    match role {
        Role::Container(container) => match (&container.project, &container.service) {
            (Some(project), Some(service)) => Some(within(project, service)),
            (_, _) => container.name.clone(),
        },
        Role::Managed(manager) => manager.name.clone(),
        Role::Server | Role::Tunnel(_) => unit.cloned(),
    }
}

fn within(project: &Foreign, service: &Foreign) -> Foreign {
    format!("{}/{}", project.raw(), service.raw()).into()
}

/// `*` for a wildcard address.
fn address(address: &SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => "*".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string(),
    }
}
