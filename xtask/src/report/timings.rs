//! The timings of a start as a waterfall: a row for each service, a bar for each of its states.

mod svg;

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str, truncate_str};
use jiff::Timestamp;

use super::paint::Paint;
use super::words;
use crate::supervise::State;
use crate::supervise::timings::{Outcome, ServiceTimings, Timings};
pub(crate) use svg::svg;

/// A row of the waterfall: preflight, the venvs, or a service.
struct Row<'a> {
    name: &'a str,
    service: Option<&'a ServiceTimings>,
    is_critical: bool,
    bars: Vec<(State, Duration, Duration)>,
    /// How long it took, if it was done.
    took: Option<Duration>,
    note: String,
}

/// `ready after 1.72 s`.
fn outcome(timings: &Timings) -> String {
    let how = match timings.outcome {
        Outcome::Ready => "ready",
        Outcome::Failed => "failed",
        Outcome::Stopped => "stopped",
    };
    format!("{how} after {}", exactly(timings.took))
}

/// `Start: ready after 1.72 s`; of a start that is past, with its age.
fn headline(timings: &Timings, now: Option<Timestamp>) -> String {
    let age = now.map(|now| Duration::try_from(now.duration_since(timings.began)).unwrap_or_default());
    let what = age.map_or("Start".to_owned(), |age| {
        format!("Last start, {} ago", words::duration(age))
    });
    format!("{what}: {}", outcome(timings))
}

/// `24 ms`, `1.45 s`, `14 s`: two starts are compared by such times, so they are more exact than elsewhere.
fn exactly(time: Duration) -> String {
    match time.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        1000..10_000 => format!("{:.2} s", time.as_secs_f64()),
        _ => words::duration(time),
    }
}

/// The waterfall below its headline. `now` is `None` for a start that has just ended.
pub(crate) fn text(timings: &Timings, now: Option<Timestamp>, paint: Paint) -> String {
    let rows = rows(timings);
    let layout = Layout::new(&rows, paint);
    let mut text = format!("{}\n\n", paint.bold(&headline(timings, now)));
    text.push_str(&layout.axis(timings.took, paint));
    for row in &rows {
        text.push_str(&layout.row(row, timings, paint));
    }
    text.push_str(&format!("\n{}", legend(&rows, timings, paint)));
    text
}

/// Preflight first, then the services.
fn rows(timings: &Timings) -> Vec<Row<'_>> {
    let step = |name, (from, to): (Duration, Duration)| Row {
        name,
        service: None,
        is_critical: false,
        bars: vec![(State::Starting, from, to)],
        took: Some(to.saturating_sub(from)),
        note: String::new(),
    };
    let before = [step("preflight", (Duration::ZERO, timings.preflight))].into_iter();
    let before = before.chain(timings.venvs.map(|venvs| step("venvs", venvs)));
    let services = timings.services.iter().map(|it| Row {
        name: &it.name,
        service: Some(it),
        is_critical: timings.critical.contains(&it.name),
        bars: it.spans.iter().map(|span| (span.state, span.from, span.to)).collect(),
        took: it
            .spans
            .iter()
            .any(|span| span.state == State::Starting)
            .then(|| it.starting()),
        note: note(it),
    });
    before.chain(services).collect()
}

/// What the bars do not say.
fn note(service: &ServiceTimings) -> String {
    let n_starts = service
        .spans
        .iter()
        .filter(|span| span.state == State::Starting)
        .count();
    let state = match service.state {
        State::Failed | State::Exited => Some(service.state.name().to_owned()),
        State::Waiting => Some(match service.waited_for() {
            Some(name) => format!("not started, waits for {name}"),
            None => "not started".to_owned(),
        }),
        State::Starting | State::Backoff => Some("not ready".to_owned()),
        State::Unhealthy => Some("unhealthy".to_owned()),
        State::Running | State::Ready | State::Completed if service.ran_before && n_starts == 0 => {
            Some("ran before".to_owned())
        }
        State::Running | State::Ready | State::Completed | State::Stopping | State::Stopped => None,
    };
    let again = (n_starts > 1).then(|| format!("{n_starts} starts"));
    let after = service.waited_for().filter(|_| n_starts > 0 || service.state.is_up());
    let after = after.map(|name| format!("after {name}"));
    let parts: Vec<String> = [state, again, after].into_iter().flatten().collect();
    parts.join(", ")
}

/// The widths of the columns.
struct Layout {
    name: usize,
    bars: usize,
    took: usize,
    note: usize,
}

/// Narrower bars say nothing; then the notes are left out.
const MIN_BARS: usize = 16;

/// A longer name is cut.
const MAX_NAME: usize = 24;

/// The width of the widest duration, such as `14 h 3 m`.
const TOOK: usize = 7;

