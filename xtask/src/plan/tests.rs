//! A config and its surroundings → the plan as text, or all its problems.

mod changes;
mod environment;
mod ports;
mod problems;
mod selection;
mod services;
mod shown;

use crate::expected::{Expected, dedent};
use std::collections::BTreeMap;
use std::env::join_paths;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::allocation::AutoNumber;
use super::{Allocation, DeclaredNumber, DeclaredPort, Environment, Plan, PlanInputs, RegistryView, Reservation};
use super::{Selection, allocate, bin, draft, on_this_machine};
use crate::config;
use crate::diagnostic::{Diagnostic, Exit};

/// The project is in `/shop`. Each line of `around` is an input: `$ NAME=value` of the calling environment, `FILE:
/// line` of a file, `FILE! why` for an unreadable one, `venv DIRECTORY` for an existing venv, `port SERVICE.KEY NUMBER`
/// for an `auto` number or one that a port moved to. `asked` are the arguments of `up`; `everything` is what `doctor`
/// requests.
#[track_caller]
fn check(config: &str, around: &str, asked: &str, expected: impl Expected) {
    let seen = planned(&dedent(config), &dedent(around), asked);
    expected.check(&seen);
}

fn planned(config: &str, around: &str, asked: &str) -> String {
    match outcome(config, around, asked) {
        Ok((plan, problems)) => {
            let services = plan.services.iter().map(shown::service);
            let problems = problems.iter().map(shown::problem);
            services.chain(problems).collect::<Vec<_>>().join("\n")
        }
        Err(problems) => problems.iter().map(shown::problem).collect::<Vec<_>>().join("\n"),
    }
}

fn outcome(config: &str, around: &str, asked: &str) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let config = config::read(Path::new("devtasks.toml"), config).expect("the config of a test is right");
    let mut calling = Environment::new();
    let mut files: BTreeMap<PathBuf, Result<String, Diagnostic>> = BTreeMap::new();
    let mut venvs: Vec<PathBuf> = Vec::new();
    let mut ports: BTreeMap<String, u16> = BTreeMap::new();
    for line in around.lines() {
        if let Some(variable) = line.strip_prefix("$ ") {
            let (name, value) = variable.split_once('=').expect("a variable has a value");
            calling.insert(name.into(), of_this_system(name, value));
        } else if let Some(venv) = line.strip_prefix("venv ") {
            venvs.push(Path::new("/shop").join(venv));
        } else if let Some((port, number)) = line.strip_prefix("port ").and_then(|port| port.split_once(' ')) {
            ports.insert(port.to_owned(), number.parse().expect("it is a number"));
        } else if let Some((file, why)) = line.split_once("! ") {
            let problem = Diagnostic::new(why).exit(Exit::Missing);
            files.insert(Path::new("/shop").join(file), Err(problem));
        } else {
            let (file, text) = line.split_once(':').expect("a file has a line");
            let file = files
                .entry(Path::new("/shop").join(file))
                .or_insert_with(|| Ok(String::new()));
            let text = format!("{}\n", text.trim());
            file.as_mut().expect("it can be read").push_str(&text);
        }
    }
    let read = |path: &Path| files.get(path).map(|file| file.clone().map(String::into_bytes));
    let nearest = |from: &Path, to: &Path| {
        let directories = from.ancestors().take_while(|directory| directory.starts_with(to));
        directories
            .map(|directory| directory.join(".venv"))
            .find(|venv| venvs.contains(venv))
    };
    let inputs = PlanInputs {
        checkout: Path::new("/shop"),
        calling: &calling,
        read: &read,
        in_main: &|_, _| None,
        nearest_venv: &nearest,
        default_base: &|_, _| 0,
        address: &on_this_machine,
    };
    let draft = draft(&config, &meant(asked), inputs)?;
    let (plan, mut problems) = draft.plan(&numbers(&draft.declared(), &ports));
    problems.extend(draft.metrics().err().unwrap_or_default());
    Ok((plan, problems))
}

/// A search path has the separator of this system between its directories, and the venv `other` its directory for commands.
fn of_this_system(name: &str, value: &str) -> OsString {
    let directory = |text: &str| match text.strip_suffix("other/bin") {
        Some(above) => bin(&Path::new(above).join("other")),
        None => text.into(),
    };
    match name {
        "PATH" => join_paths(value.split(':').map(directory)).expect("they are no lists"),
        _ => value.into(),
    }
}

/// Numbers in the registry, by `SERVICE.KEY`. With `none` among them, no other number is available.
fn numbers(declared: &[DeclaredPort], kept: &BTreeMap<String, u16>) -> Allocation {
    let reservation = |port: &DeclaredPort| {
        let number = *kept.get(&String::from(port.id.clone()))?;
        let (auto, instead_of) = match port.number {
            DeclaredNumber::Auto { base, .. } => (Some(AutoNumber { base, number }), None),
            DeclaredNumber::Fixed(from) | DeclaredNumber::Set(from) => (None, Some(from)),
        };
        let reservation = Reservation {
            number,
            protocol: port.protocol,
            auto,
            instead_of,
            kept: None,
        };
        Some((port.id.clone(), reservation))
    };
    let registry = RegistryView {
        own: declared.iter().filter_map(reservation).collect(),
        is_main: true,
    };
    allocate(declared, &registry, &BTreeMap::new(), &|_, _| {
        !kept.contains_key("none")
    })
}

fn meant(asked: &str) -> Selection {
    let mut meant = Selection::default();
    let mut words = asked.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "everything" => meant.everything = true,
            "--profile" => meant.profiles.extend(words.next().map(str::to_owned)),
            service => meant.services.push(service.to_owned()),
        }
    }
    meant
}
