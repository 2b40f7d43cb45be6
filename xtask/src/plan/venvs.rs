//! The venvs of services and of the file, with all templates filled and all paths absolute.

use std::collections::BTreeMap;
use std::path::Path;

use super::env_files::{ProjectFiles, absolute};
use super::services::Filling;
use super::{Plan, PlanInputs, Venv, VenvInputs};
use crate::config::{self, Config, VenvChoice, VenvSettings};
use crate::diagnostic::Diagnostic;

/// Every venv of the file, as its services have it, then those that services find; and the problems of venvs that are
/// left out.
pub(super) fn all(
    config: &Config,
    files: &ProjectFiles,
    plan: &Plan,
    outside: &PlanInputs,
) -> (Vec<Venv>, Vec<Diagnostic>) {
    let mut all: Vec<Venv> = Vec::new();
    let mut problems = Vec::new();
    for settings in &config.venvs {
        let used = plan.venvs().find(|venv| venv.name.as_ref() == Some(&settings.name));
        match used.cloned().map_or_else(|| unused(settings, files, outside), Ok) {
            Ok(venv) => all.push(venv),
            Err(more) => problems.extend(more),
        }
    }
    for venv in plan.venvs() {
        if all.iter().all(|known| known.path != venv.path) {
            all.push(venv.clone());
        }
    }
    (all, problems)
}

/// A venv of the file that no service has: only variables of the project are known.
fn unused(settings: &VenvSettings, files: &ProjectFiles, outside: &PlanInputs) -> Result<Venv, Vec<Diagnostic>> {
    let nothing = BTreeMap::new();
    let scope = files.scope(outside, &nothing);
    let mut fill = Filling::new(&scope);
    let venv = named(&mut fill, settings, outside);
    fill.finish().map(|()| venv)
}

/// The venv that a service with this working directory runs in.
pub(super) fn chosen(
    fill: &mut Filling,
    config: &Config,
    choice: &VenvChoice,
    directory: &Path,
    outside: &PlanInputs,
) -> Option<Venv> {
    match choice {
        VenvChoice::None => None,
        VenvChoice::Auto(place) => {
            let nearest = (outside.nearest_venv)(directory, outside.checkout);
            let path = nearest.unwrap_or_else(|| directory.join(".venv"));
            Some(Venv {
                name: None,
                path,
                python: None,
                inputs: VenvInputs::Unknown,
                sync: false,
                place: place.clone(),
            })
        }
        VenvChoice::Named(name) => {
            let venv = config.venvs.iter().find(|venv| venv.name == name.value);
            Some(named(fill, venv.expect("config refuses unknown venvs"), outside))
        }
    }
}

fn named(fill: &mut Filling, venv: &VenvSettings, outside: &PlanInputs) -> Venv {
    let mut path = |template| absolute(outside, &fill.text(template));
    Venv {
        name: Some(venv.name.clone()),
        path: path(&venv.path),
        python: venv.python.as_ref().map(|python| python.value.clone()),
        inputs: match &venv.inputs {
            config::VenvInputs::Unknown => VenvInputs::Unknown,
            config::VenvInputs::Requirements(files) => VenvInputs::Requirements(files.iter().map(path).collect()),
            config::VenvInputs::Project(directory) => VenvInputs::Project(path(directory)),
        },
        sync: venv.sync,
        place: venv.path.place.clone(),
    }
}
