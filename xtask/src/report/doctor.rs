//! `doctor`: what was found, by kind, and the line of what is well. `github` and `junit` tell the same to others.

mod inventory;

use std::collections::BTreeSet;
use std::path::Path;

use console::{Alignment, measure_text_width, pad_str};

use super::card::RenderContext;
use super::paint::Paint;
use super::{finding, problem, words};
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level, Place};
use crate::foreign::visible;
use crate::plan::Plan;
use crate::ports::{Finding, Owner};
use crate::preflight::Facts;
use crate::preflight::checked::{Kind, Looked, Passed, passed};
use crate::preflight::env_files::EnvFileFact;
use crate::preflight::machine::MachineFacts;

/// Everything that one `doctor` has looked at and found.
pub(crate) struct Examination {
    pub(crate) plan: Plan,
    pub(crate) facts: Facts,
    pub(crate) machine: MachineFacts,
    pub(crate) env_files: Vec<EnvFileFact>,
    /// The stack runs.
    pub(crate) is_running: bool,
    /// Services of the file that cannot be planned.
    pub(crate) problems: Vec<Diagnostic>,
    /// Those of level `ok` are ports that are free or ours, and notes.
    pub(crate) findings: Vec<Finding>,
}

/// What is told of it.
pub(crate) struct Results<'a> {
    /// `None` if the file cannot be read or planned.
    pub(crate) examined: Option<&'a Examination>,
    /// The project's directory.
    pub(crate) checkout: Option<&'a Path>,
    pub(crate) problems: &'a [Diagnostic],
    pub(crate) findings: &'a [Finding],
    pub(crate) passed: Vec<Passed>,
    /// Warnings and what could not be found out fail, too.
    pub(crate) strict: bool,
}

/// One result that is not fine.
#[derive(Clone, Copy)]
pub(crate) enum Told<'a> {
    Problem(&'a Diagnostic),
    Finding(&'a Finding),
}

impl<'a> Results<'a> {
    pub(crate) fn of(examined: &'a Examination, strict: bool) -> Self {
        let looked = Looked {
            plan: &examined.plan,
            facts: &examined.facts,
            machine: &examined.machine,
            env_files: &examined.env_files,
        };
        Results {
            examined: Some(examined),
            checkout: Some(&examined.plan.checkout),
            problems: &examined.problems,
            findings: &examined.findings,
            passed: passed(looked, &examined.findings),
            strict,
        }
    }

    /// Of a file that cannot be read or planned.
    pub(crate) fn unreadable(problems: &'a [Diagnostic], checkout: Option<&'a Path>) -> Self {
        Results {
            examined: None,
            checkout,
            problems,
            findings: &[],
            passed: Vec::new(),
            strict: false,
        }
    }

    pub(crate) fn project(&self) -> Option<&'a str> {
        self.examined.map(|it| it.plan.project.as_str())
    }

    /// What fails, is a warning or is not known, by kind.
    pub(crate) fn told(&self) -> Vec<Told<'a>> {
        let findings = self.findings.iter().filter(|it| it.level != Level::Ok);
        let problems = self.problems.iter().map(Told::Problem);
        let mut told: Vec<Told<'a>> = problems.chain(findings.map(Told::Finding)).collect();
        told.sort_by_key(Told::kind);
        told
    }

    pub(crate) fn fails(&self, told: &Told<'_>) -> bool {
        match told {
            Told::Problem(_) => true,
            Told::Finding(finding) => finding.level >= if self.strict { Level::Unknown } else { Level::Fail },
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        !self.told().iter().any(|it| self.fails(it))
    }

    /// 0, 1 or 2.
    pub(crate) fn exit(&self) -> Exit {
        let problems = self.problems.iter().map(|problem| problem.exit);
        let mut exits = problems.chain(self.findings.iter().map(|finding| finding.exit));
        match self.is_ok() {
            true => Exit::Done,
            false if exits.any(|exit| exit == Exit::Usage) => Exit::Usage,
            false => Exit::Failed,
        }
    }
}

