//! `healthcheck`: how a service shows that it is ready.

use std::time::Duration;

use super::command::command;
use super::item::{Item, Table};
use super::reader::{TomlReader, not_supported};
use crate::config::keys::HEALTHCHECK;
use crate::config::template::Piece;
use crate::config::{CHECK_INTERVAL, CHECK_RETRIES, CHECK_TIMEOUT, Check, Healthcheck, Port, Protocol, START_PERIOD};
use crate::diagnostic::Diagnostic;

/// Reads the table. `ports` are the valid ports of `service`.
pub(super) fn healthcheck<'t>(
    reader: &mut TomlReader<'t>,
    item: &Item<'t>,
    service: &Table<'t>,
    ports: &[Port],
) -> Option<Healthcheck> {
    let table = reader.known_table(item, HEALTHCHECK)?;
    let kinds: Vec<Item> = ["http", "tcp", "command"]
        .iter()
        .filter_map(|kind| table.get(kind))
        .collect();
    if let [first, second, ..] = kinds.as_slice() {
        let problem = Diagnostic::new(format!("`{}` and `{}` are mutually exclusive", first.key, second.key));
        reader.report(second.at_key(), problem.hint("keep one of them"));
    }
    let check = kinds.first().and_then(|kind| check(reader, kind));
    let needs_port = match &check {
        Some(Check::Http(target)) => starts_with(&target.value.pieces, "/"),
        Some(Check::Tcp) => true,
        Some(Check::Command(_)) | None => false,
    };
    let no_port = service.get("port").is_none() && service.get("ports").is_none();
    let no_tcp_port = no_port || ports.first().is_some_and(|port| port.protocol == Protocol::Udp);
    if needs_port && no_tcp_port {
        let problem = Diagnostic::new(format!(
            "`{}` asks at the main TCP port, and the service has none",
            kinds[0].key
        ));
        reader.report_absent(
            kinds[0].at_key(),
            problem.hint(format!("add `port` to [{}]", service.path)),
        );
    }
    let mut time = |key: &str, default: Duration| {
        let given = table.get(key).and_then(|item| positive(reader, &item));
        given.unwrap_or(default)
    };
    let interval = time("interval", CHECK_INTERVAL);
    let timeout = time("timeout", CHECK_TIMEOUT);
    let start_period = time("start_period", START_PERIOD);
    Some(Healthcheck {
        check,
        interval,
        timeout,
        retries: table
            .get("retries")
            .and_then(|item| retries(reader, &item))
            .unwrap_or(CHECK_RETRIES),
        start_period,
    })
}

fn check<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Check> {
    match item.key {
        "http" => http(reader, item),
        "tcp" => {
            let given = reader.boolean(item)?;
            if !given {
                let problem = Diagnostic::new("`tcp = false` checks nothing").hint("remove `tcp`");
                reader.report(item.at_value(), problem);
            }
            Some(Check::Tcp)
        }
        _ => command(reader, item, false).map(Check::Command),
    }
}

fn http<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Check> {
    let target = reader.template(item)?;
    let pieces = &target.value.pieces;
    if starts_with(pieces, "https://") {
        reader.report(
            item.at_value(),
            not_supported("https://").hint("check a plain `http://` address"),
        );
        return None;
    }
    let unknown_start = matches!(pieces.first(), Some(Piece::Variable { .. } | Piece::Reference { .. }));
    if !unknown_start && !starts_with(pieces, "/") && !starts_with(pieces, "http://") {
        let problem =
            Diagnostic::new("`http` must be a path that starts with `/`, or a URL that starts with `http://`");
        reader.report(item.at_value(), problem);
        return None;
    }
    Some(Check::Http(target))
}

fn starts_with(pieces: &[Piece], prefix: &str) -> bool {
    matches!(pieces.first(), Some(Piece::Literal(text)) if text.starts_with(prefix))
}

fn positive<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Duration> {
    let duration = reader.duration(item)?;
    if duration.is_zero() {
        reader.report(
            item.at_value(),
            Diagnostic::new(format!("`{}` must be longer than 0", item.key)),
        );
        return None;
    }
    Some(duration)
}

fn retries(reader: &mut TomlReader, item: &Item) -> Option<u32> {
    let Some(integer) = item.value.as_integer() else {
        reader.report_type(item, "an integer");
        return None;
    };
    let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
    let number = number.filter(|number| *number > 0);
    if number.is_none() {
        let problem = Diagnostic::new(format!("`{}` must be at least 1, found {integer}", item.key));
        reader.report(item.at_value(), problem);
    }
    number
}
