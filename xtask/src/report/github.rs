//! Findings as GitHub Actions shows them: annotations on lines of files, and the summary of a step.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit, `core/src/command.ts`, for what is
//! escaped.

use std::path::{Path, PathBuf};

use super::card::{RenderContext, summary};
use super::doctor::{Results, Told, last_line};
use super::paint::Paint;
use crate::diagnostic::{Level, Place};
use crate::foreign::visible;

/// GitHub shows no more of a step.
const MAX_ANNOTATIONS: usize = 10;

/// Where files are seen from. All paths are canonical.
pub(crate) struct Directories {
    /// The current one, which places in `devtasks.toml` are relative to.
    pub(crate) here: PathBuf,
    /// The project's, which other places are relative to.
    pub(crate) checkout: PathBuf,
    /// The one of the repository (`GITHUB_WORKSPACE`), which annotations are relative to.
    pub(crate) workspace: Option<PathBuf>,
}

/// The ten worst findings as annotations, the others as text, and a last line.
pub(crate) fn annotated(results: &Results<'_>, directories: &Directories, context: &RenderContext) -> String {
    let mut told = results.told();
    told.sort_by_key(|it| std::cmp::Reverse(it.level()));
    let mut text = String::new();
    for (n, it) in told.iter().enumerate() {
        match n < MAX_ANNOTATIONS {
            true => text.push_str(&annotation(it, directories, context)),
            false => text.push_str(&format!("\n{}", inert(&it.text(context)))),
        }
    }
    text.push_str(&format!("{}\n", last_line(results, context.paint)));
    text
}

fn annotation(told: &Told<'_>, directories: &Directories, context: &RenderContext) -> String {
    let command = match told.level() {
        Level::Fail => "error",
        Level::Warn | Level::Unknown => "warning",
        Level::Ok => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = told.place() {
        properties.push(("file", path(place, directories)));
        properties.push(("line", place.line.to_string()));
        properties.push(("col", place.column.to_string()));
    }
    properties.push(("title", told.code().name().to_owned()));
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    let lines = lines(told, context).join("\n");
    format!("::{command} {}::{}\n", properties.join(","), data(&lines))
}

/// The message, what is known of the owners, and the hints.
fn lines(told: &Told<'_>, context: &RenderContext) -> Vec<String> {
    let plain = RenderContext {
        paint: Paint::new(false),
        ..*context
    };
    let mut lines = vec![visible(told.message()).into_owned()];
    lines.extend(told.owners().iter().map(|owner| summary(owner, &plain).join(", ")));
    let hints = told.hints().iter().map(|hint| hint.render(context.program));
    lines.extend(hints.map(|hint| format!("hint: {}", visible(&hint))));
    lines
}

/// As seen from the repository, with `/` on every system.
fn path(place: &Place, directories: &Directories) -> String {
    let Directories {
        here,
        checkout,
        workspace,
    } = directories;
    let from_here = here.join(&*place.file);
    let file = match from_here.starts_with(checkout) {
        true => from_here,
        false => checkout.join(&*place.file),
    };
    let inside = workspace
        .as_ref()
        .and_then(|workspace| file.strip_prefix(workspace).ok());
    let seen: &Path = inside.unwrap_or(&place.file);
    visible(&seen.display().to_string().replace('\\', "/")).into_owned()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The same text, of which the runner takes no line for a command: the name of a process could be one.
///
/// Source: actions/runner, `ActionCommand.cs`: blanks before `::` do not count, and `##[` is looked for in the whole line.
pub(crate) fn inert(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace("##[", "## [");
        match line.trim_start().starts_with("::") {
            true => format!("  | {}", line.trim_start()),
            false => line,
        }
    };
    let lines = text.split('\n').map(line);
    lines.collect::<Vec<_>>().join("\n")
}

/// For `GITHUB_STEP_SUMMARY`: a table of HTML, in which nothing is Markdown.
pub(crate) fn step_summary(results: &Results<'_>, context: &RenderContext) -> String {
    let name = results.project().unwrap_or("devtasks.toml");
    let mut text = format!(
        "<h3>devtasks doctor: {}</h3>\n<p>{}</p>\n",
        html(&visible(name)),
        html(&last_line(results, Paint::new(false)))
    );
    let mut told = results.told();
    if told.is_empty() {
        return text;
    }
    told.sort_by_key(|it| std::cmp::Reverse(it.level()));
    text.push_str("<table>\n");
    for it in &told {
        let level = match it.level() {
            Level::Fail => "❌",
            Level::Warn | Level::Unknown => "⚠️",
            Level::Ok => "ℹ️",
        };
        let lines: Vec<String> = lines(it, context).iter().map(|line| html(line)).collect();
        let code = it.code().name();
        text.push_str(&format!(
            "<tr><td>{level}</td><td><code>{code}</code></td><td>{}</td></tr>\n",
            lines.join("<br>")
        ));
    }
    text.push_str("</table>\n");
    text
}

/// Text in HTML; what stands between backticks is code.
fn html(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut shown = String::new();
    let parts: Vec<&str> = escaped.split('`').collect();
    for (n, part) in parts.iter().enumerate() {
        // The last one may lack its end.
        match n % 2 == 1 && n + 1 < parts.len() {
            true => shown.push_str(&format!("<code>{part}</code>")),
            false if n % 2 == 1 => shown.push_str(&format!("`{part}")),
            false => shown.push_str(part),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
