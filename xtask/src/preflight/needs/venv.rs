//! What is wrong with a venv, and the command that repairs it.

use std::path::Path;

use super::missing;
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level, Platform};
use crate::plan::{Venv, VenvInputs};
use crate::preflight::recipe::{Source, Work, typed_on};
use crate::preflight::{Lack, VenvContents, VenvFact, VenvState};

/// The most important trouble of a venv, before a start: what `up` cures is a note. Paths are shown as seen from `checkout`.
pub(crate) fn venv_finding(checkout: &Path, venv: &Venv, fact: &VenvFact) -> Option<Diagnostic> {
    let mut trouble = venv_trouble(checkout, venv, fact)?;
    let is_cured = match &fact.contents {
        VenvContents::InputMissing(_) => false,
        VenvContents::Unknown(_) => trouble.level == Level::Fail && fact.recipe.source != Source::Nothing,
        VenvContents::NotLookedAt | VenvContents::Complete | VenvContents::Incomplete(_) => {
            fact.state != VenvState::NotAVenv && fact.recipe.holds_more.is_none()
        }
    };
    if venv.sync && is_cured {
        let what = match (&fact.state, trouble.code) {
            (VenvState::Missing, _) => "makes it",
            (_, Code::VenvRequirements) => "installs that",
            (_, _) => "makes it again",
        };
        let remark = fact.recipe.remark().map(|it| format!(" ({it})")).unwrap_or_default();
        trouble.message = format!("{}; `up` {what}{remark}", trouble.message);
        trouble.hints.clear();
        trouble = trouble.level(Level::Ok).exit(Exit::Done);
    }
    Some(trouble)
}

/// The most important trouble of a venv. Paths are shown as seen from `checkout`.
pub(crate) fn venv_trouble(checkout: &Path, venv: &Venv, fact: &VenvFact) -> Option<Diagnostic> {
    if matches!(fact.contents, VenvContents::InputMissing(_)) {
        // Whatever else is wrong, it cannot be made without.
        return contents_trouble(checkout, venv, fact);
    }
    let shown = relative(checkout, &venv.path);
    let (code, message) = match &fact.state {
        VenvState::Missing => (Code::VenvMissing, format!("venv `{shown}` does not exist")),
        VenvState::NotAVenv => {
            let message = format!("`{shown}` is not a venv: it has no `pyvenv.cfg`");
            let hint = match &venv.name {
                Some(name) => {
                    format!("change `path` of [venvs.{name}]: only an empty or missing directory becomes a venv")
                }
                None => format!("move `{shown}` away, or name the venv with `[venvs.NAME]`"),
            };
            return Some(missing(Code::VenvMissing, message, &venv.place).hint(hint));
        }
        VenvState::InterpreterMissing { target: Some(target) } => {
            let message = format!("venv `{shown}`: interpreter `{}` no longer exists", target.display());
            (Code::VenvInterpreterMissing, message)
        }
        VenvState::InterpreterMissing { target: None } => {
            (Code::VenvInterpreterMissing, format!("venv `{shown}` has no Python"))
        }
        VenvState::LinkLoop => (
            Code::VenvInterpreterMissing,
            format!("venv `{shown}` has no Python: its `python` is a link that leads back to itself"),
        ),
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
        VenvState::Works { version } => match fact.recipe.wanted(venv) {
            Some(wanted) if !wanted.allows(version) => {
                let version = dotted(version);
                let message = format!(
                    "venv `{shown}` has Python {version}, and `{}` is asked for",
                    wanted.text
                );
                (Code::VenvPythonVersion, message)
            }
            Some(_) | None => return contents_trouble(checkout, venv, fact),
        },
    };
    let (work, what) = match &fact.state {
        VenvState::Missing => (Work::Make, "make it with"),
        VenvState::NotAVenv
        | VenvState::InterpreterMissing { .. }
        | VenvState::LinkLoop
        | VenvState::Moved { .. }
        | VenvState::Broken { .. }
        | VenvState::Works { .. } => (Work::Remake, "recreate it with"),
    };
    let trouble = missing(code, message, &venv.place);
    Some(match (&fact.recipe.holds_more, work) {
        // Whatever makes it again would delete that, too.
        (Some(entry), Work::Remake) => {
            let message = format!(
                "{}; it is not made again, for `{entry}` in it is of no venv",
                trouble.message
            );
            let entry = format!("{shown}/{entry}");
            let hint = format!("move `{entry}` out of it, or let `path` be a directory of its own");
            Diagnostic { message, ..trouble }.hint(hint)
        }
        (Some(_) | None, _) => trouble.hint(hint(checkout, venv, fact, work, what)),
    })
}

