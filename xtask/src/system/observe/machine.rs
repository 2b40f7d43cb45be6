//! What only `doctor` looks at: fills [`MachineFacts`].

mod dev_server;

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, ToSocketAddrs, UdpSocket};
use std::process::Command;
use std::time::Duration;

use super::command::find_program;
use crate::plan::{Plan, Service};
use crate::preflight::machine::MachineFacts;
use crate::preflight::machine::engine::{self, EngineFact};
use crate::preflight::machine::inotify::{self, Inotify, Share};
use crate::preflight::machine::ipv6;
use crate::preflight::machine::localhost::{Localhost, addresses};
use crate::system::interrupt::Interrupt;
use crate::system::{answer, files, os, threads, watch};

/// Of a hosts file, in bytes: those that block advertisements have some megabytes.
const MAX_HOSTS_BYTES: u64 = 16 << 20;

/// Looks at everything at once.
pub(crate) fn machine(plan: &Plan, interrupt: &Interrupt) -> MachineFacts {
    let (inotify, (engines, (localhost, dev_servers))) = threads::both(
        || inotify(plan),
        || {
            threads::both(
                || engines(plan, interrupt),
                || (localhost(plan), dev_server::dev_servers(plan)),
            )
        },
    );
    MachineFacts {
        inotify,
        localhost,
        has_ipv6: plan.services.iter().any(ipv6::asks).then(has_ipv6),
        engines,
        dev_servers,
    }
}

fn inotify(plan: &Plan) -> Option<Inotify> {
    let watchers = inotify::watchers(plan);
    if watchers == 0 {
        return None;
    }
    let (limits, used) = (os::inotify_limits()?, os::inotify_used());
    let share = |of: fn(&os::InotifyCount) -> u64, needed| Share {
        limit: of(&limits),
        used: of(&used),
        needed,
    };
    let services = plan.services.iter();
    let watched = services.filter_map(|it| Some((it.working_dir.as_path(), &it.watch.as_ref()?.globs)));
    let n_directories = watch::n_directories(watched);
    Some(Inotify {
        watches: share(|it| it.watches, n_directories + inotify::reloaders(plan)),
        instances: share(|it| it.instances, watchers),
    })
}

/// By service, each in its own environment, which may name another engine.
fn engines(plan: &Plan, interrupt: &Interrupt) -> BTreeMap<String, EngineFact> {
    let asking: Vec<(&Service, (&'static str, &str))> = plan
        .services
        .iter()
        .filter_map(|service| Some((service, engine::called(service)?)))
        .collect();
    let facts = threads::share(&asking, threads::UNLIMITED, |(service, (program, word))| {
        let found = find_program(word, &service.working_dir, &service.environment).ok()?;
        let mut command = Command::new(found);
        command.arg("version").env_clear().envs(&service.environment);
        let answer = answer::ask(&mut command, ENGINE_TIMEOUT, &|| !interrupt.was_heard());
        let answers = answer.and_then(|answer| match answer.is_success() {
            true => Ok(()),
            false => Err(answer::complaint(&answer.stderr).to_owned()),
        });
        Some(EngineFact { program, answers })
    });
    let named = asking.into_iter().zip(facts);
    named
        .filter_map(|((service, _), fact)| Some((service.name.clone(), fact?)))
        .collect()
}

/// `docker version` exits with 1 if no engine answers; Podman has none of its own on Linux, and asks its machine
/// elsewhere.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(5);

fn localhost(plan: &Plan) -> Option<Localhost> {
    let file = os::HOSTS_FILE?;
    if plan.services.iter().all(|service| service.ports.is_empty()) {
        return None;
    }
    // One that cannot be read names nothing.
    let bytes = files::read_regular(file.as_ref(), MAX_HOSTS_BYTES).unwrap_or_default();
    let named = addresses(&String::from_utf8_lossy(&bytes));
    let resolve = || {
        ("localhost", 0)
            .to_socket_addrs()
            .is_ok_and(|mut found| found.next().is_some())
    };
    let asked = named
        .is_empty()
        .then(|| threads::within("resolve", RESOLVER_TIMEOUT, resolve));
    Some(Localhost {
        file,
        named,
        is_resolved: matches!(asked, Some(Ok(Some(true)))),
    })
}

/// A resolver that knows the name answers at once, without asking another machine.
const RESOLVER_TIMEOUT: Duration = Duration::from_millis(500);

fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[cfg(test)]
mod tests;
