//! `depends_on`: what is started before what, and that nothing waits for itself.

use super::item::{Item, Spot};
use super::reader::{Reader, unknown_service};
use crate::config::keys::DEPENDENCY;
use crate::config::{At, Condition, Dependency};
use crate::error::{Place, Problem};

/// A list of services means `"healthy"` for each; a table says it of each.
pub(super) fn dependencies<'t>(reader: &mut Reader<'t>, item: &Item<'t>) -> Vec<Dependency> {
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
                Problem::new(format!("`{name}` stands twice in `{}`", item.key)),
            );
        }
        dependencies.extend(dependency(reader, item.at_value(), name, Condition::Healthy, false));
    }
    dependencies
}

/// Reports every circle in what [`Reader::waits`] holds, once.
pub(super) fn report_cycles(reader: &mut Reader) {
    let waits = std::mem::take(&mut reader.waits);
    let mut search = Search {
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

fn dependency(reader: &mut Reader, spot: Spot, name: &str, condition: Condition, restart: bool) -> Option<Dependency> {
    if reader.names.service(name).is_none() {
        let problem = unknown_service(name, reader.names.service_names());
        reader.report_absent(spot, problem);
        return None;
    }
    let service = At {
        value: name.to_owned(),
        place: reader.place(&spot),
    };
    Some(Dependency {
        service,
        condition,
        restart,
    })
}

/// `"started"`, or `{ condition = "started", restart = true }`.
fn terms<'t>(reader: &mut Reader<'t>, item: &Item<'t>) -> (Condition, bool) {
    if !item.value.is_table() {
        return (condition(reader, item).unwrap_or(Condition::Healthy), false);
    }
    let Some(table) = reader.known_table(item, DEPENDENCY) else {
        return (Condition::Healthy, false);
    };
    let condition = table.get("condition").and_then(|item| condition(reader, &item));
    let restart = table.get("restart").and_then(|item| reader.boolean(&item));
    (condition.unwrap_or(Condition::Healthy), restart.unwrap_or(false))
}

fn condition<'t>(reader: &mut Reader<'t>, item: &Item<'t>) -> Option<Condition> {
    let choices = [
        ("healthy", Some(Condition::Healthy)),
        ("started", Some(Condition::Started)),
        ("completed", None),
    ];
    reader.choice(item, &choices)
}

/// A depth-first walk along `depends_on`.
struct Search<'w> {
    waits: &'w [(String, Vec<Dependency>)],
    /// From where the walk began to where it is.
    path: Vec<&'w str>,
    done: Vec<&'w str>,
    /// Where each circle closes, and its services, the first one again at the end.
    found: Vec<(&'w Place, Vec<&'w str>)>,
}

impl<'w> Search<'w> {
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

fn cycle(circle: &[&str]) -> Problem {
    match circle {
        [only, _] => Problem::new(format!("`{only}` depends on itself")),
        _ => Problem::new(format!(
            "services depend on each other in a circle: `{}`",
            circle.join(" -> ")
        ))
        .hint("remove one of these from a `depends_on`"),
    }
}
