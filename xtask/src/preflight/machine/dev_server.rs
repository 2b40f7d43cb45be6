//! Dev servers that allow one of their kind in a directory, whatever its port, and keep a lock file there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use super::warning;
use crate::diagnostic::{Code, Diagnostic, Exit, Hint};
use crate::foreign::Foreign;
use crate::plan::Plan;
use crate::ports::{Finding, Subject};
use crate::process::Tag;
use crate::process::arguments::program;

/// A framework whose dev server locks its directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Framework {
    pub(crate) name: &'static str,
    programs: &'static [&'static str],
    /// What starts the dev server; a program without a command does, too.
    commands: &'static [&'static str],
    /// With one of these it starts beside another one.
    unless: &'static [&'static str],
    /// As seen from the directory of the package.
    pub(crate) lock: &'static str,
    /// Whether a second server always refuses to start.
    refuses: bool,
}

/// Sources: next 16.4, `build/lockfile.ts` and `setup-dev-bundler.ts` (JSON since 16.2; an empty file before);
/// @nuxt/cli 3.37, `utils/lockfile.ts`, which looks at the lock only for coding agents and with `NUXT_LOCK=1`, and later
/// versions always; astro 7.3, `core/dev/lockfile.ts` and `cli/dev/index.ts`.
pub(crate) const FRAMEWORKS: &[Framework] = &[
    Framework {
        name: "Next.js",
        programs: &["next"],
        commands: &["dev"],
        unless: &[],
        lock: ".next/dev/lock",
        refuses: true,
    },
    Framework {
        name: "Nuxt",
        programs: &["nuxt", "nuxi"],
        commands: &["dev"],
        unless: &[],
        lock: ".nuxt/nuxt.lock",
        refuses: false,
    },
    Framework {
        name: "Astro",
        programs: &["astro"],
        commands: &["dev", "start"],
        unless: &["--ignore-lock", "--force"],
        lock: ".astro/dev.json",
        refuses: true,
    },
];

/// A service and the server that has the lock of its directory.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DevServer {
    pub(crate) service: String,
    pub(crate) framework: &'static Framework,
    pub(crate) lock: PathBuf,
    /// `None` if nothing has the lock.
    pub(crate) holder: Option<Holder>,
}

/// The process that has a lock.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    pub(crate) name: Foreign,
    pub(crate) tag: Option<Tag>,
    pub(crate) port: Option<u16>,
}

/// What the lock files have in common.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) pid: u32,
    #[serde(default)]
    pub(crate) port: Option<u16>,
}

/// The framework whose dev server these words start: a command, or a script of `package.json`.
pub(crate) fn framework(words: &[&str]) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|it| it.is_started_by(words))
}

impl Framework {
    fn is_started_by(&self, words: &[&str]) -> bool {
        let Some(at) = words.iter().position(|word| self.programs.contains(&program(word))) else {
            return false;
        };
        let behind = &words[at + 1..];
        let command = behind.first().filter(|word| !word.starts_with('-'));
        command.is_none_or(|command| self.commands.contains(command))
            && !behind.iter().any(|word| self.unless.contains(word))
    }
}

/// `None` if nothing has the lock, it is ours, or the process was `told` of.
pub(super) fn held(plan: &Plan, server: &DevServer, told: &BTreeSet<u32>) -> Option<Finding> {
    let holder = server.holder.as_ref()?;
    // What the run has is kept, and what an earlier one left is ended before the start.
    let is_ours = |tag: &Tag| tag.checkout == *plan.checkout;
    if told.contains(&holder.pid) || holder.tag.as_ref().is_some_and(is_ours) {
        return None;
    }
    let service = plan.services.iter().find(|it| it.name == server.service)?;
    let (name, pid) = (server.framework.name, holder.pid);
    let lock = server.lock.strip_prefix(&plan.checkout).unwrap_or(&server.lock);
    let beside = format!(
        "another dev server of {name}, `{}` (pid {pid}), has the lock `{}`",
        holder.name,
        lock.display()
    );
    let problem = match server.framework.refuses {
        true => Diagnostic::new(format!(
            "{beside}; `{}` does not start beside it, whatever its port",
            service.name
        ))
        .code(Code::LockHeld)
        .exit(Exit::Failed),
        false => warning(
            Code::LockHeld,
            format!("{beside}; `{}` may refuse to start beside it", service.name),
        ),
    };
    let stop = match holder.port {
        Some(port) => Hint::run("stop that one with", format!("port kill {port}")),
        None => Hint::from(format!("stop that one with `kill {pid}`")),
    };
    let finding = problem.at(&service.command.place).hint(stop);
    Some(finding.about(Subject::service(&service.name)))
}

#[cfg(test)]
mod tests;
