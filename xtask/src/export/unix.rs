//! The plan as a Unix system needs it: all targets run there, whatever this system is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};

use super::Target;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{LogTarget, Plan, Runs};

/// # Errors
/// The project's directory there is not known: on Windows, that of this machine says nothing.
pub(super) fn root_is_there(target: Target, plan: &Plan) -> Result<(), Vec<Diagnostic>> {
    let is_read = match target {
        Target::Systemd
        | Target::SystemdUser
        | Target::Supervisor
        | Target::Pm2
        | Target::Procfile
        | Target::Compose
        | Target::Kubernetes => true,
        Target::Prometheus | Target::Grafana | Target::Vector | Target::Alloy => false,
    };
    let root = text(&plan.checkout);
    if !is_read || root.starts_with('/') {
        return Ok(());
    }
    let title = target.title();
    let problem = Diagnostic::new(format!(
        "{title} is for a Unix system, which has no `{}`",
        plan.checkout.display()
    ));
    let hint = "write where the project lies there: `root = \"/srv/shop\"` in [export]";
    Err(vec![problem.hint(hint).exit(Exit::Usage)])
}

/// The same plan with `/` in its paths, and the shell of Unix.
pub(super) fn plan(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let set = |path: &mut PathBuf| {
        if let Some(text) = path.to_str() {
            *path = text.replace(is_separator, "/").into();
        }
    };
    set(&mut plan.checkout);
    for target in &mut plan.log_export {
        match target {
            LogTarget::File(path) => set(path),
            LogTarget::Otlp(_) | LogTarget::Syslog(_) | LogTarget::Journald => {}
        }
    }
    for service in &mut plan.services {
        set(&mut service.working_dir);
        service.env_files.iter_mut().for_each(|file| set(&mut file.path));
        service.pidfile.iter_mut().for_each(set);
        if let Runs::Compose(compose) = &mut service.runs {
            compose.file.iter_mut().for_each(set);
        }
        if let Some(venv) = &mut service.venv {
            let before = venv.path.clone();
            set(&mut venv.path);
            // An own value stays.
            let active = service.environment.get_mut(OsStr::new("VIRTUAL_ENV"));
            if let Some(active) = active.filter(|active| **active == *before) {
                *active = venv.path.clone().into();
            }
        }
        if let (true, [shell, option, _]) = (service.command.is_for_shell, &mut service.command.words[..]) {
            (*shell, *option) = ("sh".to_owned(), "-c".to_owned());
        }
    }
    plan
}

/// A path as Unix writes it.
pub(super) fn text(path: &Path) -> String {
    path.display().to_string().replace(is_separator, "/")
}

/// The directory of a venv's commands.
pub(super) fn bin(venv: &Path) -> String {
    format!("{}/bin", text(venv))
}
