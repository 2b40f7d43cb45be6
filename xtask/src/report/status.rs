//! The output of `status` as a table.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::paint::{Mark, Paint};
use super::{cause, table, words};
use crate::diagnostic::Hint;
use crate::foreign::visible;
use crate::plan::Runs;
use crate::protocol::{HealthStatus, LogExportStatus, ObservedService, RunStatus};
use crate::supervise::{Cause, State};

/// The header and the table; ends with a line break.
pub(crate) fn table(status: &RunStatus, now: Timestamp, paint: Paint, width: usize) -> String {
    let head = match &status.record {
        Some(record) => {
            let age = Duration::try_from(now.duration_since(record.started_at)).unwrap_or_default();
            let (mode, pid) = (record.mode.name(), record.supervisor.pid);
            format!("up {}  ({mode}, pid {pid})", words::duration(age))
        }
        None => format!("not running  ({})", words::path(&status.checkout, None)),
    };
    let mut text = format!("{}  {head}\n\n", paint.bold(&status.project));
    if status.services.is_empty() {
        text.push_str("  no services\n");
        return text;
    }
    let mut rows = vec![COLUMNS.map(String::from).to_vec()];
    rows.extend(status.services.iter().map(|service| row(service, now)));
    let mut widths = table::widths(&rows);
    // On a narrow terminal the less important columns are dropped.
    for name in ["AGE", "RESTARTS", "PID", "CLIENTS"] {
        if table::whole(&widths) > width {
            let at = rows[0]
                .iter()
                .position(|column| column == name)
                .expect("each column is dropped once");
            table::remove_column(&mut rows, &mut widths, at);
        }
    }
    // Then the health column is truncated; problems are repeated below the table.
    let health = rows[0].iter().position(|column| column == "HEALTH");
    let health = health.expect("this column is never dropped");
    let too_wide = table::whole(&widths).saturating_sub(width);
    widths[health] = widths[health].saturating_sub(too_wide).max("HEALTH".len());
    for row in &mut rows {
        row[health] = console::truncate_str(&row[health], widths[health], "…").into_owned();
    }
    let paint_cell = |row: usize, column: usize, cell: String| match column {
        1 => in_colour(status.services[row].status.state, &cell, paint),
        _ => cell,
    };
    text.push_str(&table::table(&rows, &widths, paint, paint_cell));
    let targets = status.log_export.iter().map(log_export);
    let notes: String = status
        .services
        .iter()
        .filter_map(note)
        .chain(targets)
        .map(|note| format!("{}\n", note.trim_end()))
        .collect();
    if notes.is_empty() {
        text
    } else {
        format!("{text}\n{notes}")
    }
}

/// What failed in the last run, while nothing runs, and how to see why: services with the times of their failures. One
/// that failed because another did is left out.
pub(crate) fn failed(services: &[(String, Timestamp, Cause)], now: Timestamp) -> Option<(String, Hint)> {
    let is_first = |cause: &Cause| !matches!(cause.last(), Cause::Dependency { .. });
    let mut first = services.iter().filter(|(_, _, cause)| is_first(cause));
    let (name, at, cause) = first.clone().min_by_key(|(_, at, _)| *at)?;
    let ago = words::duration(Duration::try_from(now.duration_since(*at)).unwrap_or_default());
    let others = first.by_ref().count() - 1;
    let others = match others {
        0 => String::new(),
        n => format!("; so did {}", words::count(n, "other")),
    };
    let line = format!(
        "In the last run, {ago} ago, `{name}` failed: {}{others}.",
        visible(&cause::cause(cause))
    );
    Some((line, Hint::run("see more with", format!("why {name}"))))
}

/// How a log target fares.
fn log_export(status: &LogExportStatus) -> String {
    let lines = |n: u64, what: &str| (n > 0).then(|| format!(", {n} {what}"));
    let (waiting, dropped) = (lines(status.waiting, "waiting"), lines(status.dropped, "dropped"));
    let trouble = status.trouble.as_ref().map(|why| format!(": {}", visible(why)));
    let rest = [waiting, dropped, trouble].into_iter().flatten().collect::<String>();
    format!(
        "log target {}: {} sent{rest}",
        status.target,
        words::n_lines(status.sent)
    )
}

