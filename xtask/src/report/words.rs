//! Formatting shared by many reports: durations, counts, lists, paths.

use std::path::{Path, PathBuf};
use std::time::Duration;

use console::measure_text_width;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::status;
use crate::foreign::{Foreign, visible};
use crate::process::ProcessRef;
use crate::process::left_alone::LeftAlone;
use crate::protocol::{LogExportStatus, ServiceProgress};

/// `40 ms`, `0.4 s`, `5 s`, `14 s`, `14 min`, `2 h 14 min`, `3 d 4 h`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0 if duration.as_millis() < 100 => format!("{} ms", duration.as_millis()),
        0..10 if duration.subsec_nanos() > 0 => format!("{:.1} s", duration.as_secs_f64()),
        0..120 => format!("{seconds} s"),
        120..3600 => format!("{minutes} min"),
        3600..86_400 => two((hours, "h"), (minutes % 60, "min")),
        86_400.. => two((days, "d"), (hours % 24, "h")),
    }
}

/// `2 h 14 min`, or `2 h`.
fn two((many, unit): (u64, &str), (rest, smaller): (u64, &str)) -> String {
    match rest {
        0 => format!("{many} {unit}"),
        rest => format!("{many} {unit} {rest} {smaller}"),
    }
}

/// `14:03:59.120`, as a clock on the wall of `zone` shows it; of another day than `now` with the date in front,
/// `2026-11-23 14:03:59.120`.
pub(crate) fn time_of_day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (zone.to_datetime(at), zone.to_datetime(now));
    let format = if at.date() == now.date() {
        "%H:%M:%S.%3f"
    } else {
        "%Y-%m-%d %H:%M:%S.%3f"
    };
    at.strftime(format).to_string()
}

/// Programs that were started by services and are not stopped; one line for each program.
pub(crate) fn left_alone(left_alone: &[LeftAlone]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut told: Vec<(&Foreign, Option<&Foreign>)> = Vec::new();
    for it in left_alone {
        let (name, service) = (&it.name, it.service.as_ref());
        if told.contains(&(name, service)) {
            continue;
        }
        told.push((name, service));
        let who = service.map_or_else(|| "a service".to_owned(), |service| format!("`{service}`"));
        let (pid, reason) = (it.pid, &it.reason);
        lines.push(format!(
            "  `{name}` (pid {pid}), which {who} started, is left alone: {reason}"
        ));
    }
    lines
}

/// `Firefox 4511, curl 4602, …`.
pub(crate) fn named(clients: &[ProcessRef]) -> String {
    const MAX_NAMED: usize = 3;
    let mut named: Vec<_> = clients
        .iter()
        .take(MAX_NAMED)
        .map(|client| format!("{} {}", client.name, client.pid))
        .collect();
    if clients.len() > MAX_NAMED {
        named.push("…".to_owned());
    }
    named.join(", ")
}

/// `nothing listens on 8000 yet`, `still connected: Firefox 4511`; empty if unknown.
pub(crate) fn waiting(progress: &ServiceProgress) -> String {
    match progress.clients.as_slice() {
        [] => progress.waiting_for.join(", "),
        clients => format!("still connected: {}", named(clients)),
    }
}

/// `db starting 1.2 s (nothing listens on 8000 yet), migrate running 12 s: copying rows`.
pub(crate) fn under_way(services: &[ServiceProgress]) -> String {
    let part = |it: &ServiceProgress| {
        let (word, took) = (status::word(it.state, it.task), duration(it.elapsed));
        let waiting = match waiting(it).as_str() {
            "" => String::new(),
            what => format!(" ({what})"),
        };
        let line = it.last_line.as_deref().map(glance).unwrap_or_default();
        let line = if line.is_empty() { line } else { format!(": {line}") };
        format!("{} {word} {took}{waiting}{line}", it.service)
    };
    services.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A line of another program, without what only a terminal understands.
pub(crate) fn plain(line: &str) -> String {
    visible(&console::strip_ansi_codes(line)).into_owned()
}

/// The same, not longer than can be read at a glance.
pub(crate) fn glance(line: &str) -> String {
    const MAX_WIDTH: usize = 100;
    console::truncate_str(plain(line).trim(), MAX_WIDTH, "…").into_owned()
}

/// `1 service`, `3 services`, `2 processes`.
pub(crate) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ if what.ends_with('s') => format!("{n} {what}es"),
        _ => format!("{n} {what}s"),
    }
}

/// `1 line`, `3 lines`.
pub(crate) fn n_lines(n: u64) -> String {
    match n {
        1 => "1 line".to_owned(),
        n => format!("{n} lines"),
    }
}

/// What log targets did not get, at the end of a run.
pub(crate) fn not_exported(targets: &[LogExportStatus]) -> Vec<String> {
    let lossy = targets.iter().filter(|target| target.dropped > 0);
    let line = |it: &LogExportStatus| {
        let why = it.trouble.as_ref().map(|why| format!(": {}", visible(why)));
        let (n_lines, target) = (n_lines(it.dropped), &it.target);
        format!("log target `{target}` did not get {n_lines}{}", why.unwrap_or_default())
    };
    lossy.map(line).collect()
}

/// `3 services`, `1 task`, `3 services and 1 task`.
pub(crate) fn services_and_tasks(n_services: usize, n_tasks: usize) -> String {
    let tasks = count(n_tasks, "task");
    match (n_services, n_tasks) {
        (_, 0) => count(n_services, "service"),
        (0, _) => tasks,
        (_, _) => format!("{} and {tasks}", count(n_services, "service")),
    }
}

/// Joins parts with `between` and breaks lines at `width`; a part is never broken.
pub(crate) fn lines(parts: &[String], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line)
                if measure_text_width(line) + measure_text_width(between) + measure_text_width(part) <= width =>
            {
                line.push_str(between);
                line.push_str(part);
            }
            Some(line) => {
                // A comma stays at the end of the line.
                line.push_str(between.trim_end());
                lines.push(part.clone());
            }
            None => lines.push(part.clone()),
        }
    }
    lines
}

/// The text in lines of at most `width` columns, broken between words.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    lines(&words, " ", width).join("\n")
}

/// The columns of the longest name.
pub(crate) fn widest<'a>(names: impl IntoIterator<Item = &'a str>) -> usize {
    names.into_iter().map(measure_text_width).max().unwrap_or(0)
}

/// `a, b and c`; `None` for none.
pub(crate) fn list(words: &[String]) -> Option<String> {
    let (last, others) = words.split_last()?;
    Some(match others {
        [] => last.clone(),
        others => format!("{} and {last}", others.join(", ")),
    })
}

/// Like [`path`], for a directory from outside; escaped.
pub(crate) fn foreign_path(directory: &Foreign<PathBuf>, home: Option<&Path>) -> String {
    visible(&path(directory.raw(), home)).into_owned()
}

/// The path with `~` for the home directory.
pub(crate) fn path(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}
