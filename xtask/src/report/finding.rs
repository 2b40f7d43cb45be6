//! Findings as text: a card and a sentence on a terminal, an error with a place elsewhere.

use super::card::{RenderContext, card, summary};
use super::paint::Paint;
use super::problem::{arrow, hints};
use super::{table, words};
use crate::diagnostic::Level;
use crate::foreign::visible;
use crate::ports::Finding;

/// A busy port with all its owners, as shown by `port who` and by `up` before it asks.
pub(crate) fn conflict(finding: &Finding, context: &RenderContext) -> String {
    let mut text = owners(finding, context);
    text.push_str(&format!("{}.\n", sentence(&visible(&finding.message))));
    text.push_str(hints(&finding.hints, context.program, context.paint).trim_start_matches('\n'));
    text
}

/// Only the cards, for use below a line that names the port; empty if no owner is known.
pub(crate) fn owners(finding: &Finding, context: &RenderContext) -> String {
    if finding.subject.owners.is_empty() {
        return String::new();
    }
    let port = finding
        .subject
        .port
        .map(|port| sentence(&port.name()))
        .unwrap_or_default();
    let of = finding
        .subject
        .service
        .as_ref()
        .map(|service| format!(" ({service})"))
        .unwrap_or_default();
    let head = context.paint.bad(&format!("{port}{of} is busy."));
    let cards: Vec<_> = finding
        .subject
        .owners
        .iter()
        .map(|owner| card(owner, context))
        .collect();
    format!("{head}\n\n{}\n", cards.join("\n"))
}

/// Several busy ports in short, before each is shown with its owner and asked about.
pub(crate) fn overview<'a>(findings: impl Iterator<Item = &'a Finding>, paint: Paint) -> String {
    let mut rows = vec![["PORT", "SERVICE", "OWNER"].map(str::to_owned).to_vec()];
    for finding in findings {
        let owners = finding.subject.owners.iter();
        let owners = owners.map(|it| format!("{} (pid {})", it.process.name, it.process.identity.pid));
        let owners: Vec<String> = owners.collect();
        let port = finding.subject.port.map(|port| port.typed()).unwrap_or_default();
        let service = finding.subject.service.clone().unwrap_or_default();
        rows.push(vec![port, service, owners.join(", ")]);
    }
    let head = paint.bad(&format!("{} are busy.", words::count(rows.len() - 1, "port")));
    let table = table::table(&rows, &table::widths(&rows), paint, |_, _, cell| cell);
    format!("{head}\n\n{table}")
}

/// A finding as an error, a warning or a note.
pub(crate) fn finding(finding: &Finding, context: &RenderContext) -> String {
    let paint = context.paint;
    let level = match finding.level {
        Level::Fail => paint.bad("error:"),
        Level::Warn => paint.warn("warning:"),
        Level::Unknown => paint.warn("unknown:"),
        Level::Ok if finding.is_note() => paint.dim("note:"),
        Level::Ok => paint.good("ok:"),
    };
    let mut text = format!("{level} {}\n", visible(&finding.message));
    if let Some(place) = &finding.place {
        text.push_str(&arrow(place, paint));
    }
    for owner in &finding.subject.owners {
        let lines = words::lines(&summary(owner, context), ", ", context.width.saturating_sub(6));
        lines.iter().for_each(|line| text.push_str(&format!("      {line}\n")));
    }
    text.push_str(&hints(&finding.hints, context.program, paint));
    text
}

/// Capitalizes a message, which is a fact in lower case.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