/// What a service waits for, or why it is not healthy: too long for the table.
fn note(service: &ObservedService) -> Option<String> {
    let ObservedService { status, ports, health } = service;
    let name = &status.name;
    let waits = |how: &str| {
        let waits = visible(&status.waiting_for.join(", ")).into_owned();
        (!waits.is_empty()).then(|| format!("{name} {how} {waits}"))
    };
    let foreign = || {
        let is_external = status.runs == Runs::External;
        let mut ports = ports.iter().filter(|port| port.listening && !port.ours && !is_external);
        ports
            .next()
            .map(|port| format!("{name} does not listen on {}: another process does", port.number))
    };
    let cause = || {
        status
            .exit
            .as_ref()
            .and_then(|exit| exit.cause.as_ref())
            .map(cause::cause)
    };
    match status.state {
        State::Waiting => waits("waits for"),
        State::Starting => waits("waits:"),
        State::Unhealthy => {
            let detail = health.detail.as_ref();
            foreign().or_else(|| detail.map(|detail| format!("{name} is unhealthy: {}", visible(detail))))
        }
        State::Failed => cause().map(|cause| format!("{name} has failed: {}", visible(&cause))),
        State::Backoff => cause().map(|cause| format!("{name} is about to be started again: {}", visible(&cause))),
        State::Ready | State::Running => foreign(),
        State::Stopping | State::Exited | State::Completed | State::Stopped => None,
    }
}

const COLUMNS: [&str; 8] = [
    "SERVICE", "STATE", "PID", "AGE", "PORT", "HEALTH", "RESTARTS", "CLIENTS",
];

/// The state of a stopped service that is not ours to stop, in messages.
pub(crate) const LEFT_RUNNING: &str = "left running";

/// A state in progress messages, with other words for tasks; the table and JSON use the same names for both.
pub(crate) fn word(state: State, task: bool) -> &'static str {
    match state {
        State::Starting if task => "running",
        state => state.name(),
    }
}

/// `text`, such as the name of `state`, in the colour of that state.
pub(crate) fn in_colour(state: State, text: &str, paint: Paint) -> String {
    match state {
        State::Running | State::Ready | State::Completed => paint.good(text),
        State::Unhealthy | State::Failed => paint.bad(text),
        State::Starting | State::Stopping | State::Backoff => paint.warn(text),
        State::Waiting | State::Exited | State::Stopped => paint.dim(text),
    }
}

/// The mark at the beginning of a line about an event, by which it is told apart from the lines of services.
pub(crate) fn mark(state: State, paint: Paint) -> String {
    let mark = match state {
        State::Ready | State::Completed => Mark::Good,
        State::Unhealthy | State::Failed | State::Backoff => Mark::Trouble,
        State::Waiting | State::Starting | State::Running => Mark::News,
        State::Stopping | State::Exited | State::Stopped => Mark::News,
    };
    in_colour(state, paint.mark(mark), paint)
}

/// The cells in the order of [`COLUMNS`].
fn row(service: &ObservedService, now: Timestamp) -> Vec<String> {
    let ObservedService {
        status,
        ports: seen,
        health,
    } = service;
    let age = status
        .since
        .map(|since| Duration::try_from(now.duration_since(since)).unwrap_or_default());
    let ports = seen.iter().map(|port| {
        let mut remarks = Vec::new();
        if let Some(declared) = port.declared.filter(|declared| *declared != port.number) {
            remarks.push(format!("declared {declared}"));
        }
        match (port.listening, port.ours) {
            (true, true) => {}
            (true, false) if port.left_over => remarks.push("leftover".to_owned()),
            (true, false) if status.runs == Runs::External => remarks.push("external".to_owned()),
            (true, false) => remarks.push("not ours".to_owned()),
            (false, true) => remarks.push("reserved".to_owned()),
            (false, false) => remarks.push("closed".to_owned()),
        }
        match remarks.as_slice() {
            [] => port.number.to_string(),
            remarks => format!("{} ({})", port.number, remarks.join(", ")),
        }
    });
    let elsewhere: BTreeSet<u16> = seen
        .iter()
        .flat_map(|port| &port.elsewhere)
        .map(SocketAddr::port)
        .collect();
    let elsewhere: Vec<String> = elsewhere.iter().map(u16::to_string).collect();
    let mut ports: Vec<String> = ports.collect();
    if !elsewhere.is_empty() {
        ports.push(format!("listens on {}", elsewhere.join(" ")));
    }
    let health = match (health.status, &health.detail) {
        (HealthStatus::Ok, Some(detail)) => format!("ok   {}", visible(detail)),
        (HealthStatus::Ok, None) => "ok".to_owned(),
        (HealthStatus::Failing, detail) => detail
            .as_ref()
            .map_or("failing".to_owned(), |detail| visible(detail).into_owned()),
        (HealthStatus::Unknown, _) if status.pid.is_none() => "-".to_owned(),
        (HealthStatus::Unknown, _) => "unknown".to_owned(),
        (HealthStatus::None, _) => "-".to_owned(),
    };
    vec![
        status.name.clone(),
        status.state.name().to_owned(),
        status.pid.map_or("-".to_owned(), |pid| pid.to_string()),
        age.map_or("-".to_owned(), words::duration),
        if ports.is_empty() {
            "-".to_owned()
        } else {
            ports.join(" ")
        },
        health,
        status.restarts.to_string(),
        seen.iter().map(|port| port.clients).sum::<usize>().to_string(),
    ]
}
