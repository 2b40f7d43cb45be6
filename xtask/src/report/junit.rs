//! What was checked as JUnit XML: a suite for each kind, a case for each check.
//!
//! Source: github.com/testmoapp/junitxml, the common part of what Jenkins, GitLab and others read.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::card::RenderContext;
use super::doctor::{Results, Told, kinds};
use super::paint::Paint;
use crate::foreign::visible;
use crate::preflight::checked::{Kind, Passed};

/// One case of a suite.
enum Case<'a> {
    Passed(&'a Passed),
    Told(&'a Told<'a>),
}

/// The whole document.
pub(crate) fn document(results: &Results<'_>, context: &RenderContext) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(results, context, &mut xml).expect("memory takes everything");
    let text = xml.into_inner();
    format!("{}\n", String::from_utf8(text).expect("it was made of text"))
}

fn write(results: &Results<'_>, context: &RenderContext, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let told = results.told();
    let n_failing = told.iter().filter(|it| results.fails(it)).count();
    let n_all = told.len() + results.passed.len();
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attributes([
            ("name", "devtasks doctor"),
            ("tests", &n_all.to_string()),
            ("failures", &n_failing.to_string()),
        ])
        .write_inner_content(|xml| {
            for kind in kinds(&told, &results.passed) {
                let passed = results.passed.iter().filter(|it| it.kind == kind);
                let told = told.iter().filter(|it| it.kind() == kind);
                let cases: Vec<Case<'_>> = passed.map(Case::Passed).chain(told.map(Case::Told)).collect();
                suite(kind, &cases, results, context, xml)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn suite<W: Write>(
    kind: Kind,
    cases: &[Case<'_>],
    results: &Results<'_>,
    context: &RenderContext,
    xml: &mut Writer<W>,
) -> io::Result<()> {
    let fails = |case: &&Case<'_>| matches!(case, Case::Told(told) if results.fails(told));
    xml.create_element("testsuite")
        .with_attributes([
            ("name", kind.name()),
            ("tests", &cases.len().to_string()),
            ("failures", &cases.iter().filter(fails).count().to_string()),
        ])
        .write_inner_content(|xml| {
            for case in cases {
                one(kind, case, results, context, xml)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn one<W: Write>(
    kind: Kind,
    case: &Case<'_>,
    results: &Results<'_>,
    context: &RenderContext,
    xml: &mut Writer<W>,
) -> io::Result<()> {
    let class = format!("{}.{}", results.project().unwrap_or("devtasks"), kind.name());
    let element = xml
        .create_element("testcase")
        .with_attribute(("classname", legal(&class).as_str()));
    let told = match case {
        Case::Passed(Passed { what, fact, .. }) => {
            let name = legal(&format!("{what}: {fact}"));
            element.with_attribute(("name", name.as_str())).write_empty()?;
            return Ok(());
        }
        Case::Told(told) => told,
    };
    let code = told.code().name();
    let name = match told.service() {
        Some(service) => legal(&format!("{service}: {code}")),
        None => code.to_owned(),
    };
    let mut element = element.with_attribute(("name", name.as_str()));
    if let Some(place) = told.place() {
        let file = legal(&place.file.display().to_string());
        let line = place.line.to_string();
        element = element.with_attributes([("file", file.as_str()), ("line", line.as_str())]);
    }
    let plain = RenderContext {
        paint: Paint::new(false),
        ..*context
    };
    let text: String = told.text(&plain).split('\n').map(legal).collect::<Vec<_>>().join("\n");
    let text = BytesText::new(text.trim_end());
    element.write_inner_content(|xml| {
        match results.fails(told) {
            true => xml
                .create_element("failure")
                .with_attributes([("type", code), ("message", legal(told.message()).as_str())])
                .write_text_content(text)?,
            false => xml.create_element("system-out").write_text_content(text)?,
        };
        Ok(())
    })?;
    Ok(())
}

/// One line of characters that XML allows; the writer escapes those with a meaning.
///
/// Source: XML 1.0, 2.2: neither control characters nor U+FFFE and U+FFFF.
fn legal(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[cfg(test)]
mod tests;
