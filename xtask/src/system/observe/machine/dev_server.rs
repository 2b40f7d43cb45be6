//! The lock files of dev servers, and the processes that have the locks.

use std::path::Path;

use crate::plan::{Plan, Runs, Service};
use crate::preflight::machine::dev_server::{DevServer, Framework, Holder, Lock, framework};
use crate::process::ProcessState;
use crate::system::observe::node;
use crate::system::{files, os, pidfiles};

/// Of a lock file, in bytes; those that are written have some hundred.
const MAX_BYTES: u64 = 64 << 10;

/// Of the services whose command, or script of `package.json`, starts such a server.
pub(super) fn dev_servers(plan: &Plan) -> Vec<DevServer> {
    let services = plan.services.iter().filter(|service| service.runs == Runs::Command);
    services
        .filter_map(|service| {
            let words = service.command.parts();
            let package = node::package_of(&words, &service.working_dir, &plan.checkout)?;
            let framework = framework(&words).or_else(|| of_script(&words, &package))?;
            Some(dev_server(service, framework, &package))
        })
        .collect()
}

/// The script that `npm run dev` calls.
fn of_script(words: &[&str], package: &Path) -> Option<&'static Framework> {
    let manifest = node::json(&package.join("package.json"))?;
    let scripts = words.iter().filter_map(|word| manifest["scripts"][*word].as_str());
    let mut called = scripts.map(|script| script.split_whitespace().collect::<Vec<_>>());
    called.find_map(|script| framework(&script))
}

fn dev_server(service: &Service, framework: &'static Framework, package: &Path) -> DevServer {
    let lock = package.join(framework.lock);
    DevServer {
        service: service.name.clone(),
        framework,
        holder: holder(&lock),
        lock,
    }
}

/// The process that a lock names, if it may be the one that wrote it. An empty lock, as Next.js wrote before 16.2, names
/// none.
fn holder(lock: &Path) -> Option<Holder> {
    let bytes = files::read_regular(lock, MAX_BYTES).ok()?;
    let Lock { pid, port } = serde_json::from_slice(&bytes).ok()?;
    // One that cannot be looked at is not accused.
    let process = os::process(pid).ok()??;
    if process.state == ProcessState::Zombie || !pidfiles::may_have_written(pid, lock) {
        return None;
    }
    Some(Holder {
        pid,
        name: process.name,
        tag: os::tag(pid).ok().flatten(),
        port,
    })
}

#[cfg(test)]
mod tests;
