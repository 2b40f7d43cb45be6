//! The sections of `docs/troubleshooting.md`: what each code of a finding or a diagnosis means, how to see it, how to
//! solve it. The texts are `explanation/*.md`; the page is generated from them.

use std::sync::LazyLock;

use console::measure_text_width;
use regex_lite::Regex;
use serde::Serialize;

use super::paint::Paint;
use super::{json, words};
use crate::config::suggest::closest;

/// In the order of the page.
const TEXTS: [&str; 3] = [
    include_str!("explanation/port.md"),
    include_str!("explanation/project.md"),
    include_str!("explanation/cause.md"),
];

/// A section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explanation {
    /// `port.busy.foreign`, `cause.killed`.
    pub(crate) code: &'static str,
    /// One sentence.
    pub(crate) title: &'static str,
    /// Markdown, without the heading and the title.
    body: &'static str,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    code: &'static str,
    title: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ListDocument {
    schema_version: u32,
    codes: Vec<ListedCode>,
}

#[derive(Serialize)]
struct ListedCode {
    code: &'static str,
    title: &'static str,
}

pub(crate) fn all() -> impl Iterator<Item = Explanation> {
    let sections = TEXTS.iter().flat_map(|text| text.split("## ").skip(1));
    sections.map(|section| {
        let (code, rest) = section.split_once("\n\n").expect("a heading has text below");
        let (title, body) = rest.split_once("\n\n").expect("a title has text below");
        Explanation { code, title, body }
    })
}

pub(crate) fn of(code: &str) -> Option<Explanation> {
    all().find(|it| it.code == code)
}

/// Codes that may be meant by an unknown one, or by words of a message.
pub(crate) fn near(typed: &str) -> Vec<&'static str> {
    let typed = typed.to_lowercase();
    let has_it = |it: &Explanation| it.code.contains(&typed) || it.title.to_lowercase().contains(&typed);
    let with_it: Vec<_> = all().filter(has_it).map(|it| it.code).collect();
    match with_it.is_empty() {
        true => closest(&typed, all().map(|it| it.code)).into_iter().collect(),
        false => with_it,
    }
}

/// The section as text, at most `width` columns wide except for commands and screens.
pub(crate) fn text(explanation: &Explanation, program: &str, paint: Paint, width: usize) -> String {
    let head = format!("{}\n{}\n\n", paint.bold(explanation.code), explanation.title);
    head + &body(explanation.body, program, paint, width)
}

/// All codes with their titles.
pub(crate) fn list(paint: Paint, width: usize) -> String {
    let column = all().map(|it| it.code.len()).max().unwrap_or_default() + 2;
    let rows = all().map(|it| {
        let lines = words::lines(&parts(it.title), " ", width.saturating_sub(column));
        let code = console::pad_str(it.code, column, console::Alignment::Left, None).into_owned();
        let below = format!("\n{:column$}", "");
        format!("{}{}\n", paint.bold(&code), lines.join(&below))
    });
    rows.collect()
}

/// One line of JSON.
pub(crate) fn json(explanation: &Explanation, program: &str) -> String {
    json::line(&Document {
        schema_version: json::SCHEMA_VERSION,
        code: explanation.code,
        title: explanation.title,
        text: body(explanation.body, program, Paint::new(false), usize::MAX),
    })
}

/// One line of JSON.
pub(crate) fn json_list() -> String {
    json::line(&ListDocument {
        schema_version: json::SCHEMA_VERSION,
        codes: all()
            .map(|Explanation { code, title, .. }| ListedCode { code, title })
            .collect(),
    })
}

fn body(markdown: &str, program: &str, paint: Paint, width: usize) -> String {
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[([^\]]+)\]\([^)]+\)").expect("it is a constant"));
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut is_screen = false;
    // The empty line at the end closes the last paragraph.
    for line in markdown.trim_end().lines().chain([""]) {
        let is_fence = line.starts_with("```");
        if is_fence || line.is_empty() || line.starts_with("- ") {
            let plain = LINK.replace_all(&paragraph, "$1");
            text.push_str(&wrapped(&as_typed(&plain, program), paint, width));
            paragraph.clear();
        }
        is_screen ^= is_fence;
        match (is_fence, is_screen) {
            (true, _) => {}
            (false, true) => text.push_str(&format!("    {}\n", as_typed(line, program))),
            (false, false) if line.is_empty() => text.push('\n'),
            (false, false) => paragraph.push_str(&format!("{} ", line.trim_start())),
        }
    }
    format!("{}\n", text.trim_end())
}

/// With the program's name in commands as the user typed it.
fn as_typed(text: &str, program: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(at, piece)| match at % 2 {
        1 => format!(" {piece}").replace(" devtasks ", &format!(" {program} "))[1..].to_owned(),
        _ => piece.to_owned(),
    });
    pieces.collect::<Vec<_>>().join("`")
}

/// A paragraph or an item of a list. Labels such as `**See it.**` are bold.
fn wrapped(paragraph: &str, paint: Paint, width: usize) -> String {
    let (begin, rest) = match paragraph.strip_prefix("- ") {
        Some(rest) => ("- ", rest),
        None => ("", paragraph),
    };
    let indent = measure_text_width(begin);
    let labelled: Vec<String> = rest.split("**").map(str::to_owned).collect();
    let labelled = labelled.iter().enumerate();
    let painted: String = labelled
        .map(|(at, text)| match at % 2 {
            1 => paint.bold(text),
            _ => text.clone(),
        })
        .collect();
    let lines = words::lines(&parts(&painted), " ", width.saturating_sub(indent));
    let below = format!("\n{:indent$}", "");
    match lines.is_empty() {
        true => String::new(),
        false => format!("{begin}{}\n", lines.join(&below)),
    }
}

/// The words of a text. What stands between backticks is one, so that it can be copied.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut is_code = false;
    for word in text.split_whitespace() {
        match parts.last_mut().filter(|_| is_code) {
            Some(code) => code.push_str(&format!(" {word}")),
            None => parts.push(word.to_owned()),
        }
        is_code ^= word.matches('`').count() % 2 == 1;
    }
    parts
}

#[cfg(test)]
mod tests;
