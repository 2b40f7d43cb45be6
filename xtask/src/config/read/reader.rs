//! Shared by the parsers of all tables: typed values and the list of problems.

use std::time::Duration;

use super::corrected;
use super::item::{Item, Spot, Table};
use super::names::{NameKind, Names, is_name};
use super::syntax::Syntax;
use crate::config::keys::{Key, SERVICE, TASK, keys_of};
use crate::config::source::SourceText;
use crate::config::suggest::{any_of, closest, did_you_mean};
use crate::config::template::TemplatePart;
use crate::config::{Dependency, Located, Template, duration};
use crate::diagnostic::{Diagnostic, Exit, Place};

pub(super) struct TomlReader<'t> {
    source: &'t SourceText<'t>,
    pub(super) names: Names,
    /// The `depends_on` of every service, including services with problems.
    pub(super) waits: Vec<(String, Vec<Dependency>)>,
    syntax: Syntax,
    problems: Vec<Diagnostic>,
}

impl<'t> TomlReader<'t> {
    pub(super) fn new(source: &'t SourceText<'t>, names: Names, errors: &[toml::de::Error]) -> Self {
        TomlReader {
            source,
            names,
            waits: Vec::new(),
            syntax: Syntax::of(source, errors),
            problems: Vec::new(),
        }
    }

