//! `port` and `ports`: a number, a string with a variable, or a table.

use std::net::IpAddr;

use super::item::{Item, Table};
use super::names::{MAIN_PORT, NameKind};
use super::reader::TomlReader;
use crate::config::keys::PORT;
use crate::config::template::{Otherwise, Piece};
use crate::config::{AUTO, Located, OnConflict, Port, Protocol, Template};
use crate::diagnostic::Diagnostic;

/// All ports of a service, the main one first.
pub(super) fn ports<'t>(reader: &mut TomlReader<'t>, service: &Table<'t>) -> Vec<Port> {
    match (service.get("port"), service.get("ports")) {
        (Some(_), Some(several)) => {
            let problem = Diagnostic::new("`port` and `ports` are mutually exclusive");
            reader.report(several.at_key(), problem.hint("move the number of `port` into `ports`"));
            Vec::new()
        }
        (Some(one), None) => port(reader, &one, MAIN_PORT).into_iter().collect(),
        (None, Some(several)) => table_of_ports(reader, &several),
        (None, None) => Vec::new(),
    }
}

pub(super) fn on_conflict<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<OnConflict> {
    let choices = [
        ("ask", Some(OnConflict::Ask)),
        ("fail", Some(OnConflict::Fail)),
        ("kill", Some(OnConflict::Kill)),
        ("next", Some(OnConflict::Next)),
    ];
    reader.choice(item, &choices)
}

fn table_of_ports<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<Port> {
    let Some(table) = item.as_table() else {
        reader.report_type(item, "a table such as `{ http = 8080 }`");
        return Vec::new();
    };
    let mut ports = Vec::new();
    for item in table.items() {
        reader.check_name(&item, NameKind::Port);
        ports.extend(port(reader, &item, item.key));
    }
    ports
}

fn port<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, key: &str) -> Option<Port> {
    if !item.value.is_table() {
        return Some(Port {
            key: key.to_owned(),
            number: number(reader, item, Auto::Allowed)?,
            base: None,
            host: None,
            protocol: Protocol::Tcp,
            on_conflict: None,
        });
    }
    let table = reader.known_table(item, PORT)?;
    let base = table.get("base").and_then(|item| number(reader, &item, Auto::No));
    let host = table.get("host").and_then(|item| host(reader, &item));
    let protocol = table.get("protocol").and_then(|item| {
        let choices = [("tcp", Some(Protocol::Tcp)), ("udp", Some(Protocol::Udp))];
        reader.choice(&item, &choices)
    });
    let on_conflict = table.get("on_conflict").and_then(|item| on_conflict(reader, &item));
    let Some(number_item) = table.get("number") else {
        let problem = Diagnostic::new(format!("`{}` has no `number`", item.key));
        reader.report_absent(item.at_value(), problem.hint("add `number = 8000`"));
        return None;
    };
    let number = number(reader, &number_item, Auto::Allowed)?;
    if let Some(item) = table.get("base")
        && number.value.as_literal().is_some_and(|text| text != AUTO)
    {
        let problem = Diagnostic::new("`base` is where `\"auto\"` begins, and `number` is a number");
        reader.report(
            item.at_key(),
            problem.hint("write `number = \"auto\"`, or leave `base` out"),
        );
    }
    Some(Port {
        key: key.to_owned(),
        number,
        base,
        host,
        protocol: protocol.unwrap_or(Protocol::Tcp),
        on_conflict,
    })
}

/// Whether `"auto"` is allowed instead of a number.
#[derive(Clone, Copy, PartialEq)]
enum Auto {
    Allowed,
    No,
}

/// Reads a port number; a literal number becomes its digits.
fn number<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, auto: Auto) -> Option<Located<Template>> {
    if let Some(integer) = item.value.as_integer() {
        let Some(number) = i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(in_range)
        else {
            reader.report(item.at_value(), no_port(&integer.to_string()));
            return None;
        };
        return Some(reader.at(item, Template::literal(number.to_string())));
    }
    if !item.value.is_str() {
        reader.report_type(item, "an integer, a string or a table");
        return None;
    }
    let template = reader.template(item)?;
    if let Some(text) = whole_text(&template.value)
        && !(text == AUTO && auto == Auto::Allowed)
        && text.parse().ok().and_then(in_range).is_none()
    {
        let problem = no_port(text);
        reader.report(item.at_value(), problem);
        return None;
    }
    Some(template)
}

/// The literal value, or the default of a variable: `8000` for both `8000` and `${PORT:-8000}`.
fn whole_text(template: &Template) -> Option<&str> {
    match template.pieces.as_slice() {
        [
            Piece::Variable {
                otherwise: Otherwise::Default(default),
                ..
            },
        ] => whole_text(default),
        _ => template.as_literal(),
    }
}

fn in_range(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port != 0)
}

fn no_port(text: &str) -> Diagnostic {
    Diagnostic::new(format!("`{text}` is not a port"))
        .hint("write a number from 1 to 65535, or a variable: `\"${PORT:-8000}\"`")
}

fn host<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<Template>> {
    let host = reader.template(item)?;
    match host.value.as_literal() {
        Some("localhost") => Some(reader.at(item, Template::literal("127.0.0.1"))),
        Some(address) if address.parse::<IpAddr>().is_err() => {
            let problem = Diagnostic::new(format!("`{address}` is not an IP address"));
            reader.report(
                item.at_value(),
                problem.hint("write `127.0.0.1`, `::1`, `0.0.0.0` or another address of this machine"),
            );
            None
        }
        Some(_) | None => Some(host),
    }
}
