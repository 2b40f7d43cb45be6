//! What is wrong with a venv, and the command that repairs it.

use super::{command_path, missing, relative};
use crate::config::VersionOperator;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, PythonVersions, Venv, bin};
use crate::preflight::{VenvFact, VenvState};

pub(super) fn venv_trouble(plan: &Plan, venv: &Venv, fact: &VenvFact) -> Option<Diagnostic> {
    let shown = relative(plan, &venv.path);
    let (code, message) = match &fact.state {
        VenvState::Missing => (Code::VenvMissing, format!("venv `{shown}` does not exist")),
        VenvState::InterpreterMissing { target: Some(target) } => {
            let message = format!("venv `{shown}`: interpreter `{}` no longer exists", target.display());
            (Code::VenvInterpreterMissing, message)
        }
        VenvState::InterpreterMissing { target: None } => {
            (Code::VenvInterpreterMissing, format!("venv `{shown}` has no Python"))
        }
        VenvState::Moved { made_at } => {
            let message = format!(
                "venv `{shown}` was moved from `{}`; a venv cannot be moved",
                made_at.display()
            );
            (Code::VenvMoved, message)
        }
        VenvState::Broken { said } => (
            Code::VenvInterpreterMissing,
            format!("the Python of venv `{shown}` does not run: {said}"),
        ),
        VenvState::Works { version } => match &venv.python {
            Some(wanted) if !wanted.allows(version) => {
                let version = dotted(version);
                let message = format!(
                    "venv `{shown}` has Python {version}, and `{}` is asked for",
                    wanted.text
                );
                (Code::VenvPythonVersion, message)
            }
            Some(_) | None => return None,
        },
    };
    let python = python_for(venv.python.as_ref());
    let (make, clear) = match &fact.state {
        VenvState::Missing => ("make it", ""),
        VenvState::InterpreterMissing { .. }
        | VenvState::Moved { .. }
        | VenvState::Broken { .. }
        | VenvState::Works { .. } => ("recreate it", " --clear"),
    };
    let mut fix = format!("{python} -m venv{clear} {}", command_path(plan, &venv.path));
    if let Some(requirements) = &fact.requirements {
        let pip = command_path(plan, &bin(&venv.path).join("python"));
        fix.push_str(&format!(
            " && {pip} -m pip install -r {}",
            command_path(plan, requirements)
        ));
    }
    Some(missing(code, message, &venv.place).hint(format!("{make} with `{fix}`")))
}

/// The command of a Python that `wanted` accepts: `python3.11` for `>=3.11`.
fn python_for(wanted: Option<&PythonVersions>) -> String {
    let lowest = wanted.and_then(|wanted| {
        wanted.bounds.iter().find_map(|(operator, version)| match operator {
            VersionOperator::Equal
            | VersionOperator::Matching
            | VersionOperator::AtLeast
            | VersionOperator::Compatible => Some(version),
            VersionOperator::NotEqual
            | VersionOperator::NotMatching
            | VersionOperator::MoreThan
            | VersionOperator::AtMost
            | VersionOperator::LessThan => None,
        })
    });
    match lowest {
        Some(version) if version.len() >= 2 => format!("python{}.{}", version[0], version[1]),
        Some(_) | None => "python3".to_owned(),
    }
}

fn dotted(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}
