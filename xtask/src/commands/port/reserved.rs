//! `port ls --all-projects`: the reservations of all checkouts, whether they run or not.

use std::time::Duration;

use super::filter::Filter;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::Exit;
use crate::plan::Reservation;
use crate::ports::{Endpoint, Owner, PortFact, SocketState};
use crate::report::card::RenderContext;
use crate::report::json;
use crate::report::reservations::{NumberOrigin, Occupancy, ReservationsDocument, Reserved, table};
use crate::run::reservations::{self, Checkout};
use crate::system::owners;

pub(super) fn show(filters: &[Filter], context: &Context) -> CommandResult {
    let checkouts = reservations::all()?;
    let mut patience = owners::REPOSITORY_TIMEOUT;
    let of_checkout = |checkout: &Checkout| of_checkout(checkout, &mut patience);
    let mut reserved: Vec<Reserved> = checkouts.iter().flat_map(of_checkout).collect();
    reserved.retain(|one| filters.is_empty() || filters.iter().any(|filter| passes(filter, one)));
    reserved.sort_by_key(|one| (one.number, one.protocol, one.checkout.clone()));
    let ports: Vec<Endpoint> = reserved.iter().map(Reserved::port).collect();
    let facts = owners::look_up_passive(&ports);
    for one in &mut reserved {
        one.held = facts.get(&one.port()).and_then(|fact| held(one, fact));
    }
    let text = if context.json {
        json::line(&ReservationsDocument {
            schema_version: json::SCHEMA_VERSION,
            reservations: reserved,
        })
    } else if reserved.is_empty() {
        "No checkout has reserved a port there.\n".to_owned()
    } else {
        // Files and filters such as grep need whole lines.
        let width = match context.terminals.stdout_is_tty {
            true => context.terminals.width,
            false => usize::MAX,
        };
        let reader = RenderContext {
            width,
            ..context.reader(context.paint())
        };
        table(&reserved, &reader)
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

fn of_checkout(checkout: &Checkout, patience: &mut Duration) -> Vec<Reserved> {
    let repository = owners::repository_within(&checkout.checkout, patience);
    let branch = repository.and_then(|repository| repository.branch);
    let ports = checkout.ports.iter().flat_map(|(id, port)| {
        let numbers = numbers(port).into_iter();
        numbers.map(|(number, why, instead_of)| Reserved {
            number,
            protocol: port.protocol,
            project: checkout.project.clone().into(),
            service: id.service.clone().into(),
            port: id.key.clone(),
            why,
            instead_of,
            checkout: checkout.checkout.clone().into(),
            branch: branch.clone(),
            held: None,
        })
    });
    ports.collect()
}

/// Its current number, and the `auto` number that is kept for it meanwhile.
fn numbers(port: &Reservation) -> Vec<(u16, NumberOrigin, Option<u16>)> {
    let auto = port.auto.map(|auto| auto.number);
    let why = match port.instead_of {
        Some(_) => NumberOrigin::Next,
        None if auto == Some(port.number) => NumberOrigin::Auto,
        None => NumberOrigin::Declared,
    };
    let kept = auto.filter(|number| *number != port.number);
    let now = (port.number, why, port.instead_of);
    std::iter::once(now)
        .chain(kept.map(|number| (number, NumberOrigin::Auto, None)))
        .collect()
}

fn passes(filter: &Filter, one: &Reserved) -> bool {
    match filter {
        Filter::Ports(span) => span.contains(one.port()),
        Filter::Text(text) => {
            let name = format!("{}/{}", one.project.raw(), one.service.raw());
            let directory = one.checkout.raw().to_string_lossy().into_owned();
            let mut words = [name, directory]
                .into_iter()
                .chain(one.branch.as_ref().map(|it| it.raw().clone()));
            words.any(|word| word.to_lowercase().contains(text))
        }
    }
}

/// A connection that uses the number as an ephemeral port is not a server.
fn held(one: &Reserved, fact: &PortFact) -> Option<Occupancy> {
    if fact.unknown.is_some() {
        return None;
    }
    let mut owners = fact
        .owners
        .iter()
        .filter(|owner| owner.holds_by != SocketState::Connection);
    let is_taken = owners.clone().next().is_some();
    let is_its_own = |owner: &Owner| {
        owner
            .process
            .tag
            .as_ref()
            .is_some_and(|tag| tag.checkout == one.checkout && (tag.service == one.service || tag.is_supervisor()))
    };
    Some(match owners.any(is_its_own) {
        true => Occupancy::Ours,
        false if is_taken || fact.unowned.iter().any(|socket| socket.state.is_exclusive()) => Occupancy::Other,
        false => Occupancy::Free,
    })
}
