//! The venv of a service, with all templates filled and all paths absolute.

use std::path::Path;

use super::env_files::absolute;
use super::services::Filling;
use super::{PlanInputs, Venv, VenvInputs};
use crate::config::{self, Config, VenvChoice, VenvSettings};

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