impl Layout {
    fn new(rows: &[Row<'_>], paint: Paint) -> Layout {
        let widest = |text: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(text).max().unwrap_or(0);
        let name = widest(&|row| measure_text_width(row.name)).min(MAX_NAME);
        let note = widest(&|row| measure_text_width(&row.note));
        // Two for the mark, and two before each further column.
        let left = paint.width().saturating_sub(2 + name + 2 + 2 + TOOK);
        let (bars, note) = match left.checked_sub(note + 2) {
            Some(bars) if bars >= MIN_BARS && note > 0 => (bars, note),
            _ => (left.max(MIN_BARS), 0),
        };
        Layout {
            name,
            bars,
            took: TOOK,
            note,
        }
    }

    /// The times at the left, the middle and the right of the bars.
    fn axis(&self, took: Duration, paint: Paint) -> String {
        let (middle, right) = (exactly(took / 2), exactly(took));
        let (half, rest) = (self.bars / 2, self.bars - self.bars / 2);
        let left = pad_str("0", half, Alignment::Left, None);
        // On a narrow terminal, the two would touch.
        let middle = if middle.len() + 2 + right.len() > rest {
            String::new()
        } else {
            middle
        };
        let middle = pad_str(&middle, rest.saturating_sub(right.len()), Alignment::Left, None);
        let text = format!("{}{left}{middle}{right}", " ".repeat(2 + self.name + 2));
        format!("{}\n", paint.dim(&text))
    }

    fn row(&self, row: &Row<'_>, timings: &Timings, paint: Paint) -> String {
        let cut = if paint.is_ascii() { "~" } else { "…" };
        let name = truncate_str(row.name, self.name, cut);
        let name = pad_str(&name, self.name, Alignment::Left, None);
        let name = match (row.service, row.is_critical) {
            (_, true) => paint.bold(&format!("* {name}")),
            (Some(_), false) => format!("  {name}"),
            (None, _) => paint.dim(&format!("  {name}")),
        };
        let took = row.took.map(exactly).unwrap_or_default();
        let took = pad_str(&took, self.took, Alignment::Right, None).into_owned();
        let note = match self.note {
            0 => String::new(),
            width => format!("  {}", truncate_str(&row.note, width, cut)),
        };
        let bars = self.bars(row, timings.took, paint);
        format!("{name}  {bars}  {took}{note}").trim_end().to_owned() + "\n"
    }

    /// The bars of a row, a cell for each part of the time. A short start still has one.
    fn bars(&self, row: &Row<'_>, took: Duration, paint: Paint) -> String {
        let unit = took.as_secs_f64().max(f64::MIN_POSITIVE) / self.bars as f64;
        let cell = |at: Duration| ((at.as_secs_f64() / unit) as usize).min(self.bars - 1);
        let mut cells: Vec<Option<State>> = vec![None; self.bars];
        for (at, it) in cells.iter_mut().enumerate() {
            let middle = Duration::from_secs_f64((at as f64 + 0.5) * unit);
            let bar = row.bars.iter().find(|(_, from, to)| *from <= middle && middle < *to);
            *it = bar.map(|(state, ..)| *state);
        }
        for (state, from, to) in &row.bars {
            let is_seen = cells[cell(*from)..=cell(*to)].contains(&Some(*state));
            if !is_seen && is_work(*state) {
                cells[cell(*from)] = Some(*state);
            }
        }
        if row.service.is_some_and(|it| it.state == State::Failed) {
            cells[self.bars - 1] = Some(State::Failed);
        }
        let mut text = String::new();
        for run in cells.chunk_by(|one, next| one == next) {
            text.push_str(&match run[0] {
                None => " ".repeat(run.len()),
                Some(state) => in_colour(state, &symbol(state, paint.is_ascii()).repeat(run.len()), paint),
            });
        }
        text
    }
}

/// What takes time, unlike being ready or waiting.
fn is_work(state: State) -> bool {
    matches!(
        state,
        State::Starting | State::Stopping | State::Backoff | State::Unhealthy
    )
}

fn symbol(state: State, is_ascii: bool) -> &'static str {
    let (drawn, ascii) = match state {
        State::Waiting => ("·", "."),
        State::Starting => ("█", "#"),
        State::Running | State::Ready => ("░", "-"),
        State::Unhealthy => ("▒", "?"),
        State::Stopping => ("▄", "~"),
        State::Backoff => ("¦", "!"),
        State::Failed => ("✗", "x"),
        State::Exited | State::Completed | State::Stopped => (" ", " "),
    };
    if is_ascii { ascii } else { drawn }
}

fn in_colour(state: State, text: &str, paint: Paint) -> String {
    match state {
        State::Waiting => paint.dim(text),
        State::Starting | State::Stopping | State::Backoff | State::Unhealthy => paint.warn(text),
        State::Running | State::Ready => paint.good(text),
        State::Failed => paint.bad(text),
        State::Exited | State::Completed | State::Stopped => text.to_owned(),
    }
}

/// The states of the legend; two have the same bar.
const SHOWN: [(State, &str); 7] = [
    (State::Waiting, "waiting"),
    (State::Starting, "starting"),
    (State::Ready, "ready"),
    (State::Unhealthy, "unhealthy"),
    (State::Stopping, "stopping"),
    (State::Backoff, "pause before a restart"),
    (State::Failed, "failed"),
];

fn is_shown(state: State, rows: &[Row<'_>]) -> bool {
    let is_it = |it: State| it == state || state == State::Ready && it == State::Running;
    let ends_so = |row: &Row<'_>| state == State::Failed && row.service.is_some_and(|it| it.state == state);
    rows.iter()
        .any(|row| row.bars.iter().any(|(it, ..)| is_it(*it)) || ends_so(row))
}

/// What the signs mean, and the critical chain.
fn legend(rows: &[Row<'_>], timings: &Timings, paint: Paint) -> String {
    let shown = SHOWN.iter().filter(|(state, _)| is_shown(*state, rows));
    let parts: Vec<String> = shown
        .map(|(state, name)| format!("{} {name}", symbol(*state, paint.is_ascii())))
        .collect();
    let width = paint.width().saturating_sub(2);
    let mut lines = words::lines(&parts, "   ", width);
    let arrow = if paint.is_ascii() { " ->" } else { " →" };
    let n_names = timings.critical.len();
    let names = timings.critical.iter().enumerate().map(|(n, name)| {
        let begin = if n == 0 { "* critical chain: " } else { "" };
        let end = if n + 1 < n_names { arrow } else { "" };
        format!("{begin}{name}{end}")
    });
    lines.extend(words::lines(&names.collect::<Vec<_>>(), " ", width));
    lines.iter().map(|line| format!("  {}\n", paint.dim(line))).collect()
}