    /// All reported problems in file order, or else `config`.
    pub(super) fn finish<T>(self, config: T) -> Result<T, Vec<Diagnostic>> {
        let TomlReader {
            syntax, mut problems, ..
        } = self;
        problems.retain(|problem| !syntax.explains(problem));
        problems.extend(syntax.problems);
        problems.sort_by_key(|problem| problem.place.as_ref().map(|place| (place.line, place.column)));
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    pub(super) fn place(&self, spot: &Spot) -> Place {
        self.source.place(spot.span.clone(), &spot.table)
    }

    pub(super) fn at<T>(&self, item: &Item, value: T) -> Located<T> {
        Located {
            value,
            place: self.place(&item.at_value()),
        }
    }

    pub(super) fn report(&mut self, spot: Spot, problem: Diagnostic) {
        // A value that the parser inserted to recover from a syntax error has no position.
        if spot.span.is_empty() && !self.syntax.problems.is_empty() {
            return;
        }
        let place = self.place(&spot);
        self.report_at(&place, problem);
    }

    pub(super) fn report_at(&mut self, place: &Place, problem: Diagnostic) {
        self.problems.push(problem.at(place).exit(Exit::Usage));
    }

    /// Reports that something is missing, unless there are syntax errors, which may have hidden it.
    pub(super) fn report_absent(&mut self, spot: Spot, problem: Diagnostic) {
        if self.syntax.problems.is_empty() {
            self.report(spot, problem);
        }
    }

    pub(super) fn report_type(&mut self, item: &Item, expected: &str) {
        let found = match item.value.type_str() {
            "array" => "a list".to_owned(),
            kind @ "integer" => format!("an {kind}"),
            kind => format!("a {kind}"),
        };
        let problem = Diagnostic::new(format!("`{}` must be {expected}, found {found}", item.key));
        let scalar = item.value.is_integer() || item.value.is_float();
        let as_text = || format!("\"{}\"", &self.source.text[item.span.clone()]);
        let meant = corrected::line(item, expected)
            .or_else(|| (scalar && expected.contains("string")).then(as_text))
            .map(|meant| format!("write `{meant}`"));
        self.report(item.at_value(), with_hint(problem, meant));
    }

    /// Reports the keys of `table` that [`keys`](crate::config::keys::keys) lacks or marks as not supported.
    pub(super) fn check_keys(&mut self, table: &Table, pattern: &str) {
        for item in table.items() {
            match keys_of(pattern).find(|key| key.name == item.key) {
                Some(key) if key.supported => {}
                Some(_) => self.report(item.at_key(), not_supported(item.key)),
                None => self.report(item.at_key(), unknown_key(&item, pattern)),
            }
        }
    }

    pub(super) fn check_name(&mut self, item: &Item, kind: NameKind) {
        if !is_name(item.key) {
            self.report(item.at_key(), no_name(item.key, kind));
        } else if kind == NameKind::Venv && item.key == "auto" {
            let problem = Diagnostic::new("a venv cannot be called `auto`: `venv = \"auto\"` has a meaning of its own");
            self.report(item.at_key(), problem);
        }
    }

    pub(super) fn table(&mut self, item: &Item<'t>) -> Option<Table<'t>> {
        let table = item.as_table();
        if table.is_none() {
            self.report_type(item, "a table");
        }
        table
    }

    /// A table that may contain only the keys of the pattern.
    pub(super) fn known_table(&mut self, item: &Item<'t>, pattern: &str) -> Option<Table<'t>> {
        let table = self.table(item)?;
        self.check_keys(&table, pattern);
        Some(table)
    }

    pub(super) fn string(&mut self, item: &Item<'t>) -> Option<&'t str> {
        let Some(text) = item.value.as_str() else {
            self.report_type(item, "a string");
            return None;
        };
        if text.contains('\0') {
            self.report(
                item.at_value(),
                Diagnostic::new(format!("`{}` holds a NUL character", item.key)),
            );
            return None;
        }
        Some(text)
    }

    /// A non-empty string that cannot contain variables.
    pub(super) fn plain(&mut self, item: &Item<'t>) -> Option<Located<String>> {
        let text = self.string(item)?;
        if text.is_empty() {
            self.report(item.at_value(), empty(item.key));
        } else if text.contains("${") {
            let problem = Diagnostic::new(format!("`{}` cannot hold variables", item.key));
            self.report(item.at_value(), problem);
        }
        Some(self.at(item, text.to_owned()))
    }

    pub(super) fn template(&mut self, item: &Item<'t>) -> Option<Located<Template>> {
        let text = self.string(item)?;
        self.template_of(item, text).map(|template| self.at(item, template))
    }

    /// A template that is not empty.
    pub(super) fn path(&mut self, item: &Item<'t>) -> Option<Located<Template>> {
        let path = self.template(item)?;
        if path.value.as_literal() == Some("") {
            self.report(item.at_value(), empty(item.key));
            return None;
        }
        Some(path)
    }

    /// Parses `text`, the string of `item`, and checks the references in it.
    pub(super) fn template_of(&mut self, item: &Item<'t>, text: &str) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                for (service, part) in template.references() {
                    self.check_reference(item, service, part);
                }
                Some(template)
            }
            Err(error) => {
                self.report(self.within(item, text, error.offset), error.problem);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, item: &Item) -> Option<bool> {
        let value = item.value.as_bool();
        if value.is_none() {
            self.report_type(item, "`true` or `false`");
        }
        value
    }

    pub(super) fn duration(&mut self, item: &Item<'t>) -> Option<Duration> {
        if let Some(number) = item.value.as_integer() {
            let problem = Diagnostic::new(format!("`{}` must be a duration, found an integer", item.key));
            self.report(item.at_value(), problem.hint(format!("write `\"{number}s\"`")));
            return None;
        }
        let text = self.string(item)?;
        self.parsed(item, duration::parse(text))
    }

    /// One of several words. Words with `None` are known, but not supported.
    pub(super) fn choice<T: Copy>(&mut self, item: &Item<'t>, choices: &[(&str, Option<T>)]) -> Option<T> {
        let text = self.string(item)?;
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, Some(value))) => Some(*value),
            Some((word, None)) => {
                self.report(item.at_value(), not_supported(&format!("{} = \"{word}\"", item.key)));
                None
            }
            None => {
                let words = choices.iter().filter(|(_, value)| value.is_some());
                let words: Vec<&str> = words.map(|(word, _)| *word).collect();
                let hint = did_you_mean(text, words.iter().copied());
                let hint = hint.unwrap_or_else(|| format!("write {}", any_of(&words)));
                let problem = Diagnostic::new(format!("invalid value `{text}` for `{}`", item.key)).hint(hint);
                self.report(item.at_value(), problem);
                None
            }
        }
    }

