//! Findings as text: a card and a sentence on a terminal, an error with a place elsewhere.

use super::card::{RenderContext, card, summary};
use super::paint::Paint;
use super::problem::{arrow, hints};
use super::{table, words};
use crate::diagnostic::{Code, ConflictKind, Hint, Level};
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

/// Several ports that one other checkout has, as one error. How to stop it there is the same for all; `can_move` tells
/// whether they could have other numbers here.
pub(crate) fn other_checkout(findings: &[&Finding], can_move: bool, context: &RenderContext) -> String {
    let paint = context.paint;
    let owner = |finding: &&Finding| finding.subject.owners.first().cloned();
    let Some(first) = findings.iter().find_map(owner) else {
        return String::new();
    };
    let Some(tag) = &first.process.tag else {
        return String::new();
    };
    let head = match findings[0].code == Code::PortBusy(ConflictKind::OtherCheckout) {
        true => "this stack already runs in another checkout".to_owned(),
        false => format!(
            "the stack of `{}` has {} of this one",
            tag.project,
            words::count(findings.len(), "port")
        ),
    };
    let mut place = vec![words::foreign_path(&tag.checkout, context.home)];
    let branch = first.process.repository.as_ref().and_then(|it| it.branch.as_ref());
    place.extend(branch.map(|branch| format!("branch {branch}")));
    let mut text = format!("{} {head}\n\n  {}\n", paint.bad("error:"), place.join("   "));
    let rows: Vec<[String; 3]> = findings
        .iter()
        .map(|finding| {
            let port = finding.subject.port.map(|port| port.typed()).unwrap_or_default();
            let service = finding.subject.service.clone().unwrap_or_default();
            let pid = owner(finding).map(|owner| format!("pid {}", owner.process.identity.pid));
            [port, service, pid.unwrap_or_default()]
        })
        .collect();
    let width = |at: usize| {
        rows.iter()
            .map(|row| console::measure_text_width(&row[at]))
            .max()
            .unwrap_or(0)
    };
    let pad = |text: &str, at: usize| console::pad_str(text, width(at), console::Alignment::Left, None).into_owned();
    for [port, service, pid] in &rows {
        text.push_str(&format!("    {}  {}  {pid}\n", pad(port, 0), pad(service, 1)));
    }
    let mut ways: Vec<Hint> = findings[0].hints.first().cloned().into_iter().collect();
    if can_move {
        ways.push(Hint::run("run beside it with", "up --on-conflict next").or_after(&ways));
    }
    text.push_str(&hints(&ways, context.program, paint));
    text
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
    let mut text = format!("{level} {}\n", paint.bold(&visible(&finding.message)));
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