/// The trouble of its contents alone.
pub(crate) fn contents_trouble(checkout: &Path, venv: &Venv, fact: &VenvFact) -> Option<Diagnostic> {
    let shown = relative(checkout, &venv.path);
    let finding = |message| missing(Code::VenvRequirements, message, &venv.place);
    match &fact.contents {
        VenvContents::NotLookedAt | VenvContents::Complete => None,
        VenvContents::Incomplete(lacks) => {
            let message = format!("venv `{shown}` {}", lacking(lacks));
            Some(finding(message).hint(hint(checkout, venv, fact, Work::Fill, "install it with")))
        }
        VenvContents::InputMissing(path) => {
            let path = relative(checkout, path);
            let key = match venv.inputs {
                VenvInputs::Project(_) => "project",
                VenvInputs::Requirements(_) | VenvInputs::Unknown => "requirements",
            };
            let message = format!("venv `{shown}`: `{path}`, which lists its packages, does not exist");
            let name = venv.name.as_deref().unwrap_or("NAME");
            Some(finding(message).hint(format!("create `{path}`, or correct `{key}` of [venvs.{name}]")))
        }
        VenvContents::Unknown(why) => {
            let message = format!("whether venv `{shown}` holds what is asked for cannot be told: {}", why);
            Some(finding(message).level(Level::Unknown).exit(Exit::Done))
        }
    }
}

/// The command that repairs it: ours where the file says what belongs into the venv.
fn hint(checkout: &Path, venv: &Venv, fact: &VenvFact, work: Work, what: &str) -> Hint {
    let hint = match &venv.name {
        Some(name) if venv.inputs != VenvInputs::Unknown => {
            let ours = Hint::run(what, format!("venv sync {name}"));
            match &fact.contents {
                VenvContents::Unknown(why) if fact.recipe.source == Source::Nothing => {
                    ours.then(&format!(", which fails as things are: {why}"))
                }
                VenvContents::Unknown(_)
                | VenvContents::NotLookedAt
                | VenvContents::Complete
                | VenvContents::Incomplete(_)
                | VenvContents::InputMissing(_) => ours,
            }
        }
        Some(_) | None => {
            let fix = typed_on(
                Platform::here(),
                &fact.recipe.steps(venv, work),
                venv.place.seen_from(checkout),
            );
            let python = match (fact.recipe.wanted(venv), work) {
                (Some(wanted), Work::Make | Work::Remake) if !fact.recipe.uses_uv() && fact.recipe.python.is_none() => {
                    format!("install a Python that is `{}`, then ", wanted.text)
                }
                (Some(_) | None, _) => String::new(),
            };
            format!("{python}{what} `{fix}`").into()
        }
    };
    match fact.recipe.remark() {
        Some(remark) => hint.then(&format!("; {remark}")),
        None => hint,
    }
}

/// The most packages that a message names.
const MAX_NAMES: usize = 5;

/// `lacks `a` and `b>=2`; has c 1.0, and `c>=2` is asked for`.
fn lacking(lacks: &[Lack]) -> String {
    let named = &lacks[..lacks.len().min(MAX_NAMES)];
    let absent: Vec<_> = named.iter().filter(|it| it.installed.is_none()).collect();
    let absent: Vec<_> = absent.iter().map(|it| format!("`{}`", it.requirement)).collect();
    let mut parts = Vec::new();
    if !absent.is_empty() {
        parts.push(format!("lacks {}", absent.join(", ")));
    }
    for lack in named {
        if let Some(installed) = &lack.installed {
            let requirement = &lack.requirement;
            parts.push(format!("has version {installed} where `{requirement}` is asked for"));
        }
    }
    if lacks.len() > named.len() {
        parts.push(format!("and {} more packages", lacks.len() - named.len()));
    }
    parts.join("; ")
}

pub(in crate::preflight) fn dotted(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// The path relative to the project directory, if it is inside.
fn relative(checkout: &Path, path: &Path) -> String {
    path.strip_prefix(checkout).unwrap_or(path).display().to_string()
}