    /// The elements of a list, or the value itself if it is a string.
    pub(super) fn one_or_list(&mut self, item: &Item<'t>, expected: &str) -> Vec<Item<'t>> {
        if item.value.is_str() {
            return vec![item.clone()];
        }
        self.list(item, expected)
    }

    pub(super) fn list(&mut self, item: &Item<'t>, expected: &str) -> Vec<Item<'t>> {
        item.elements().unwrap_or_else(|| {
            self.report_type(item, expected);
            Vec::new()
        })
    }

    pub(super) fn parsed<T>(&mut self, item: &Item, parsed: Result<T, Diagnostic>) -> Option<T> {
        parsed.map_err(|problem| self.report(item.at_value(), problem)).ok()
    }

    fn check_reference(&mut self, item: &Item, service: &str, part: &TemplatePart) {
        let problem = match self.names.service(service) {
            None => unknown_service(service, self.names.service_names()),
            Some(known) if !known.has(part) => unknown_port(service, part, &known.ports),
            Some(_) => return,
        };
        if self.syntax.problems.is_empty() {
            let place = self.place(&item.at_value()).variable(&format!("services.{service}"));
            self.report_at(&place, problem);
        }
    }

    /// The position of character `offset` of a string, or of the whole string if escapes precede it.
    fn within(&self, item: &Item, text: &str, offset: usize) -> Spot {
        let before: String = text.chars().take(offset).collect();
        let raw = &self.source.text[item.span.clone()];
        let quote = raw.len() - raw.trim_start_matches(['"', '\'']).len();
        let quote = if quote >= 3 { 3 } else { 1 };
        let spot = item.at_value();
        if raw.get(quote..).is_some_and(|inside| inside.starts_with(&before)) {
            let start = item.span.start + quote + before.len();
            let span = start..item.span.end - quote;
            Spot { span, ..spot }
        } else {
            spot
        }
    }
}

/// The problem that no service is called `name`; `known` are the existing ones, for a suggestion.
pub(super) fn unknown_service<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Diagnostic {
    with_hint(
        Diagnostic::new(format!("unknown service `{name}`")),
        did_you_mean(name, known),
    )
}

pub(super) fn with_hint(problem: Diagnostic, hint: Option<String>) -> Diagnostic {
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The problem that a documented key or value is not supported by this release.
pub(super) fn not_supported(what: &str) -> Diagnostic {
    Diagnostic::new(format!("`{what}` is not supported yet"))
}

fn unknown_port(service: &str, part: &TemplatePart, keys: &[String]) -> Diagnostic {
    match part {
        TemplatePart::PortKey(key) if !keys.is_empty() => with_hint(
            Diagnostic::new(format!("service `{service}` has no port `{key}`")),
            did_you_mean(key, keys.iter().map(String::as_str))
                .or_else(|| Some(format!("write `${{services.{service}.ports.{}}}`", keys[0]))),
        ),
        TemplatePart::Port | TemplatePart::PortKey(_) | TemplatePart::Url | TemplatePart::Address => {
            Diagnostic::new(format!("service `{service}` has no port"))
                .hint(format!("add `port` to [services.{service}]"))
        }
    }
}

fn unknown_key(item: &Item, pattern: &str) -> Diagnostic {
    let problem = Diagnostic::new(format!("unknown key `{}`", item.key));
    if pattern == TASK && keys_of(SERVICE).any(|key| key.name == item.key) {
        return problem.hint("only a service has it: a task runs to its end, once");
    }
    let hint = meant(item.key, pattern).map(|name| format!("did you mean `{name}`?"));
    with_hint(problem, hint)
}

/// The key of this pattern that an unknown key probably stands for: what another tool calls so, or the closest.
pub(super) fn meant(key: &str, pattern: &str) -> Option<&'static str> {
    let by_other_tools = |known: &&Key| known.also.contains(&key);
    let known = keys_of(pattern).find(by_other_tools).map(|known| known.name);
    known.or_else(|| closest(key, keys_of(pattern).map(|known| known.name)))
}

pub(super) fn no_name(name: &str, kind: NameKind) -> Diagnostic {
    Diagnostic::new(format!("`{name}` cannot name a {}", kind.word()))
        .hint("use letters, digits, `_` and `-`, at most 63, with no `-` in front")
}

fn empty(key: &str) -> Diagnostic {
    Diagnostic::new(format!("`{key}` is empty"))
}