impl<'a> Told<'a> {
    pub(crate) fn code(&self) -> Code {
        match self {
            Told::Problem(problem) => problem.code,
            Told::Finding(finding) => finding.code,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::of(self.code())
    }

    pub(crate) fn level(&self) -> Level {
        match self {
            Told::Problem(_) => Level::Fail,
            Told::Finding(finding) => finding.level,
        }
    }

    pub(crate) fn message(&self) -> &'a str {
        match self {
            Told::Problem(problem) => &problem.message,
            Told::Finding(finding) => &finding.message,
        }
    }

    pub(crate) fn place(&self) -> Option<&'a Place> {
        match self {
            Told::Problem(problem) => problem.place.as_ref(),
            Told::Finding(finding) => finding.place.as_ref(),
        }
    }

    pub(crate) fn hints(&self) -> &'a [Hint] {
        match self {
            Told::Problem(problem) => &problem.hints,
            Told::Finding(finding) => &finding.hints,
        }
    }

    pub(crate) fn service(&self) -> Option<&'a str> {
        match self {
            Told::Problem(_) => None,
            Told::Finding(finding) => finding.subject.service.as_deref(),
        }
    }

    pub(crate) fn owners(&self) -> &'a [Owner] {
        match self {
            Told::Problem(_) => &[],
            Told::Finding(finding) => &finding.subject.owners,
        }
    }

    /// As for people.
    pub(crate) fn text(&self, context: &RenderContext) -> String {
        match self {
            Told::Problem(problem) => problem::problem(problem, context.program, context.paint),
            Told::Finding(finding) => finding::finding(finding, context),
        }
    }
}

/// The findings by kind, or one line if all is well. With `verbose` also the notes, and everything that was checked.
pub(crate) fn people(results: &Results<'_>, verbose: bool, context: &RenderContext) -> String {
    let paint = context.paint;
    let mut told = results.told();
    if verbose {
        let notes = results.findings.iter().filter(|it| it.is_note());
        told.extend(notes.map(Told::Finding));
        told.sort_by_key(Told::kind);
    }
    let passed: &[Passed] = if verbose { &results.passed } else { &[] };
    let kinds = kinds(&told, passed);
    let with_heading = kinds.len() > 1;
    let group = |kind: &Kind| {
        let passed: Vec<&Passed> = passed.iter().filter(|it| it.kind == *kind).collect();
        let told = told.iter().filter(|it| it.kind() == *kind);
        let texts = told.map(|it| it.text(context)).collect::<Vec<_>>().join("\n");
        let heading = match with_heading {
            true => format!("{}\n", paint.bold(kind.name())),
            false => String::new(),
        };
        let parts = [format!("{heading}{}", fine(&passed, paint)), texts];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    };
    let mut groups: Vec<String> = kinds.iter().map(group).collect();
    groups.push(format!("{}\n", last_line(results, paint)));
    groups.join("\n")
}

/// The kinds of these, each once, in order.
pub(crate) fn kinds(told: &[Told<'_>], passed: &[Passed]) -> BTreeSet<Kind> {
    let of_told = told.iter().map(Told::kind);
    of_told.chain(passed.iter().map(|it| it.kind)).collect()
}

/// A line for each check that passed.
fn fine(passed: &[&Passed], paint: Paint) -> String {
    let what = |it: &Passed| visible(&it.what).into_owned();
    let width = passed.iter().map(|it| measure_text_width(&what(it))).max().unwrap_or(0);
    let line = |it: &&Passed| {
        let what = pad_str(&what(it), width, Alignment::Left, None).into_owned();
        format!("  {}  {what}  {}\n", paint.good("ok"), visible(&it.fact))
    };
    passed.iter().map(line).collect()
}

/// `All checks passed: 3 ports free, …`, or how many did not.
pub(crate) fn last_line(results: &Results<'_>, paint: Paint) -> String {
    let told = results.told();
    if let (Some(examined), true) = (results.examined, told.is_empty()) {
        return format!(
            "{} {}",
            paint.good("All checks passed:"),
            inventory::inventory(examined)
        );
    }
    let failing = told.iter().filter(|it| it.level() == Level::Fail).count();
    let rest = told.len() - failing;
    let mut sums = Vec::new();
    if failing > 0 {
        sums.push(format!("{} failed", words::count(failing, "check")));
    }
    if rest > 0 {
        sums.push(words::count(rest, "warning"));
    }
    format!("{}.", sums.join(", "))
}
