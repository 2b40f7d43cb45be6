//! `depends_on`: start order and its conditions; dependency cycles are reported.

use super::item::{Item, Spot};
use super::reader::{TomlReader, unknown_service};
use crate::config::keys::DEPENDENCY;
use crate::config::{Condition, Dependency, Located};
use crate::diagnostic::{Diagnostic, Place};

/// A list implies `"healthy"` for services and `"completed"` for tasks; a table sets the condition of each entry.
pub(super) fn dependencies<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<Dependency> {
    let mut dependencies: Vec<Dependency> = Vec::new();
    if let Some(table) = item.as_table() {
        for item in table.items() {
            let (condition, restart) = terms(reader, &item);
            dependencies.extend(dependency(reader, item.at_key(), item.key, condition, restart));
        }
        return dependencies;
    }
    for item in reader.list(item, "a list or a table") {
        let Some(name) = reader.string(&item) else { continue };
        if dependencies.iter().any(|known| known.service.value == name) {
            reader.report(
                item.at_value(),
                Diagnostic::new(format!("`{name}` is listed twice in `{}`", item.key)),
            );
        }
        let condition = by_itself(reader, name);
        dependencies.extend(dependency(reader, item.at_value(), name, condition, false));
    }
    dependencies
}

/// Reports each cycle in [`TomlReader::waits`] once.
pub(super) fn report_cycles(reader: &mut TomlReader) {
    let waits = std::mem::take(&mut reader.waits);
    let mut search = CycleSearch {
        waits: &waits,
        path: Vec::new(),
        done: Vec::new(),
        found: Vec::new(),
    };
    for (service, _) in &waits {
        search.visit(service);
    }
    for (place, circle) in search.found {
        reader.report_at(place, cycle(&circle));
    }
}

fn dependency(
    reader: &mut TomlReader,
    spot: Spot,
    name: &str,
    condition: Condition,
    restart: bool,
) -> Option<Dependency> {
    let names = &reader.names;
    if names.service(name).is_none() && !names.is_task(name) {
        let known = names.service_names().chain(names.tasks.iter().map(String::as_str));
        let problem = unknown_service(name, known);
        reader.report_absent(spot, problem);
        return None;
    }
    let service = Located {
        value: name.to_owned(),
        place: reader.place(&spot),
    };
    Some(Dependency {
        service,
        condition,
        restart,
    })
}

/// Reads `"started"` or `{ condition = "started", restart = true }`.
fn terms<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> (Condition, bool) {
    let name = item.key;
    let by_itself = by_itself(reader, name);
    if !item.value.is_table() {
        return (condition(reader, item, name).unwrap_or(by_itself), false);
    }
    let Some(table) = reader.known_table(item, DEPENDENCY) else {
        return (by_itself, false);
    };
    let condition = table.get("condition").and_then(|item| condition(reader, &item, name));
    let restart = table.get("restart").and_then(|item| reader.boolean(&item));
    (condition.unwrap_or(by_itself), restart.unwrap_or(false))
}

/// The default condition.
fn by_itself(reader: &TomlReader, name: &str) -> Condition {
    if reader.names.is_task(name) {
        Condition::Completed
    } else {
        Condition::Healthy
    }
}

/// Reads the condition that `item` sets for `name`.
fn condition<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, name: &str) -> Option<Condition> {
    let is_task = reader.names.is_task(name);
    let never = match item.value.as_str() {
        Some("healthy") if is_task => Some(never_healthy(name)),
        Some("completed") if reader.names.service(name).is_some() => Some(never_completed(name)),
        Some(_) | None => None,
    };
    if let Some(problem) = never {
        reader.report(item.at_value(), problem);
        return None;
    }
    let healthy_or_completed = match is_task {
        true => ("completed", Some(Condition::Completed)),
        false => ("healthy", Some(Condition::Healthy)),
    };
    reader.choice(item, &[healthy_or_completed, ("started", Some(Condition::Started))])
}

fn never_healthy(task: &str) -> Diagnostic {
    Diagnostic::new(format!("`{task}` is a task: it ends, and is never healthy")).hint("write `\"completed\"`")
}

fn never_completed(service: &str) -> Diagnostic {
    Diagnostic::new(format!(
        "`{service}` is a service: it keeps running, and never completes"
    ))
    .hint(format!(
        "write it as `[tasks.{service}]`, or wait until it is `\"healthy\"`"
    ))
}

/// A depth-first search along `depends_on`.
struct CycleSearch<'w> {
    waits: &'w [(String, Vec<Dependency>)],
    /// From the starting point to the current service.
    path: Vec<&'w str>,
    done: Vec<&'w str>,
    /// The place that closes each cycle, and its services; the first one is repeated at the end.
    found: Vec<(&'w Place, Vec<&'w str>)>,
}

impl<'w> CycleSearch<'w> {
    fn visit(&mut self, service: &'w str) {
        if self.done.contains(&service) {
            return;
        }
        self.path.push(service);
        let found = self.waits.iter().find(|(name, _)| name == service);
        for Dependency { service: next, .. } in found.map(|(_, next)| next.as_slice()).unwrap_or_default() {
            match self.path.iter().position(|passed| *passed == next.value) {
                Some(start) => {
                    let circle = self.path[start..].iter().copied().chain([next.value.as_str()]);
                    self.found.push((&next.place, circle.collect()));
                }
                None => self.visit(&next.value),
            }
        }
        self.path.pop();
        self.done.push(service);
    }
}

fn cycle(circle: &[&str]) -> Diagnostic {
    match circle {
        [only, _] => Diagnostic::new(format!("`{only}` depends on itself")),
        _ => Diagnostic::new(format!(
            "services depend on each other in a circle: `{}`",
            circle.join(" -> ")
        ))
        .hint("remove one of these from a `depends_on`"),
    }
}
