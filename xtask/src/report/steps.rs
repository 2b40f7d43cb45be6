//! The output of `up --plan`: what `up` would do, as a table or as JSON.

use std::path::Path;

use serde::Serialize;

use super::json;
use super::paint::Paint;
use crate::diagnostic::Level;
use crate::foreign::visible;
use crate::plan::{Plan, Runs, SettingChange};
use crate::ports;
use crate::supervise::steps::{Step, Todo};

/// Everything that `up` would do, and what prevents it.
pub(crate) struct Steps<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) steps: &'a [Step<'a>],
    pub(crate) findings: &'a [ports::Finding],
    /// Running services that are no longer in `devtasks.toml`.
    pub(crate) unknown: &'a [String],
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    project: &'a str,
    checkout: &'a Path,
    ok: bool,
    services: Vec<Service<'a>>,
    unknown: &'a [String],
    findings: Vec<json::Finding>,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    action: Action,
    changes: &'a [SettingChange],
    blocked_by: Vec<&'a str>,
}

/// What `up` would do with one service.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Start,
    /// Somebody else starts it.
    Wait,
    Keep,
    Restart,
    Blocked,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Start => "start",
            Action::Wait => "wait",
            Action::Keep => "keep",
            Action::Restart => "restart",
            Action::Blocked => "blocked",
        }
    }
}

impl Steps<'_> {
    /// Whether nothing prevents the start.
    pub(crate) fn is_clear(&self) -> bool {
        self.findings.iter().all(|finding| finding.level != Level::Fail)
    }

    /// One JSON document.
    pub(crate) fn json(&self, program: &str) -> String {
        let changes = |step: &Step<'_>| match &step.todo {
            Todo::Restart(changes) => changes.clone(),
            Todo::Start | Todo::Keep => Vec::new(),
        };
        let all: Vec<_> = self.steps.iter().map(changes).collect();
        let services = self.steps.iter().zip(&all).map(|(step, changes)| Service {
            name: &step.service.name,
            action: self.action(step),
            changes,
            blocked_by: self.blocked_by(step).collect(),
        });
        json::line(&Document {
            schema_version: json::SCHEMA_VERSION,
            project: &self.plan.project,
            checkout: &self.plan.checkout,
            ok: self.is_clear(),
            services: services.collect(),
            unknown: self.unknown,
            findings: self.findings.iter().map(|it| json::finding(it, program)).collect(),
        })
    }

    /// One line for each service.
    pub(crate) fn table(&self, paint: Paint) -> String {
        let names = self.steps.iter().map(|step| step.service.name.as_str());
        let names = names.chain(self.unknown.iter().map(String::as_str));
        let width = names.map(console::measure_text_width).max().unwrap_or(0);
        let line = |name: &str, action: Action, why: &str| {
            let word = format!("{:<7}", action.name());
            let coloured = match action {
                Action::Start => paint.good(&word),
                Action::Restart => paint.warn(&word),
                Action::Blocked => paint.bad(&word),
                Action::Keep | Action::Wait => word,
            };
            let name = paint.bold(&format!("{:<width$}", visible(name)));
            format!("  {name}  {coloured}  {}", visible(why)).trim_end().to_owned() + "\n"
        };
        let mut text = String::new();
        for step in self.steps {
            let action = self.action(step);
            let why = match (&step.todo, action) {
                (_, Action::Blocked) => self.blocked_by(step).collect::<Vec<_>>().join("; "),
                (Todo::Restart(changes), _) => changes.iter().map(change).collect::<Vec<_>>().join(", "),
                (Todo::Start, _) => step.service.url().unwrap_or_default(),
                (Todo::Keep, _) => String::new(),
            };
            text.push_str(&line(&step.service.name, action, &why));
        }
        for name in self.unknown {
            text.push_str(&line(name, Action::Keep, "it is no longer in devtasks.toml"));
        }
        text
    }

    fn action(&self, step: &Step<'_>) -> Action {
        match step.todo {
            _ if self.blocked_by(step).next().is_some() => Action::Blocked,
            Todo::Start if step.service.runs == Runs::External => Action::Wait,
            Todo::Start => Action::Start,
            Todo::Keep => Action::Keep,
            Todo::Restart(_) => Action::Restart,
        }
    }

    fn blocked_by(&self, step: &Step<'_>) -> impl Iterator<Item = &str> {
        let is_its = |finding: &&ports::Finding| finding.subject.service.as_deref() == Some(step.service.name.as_str());
        let failing = self.findings.iter().filter(|finding| finding.level == Level::Fail);
        failing.filter(is_its).map(|finding| finding.message.as_str())
    }
}

/// `port 8000 → 8001`, or only the name of the setting.
pub(crate) fn change(change: &SettingChange) -> String {
    let SettingChange { setting, from, to } = change;
    match (from, to) {
        (Some(from), Some(to)) => format!("{setting} {from} → {to}"),
        (Some(from), None) => format!("{setting} {from} is gone"),
        (None, Some(to)) => format!("{setting} {to} is new"),
        (None, None) => setting.clone(),
    }
}
