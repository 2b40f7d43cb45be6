//! The waterfall as a picture: plain SVG that fits a light and a dark page, without scripts.

use std::time::Duration;

use super::{Row, SHOWN, exactly, is_shown, outcome, rows};
use crate::foreign::visible;
use crate::supervise::State;
use crate::supervise::timings::Timings;

/// In pixels.
const WIDTH: f64 = 960.0;
const ROW: f64 = 26.0;
const TOP: f64 = 74.0;
const MARGIN: f64 = 16.0;
/// The column on the right, with durations and notes.
const NOTES: f64 = 210.0;
/// Of a character of the font, which is 13 pixels high: for the columns, which need not be exact.
const CHARACTER: f64 = 8.0;

/// Colours by class: the first for a light page, the second for a dark one. What a bar means is in its height too.
const STYLE: &str = "  .page { fill: #ffffff } text { fill: #1f2328; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
  .title, .critical { font-weight: 700 } .dim { fill: #59636e } .grid { stroke: #d1d9e0 } .chain { fill: #0969da }
  .waiting { fill: #818b98 } .starting { fill: #bf8700 } .ready { fill: #2da44e } .failed { fill: #cf222e }
  .stopping, .backoff, .unhealthy { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #f0f6fc } .dim { fill: #9198a1 } .grid { stroke: #3d444d } .chain { fill: #4493f8 }
    .waiting { fill: #656c76 } .starting { fill: #d29922 } .ready { fill: #3fb950 } .failed { fill: #f85149 }
    .stopping, .backoff, .unhealthy { fill: #db6d28 }
  }
";

/// A whole file.
pub(crate) fn svg(timings: &Timings, project: &str) -> String {
    let rows = rows(timings);
    let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let bars = Bars {
        left: MARGIN + 12.0 + names as f64 * CHARACTER + 12.0,
        right: WIDTH - MARGIN - NOTES,
        took: timings.took,
    };
    let bottom = TOP + rows.len() as f64 * ROW;
    let height = bottom + 64.0;
    let title = format!("{project}: {}", outcome(timings));
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        title = escaped(&title),
    );
    picture.push_str(&text("title", (MARGIN, 28.0), "start", &title));
    for part in 0..=4 {
        picture.push_str(&bars.tick(timings.took * part / 4, bottom));
    }
    for (n, row) in rows.iter().enumerate() {
        picture.push_str(&bars.row(row, TOP + n as f64 * ROW));
    }
    picture.push_str(&legend(&rows, timings, bottom + 26.0));
    picture.push_str("</svg>\n");
    picture
}

/// The part of the picture with the bars.
struct Bars {
    left: f64,
    right: f64,
    took: Duration,
}

impl Bars {
    fn at(&self, time: Duration) -> f64 {
        let part = time.as_secs_f64() / self.took.as_secs_f64().max(f64::MIN_POSITIVE);
        self.left + (self.right - self.left) * part.min(1.0)
    }

    fn tick(&self, time: Duration, bottom: f64) -> String {
        let (x, top) = (self.at(time), TOP - 12.0);
        let name = match time {
            Duration::ZERO => "0".to_owned(),
            time => exactly(time),
        };
        format!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\n{}",
            text("dim", (x, TOP - 20.0), "middle", &name)
        )
    }

    fn row(&self, row: &Row<'_>, top: f64) -> String {
        let baseline = top + 17.0;
        let mut drawn = String::new();
        let class = match (row.service, row.is_critical) {
            (_, true) => "critical",
            (Some(_), false) => "name",
            (None, _) => "dim",
        };
        if row.is_critical {
            let (x, y) = (MARGIN, top + 4.0);
            drawn.push_str(&format!(
                "<rect class=\"chain\" x=\"{x}\" y=\"{y}\" width=\"4\" height=\"{}\"/>\n",
                ROW - 8.0
            ));
        }
        drawn.push_str(&text(class, (MARGIN + 12.0, baseline), "start", row.name));
        for (state, from, to) in &row.bars {
            drawn.push_str(&self.bar(row.name, *state, (*from, *to), top));
        }
        if row.service.is_some_and(|it| it.state == State::Failed) {
            let (x, y) = (self.right - 3.0, top + 3.0);
            drawn.push_str(&format!(
                "<rect class=\"failed\" x=\"{x:.1}\" y=\"{y}\" width=\"6\" height=\"{}\"/>\n",
                ROW - 6.0
            ));
        }
        let took = row.took.map(exactly);
        let note = (!row.note.is_empty()).then(|| row.note.clone());
        let said: Vec<String> = took.into_iter().chain(note).collect();
        let n_characters = (NOTES / CHARACTER) as usize;
        let said = said.join("  ");
        let said = console::truncate_str(&said, n_characters, "…");
        drawn.push_str(&text("dim", (self.right + 12.0, baseline), "start", &said));
        drawn
    }

    /// Pointing at it shows the times.
    fn bar(&self, name: &str, state: State, (from, to): (Duration, Duration), top: f64) -> String {
        let height = height(state);
        let (x, y) = (self.at(from), top + (ROW - height) / 2.0);
        let width = (self.at(to) - x).max(1.0);
        let (from, to) = (exactly(from), exactly(to));
        format!(
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\"><title>{}</title></rect>\n",
            class(state),
            escaped(&format!("{name}: {}, {from} to {to}", state.name())),
        )
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Running => State::Ready.name(),
        state => state.name(),
    }
}

/// Of the bar, in pixels.
fn height(state: State) -> f64 {
    match state {
        State::Waiting => 2.0,
        State::Running | State::Ready => 6.0,
        State::Backoff | State::Stopping => 8.0,
        State::Starting | State::Unhealthy | State::Failed => 16.0,
        State::Exited | State::Completed | State::Stopped => 0.0,
    }
}

fn legend(rows: &[Row<'_>], timings: &Timings, top: f64) -> String {
    let mut x = MARGIN;
    let mut drawn = String::new();
    for (state, name) in SHOWN.iter().filter(|(state, _)| is_shown(*state, rows)) {
        let height = height(*state);
        let y = top - 4.0 - height / 2.0;
        drawn.push_str(&format!(
            "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"14\" height=\"{height}\"/>\n{}",
            class(*state),
            text("dim", (x + 20.0, top), "start", name)
        ));
        x += 20.0 + (name.len() + 3) as f64 * CHARACTER;
    }
    let chain = format!("critical chain: {}", timings.critical.join(" → "));
    drawn.push_str(&text("critical", (MARGIN, top + 22.0), "start", &chain));
    drawn
}

fn text(class: &str, (x, y): (f64, f64), anchor: &str, text: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n",
        escaped(text)
    )
}

/// Source: XML 1.0, 2.2 and 2.4: control characters and two others are no part of a document, and three are markup.
fn escaped(text: &str) -> String {
    let is_character = |letter: &char| !matches!(letter, '\u{fffe}' | '\u{ffff}');
    let text: String = visible(text).chars().filter(is_character).collect();
    quick_xml::escape::partial_escape(&text).into_owned()
}
