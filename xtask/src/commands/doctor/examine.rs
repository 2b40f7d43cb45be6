//! Looks at everything, each thing once and all at the same time, and collects what is found.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::Context;
use crate::commands::leftovers::{self, Leftovers};
use crate::commands::long_wait::{during, looks_at};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Level};
use crate::plan::{Allocation, DeclaredPort, Draft, Plan, PortId, Runs, Selection};
use crate::ports::conflict::{CallerContext, ephemeral, split};
use crate::ports::{Endpoint, Finding};
use crate::preflight::Facts;
use crate::preflight::check::port_finding;
use crate::preflight::compose::absent;
use crate::preflight::duplicate::duplicates;
use crate::preflight::limit::open_files;
use crate::preflight::machine::machine;
use crate::preflight::mismatch::Mismatch;
use crate::preflight::moved::moved;
use crate::preflight::needs::needs;
use crate::preflight::reloader::reloaders;
use crate::preflight::resolution::{ConflictPolicy, Remedy};
use crate::protocol::RunStatus;
use crate::report::doctor::Examination;
use crate::report::reassignment;
use crate::run::project::Project;
use crate::run::reservations::Registry;
use crate::run::run_status::{self, HealthSource};
use crate::system::interrupt::Interrupt;
use crate::system::venvs::VenvLooks;
use crate::system::{observe, os, owners, threads};

/// # Errors
/// The file is wrong, the port registry cannot be read, or the processes of the machine cannot be looked at.
pub(super) fn examine(project: &Project, services: &[String], context: &Context) -> Result<Examination, Diagnostics> {
    let registry = Registry::read(project.reference())?;
    let draft = project.draft(&selection(services.to_vec()))?;
    let allocation = registry.allocate(&draft.declared(), &BTreeMap::new());
    let (plan, problems) = draft.plan(&allocation);
    let interrupt = Interrupt::default();
    let look = || {
        threads::both(
            || {
                threads::both(
                    || observe::facts(&plan, &VenvLooks::default(), &interrupt),
                    || observe::machine(&plan, &interrupt),
                )
            },
            || threads::both(|| project.env_files(&plan), || OfRuns::look(&plan)),
        )
    };
    let ((facts, machine_facts), (env_files, of_runs)) = during(looks_at(&plan), context, look);
    let of_runs = of_runs?;
    let mut findings = duplicates(&plan);
    findings.extend(ports(&plan, &facts, &of_runs, &allocation, &registry, &draft));
    let owners = findings.iter().flat_map(|finding| &finding.subject.owners);
    let told: BTreeSet<u32> = owners.map(|owner| owner.process.identity.pid).collect();
    findings.extend(moved(&plan));
    findings.extend(of_runs.status.iter().flat_map(|status| mismatches(&plan, status)));
    // A running stack has its descriptors already.
    let is_running = of_runs.live_run.is_some();
    findings.extend((!is_running).then(|| open_files(&plan, &facts)).flatten());
    findings.extend(needs(&plan, &facts));
    findings.extend(reloaders(&plan));
    findings.extend(project.env_findings(&env_files));
    findings.extend(of_runs.left(&plan));
    findings.extend(machine(&plan, &machine_facts, &told));
    Ok(Examination {
        plan,
        facts,
        machine: machine_facts,
        env_files,
        is_running,
        problems,
        findings,
    })
}

/// These services, or everything if none is named.
fn selection(services: Vec<String>) -> Selection {
    Selection {
        everything: services.is_empty(),
        services,
        ..Selection::default()
    }
}

/// What runs of this checkout, and what earlier runs left.
struct OfRuns {
    live_run: Option<String>,
    status: Option<RunStatus>,
    left: Leftovers,
}

impl OfRuns {
    fn look(plan: &Plan) -> Result<OfRuns, Diagnostic> {
        let live_run = run_status::run(&plan.checkout);
        let status = || run_status::status(&plan.checkout, HealthSource::Service);
        Ok(OfRuns {
            status: live_run.as_ref().map(|_| status()).transpose()?.flatten(),
            left: leftovers::of(&plan.checkout)?,
            live_run,
        })
    }

    /// The warnings about what earlier runs left.
    fn left(&self, plan: &Plan) -> Vec<Finding> {
        let is_old = |run: &str| self.live_run.as_deref() != Some(run);
        let processes = self.left.processes.iter();
        let left: Vec<_> = processes.filter(|(_, tag)| is_old(tag.run.raw())).cloned().collect();
        let mut findings = Vec::new();
        if !left.is_empty() {
            findings.push(leftovers::finding(&left).level(Level::Warn));
        }
        if self.live_run.is_none() {
            let containers = leftovers::containers_finding(&plan.checkout);
            findings.extend(containers.map(|finding| finding.level(Level::Warn)));
        }
        findings
    }
}

/// The findings about all ports. A conflict that `up` would solve with another number, without stopping the owner, is
/// not an error.
fn ports(
    plan: &Plan,
    facts: &Facts,
    of_runs: &OfRuns,
    allocation: &Allocation,
    registry: &Registry<'_>,
    draft: &Draft<'_>,
) -> Vec<Finding> {
    let ours = CallerContext::new(&plan.project, &plan.checkout, of_runs.live_run.clone(), os::user_id())
        .with_reserved_numbers(allocation.numbers());
    let mut findings = Vec::new();
    let mut taken = Vec::new();
    for service in &plan.services {
        for declared in &service.ports {
            let port = Endpoint::from(declared);
            let fact = &facts.ports[&port];
            if service.runs == Runs::External {
                findings.extend(absent(service, declared, fact));
                continue;
            }
            let found = port_finding(service, declared, facts, &ours);
            let ours = ours.for_service(&service.name, declared);
            if ConflictPolicy::default().remedy(Some(declared), &found) == Remedy::Reassign {
                taken.push((findings.len(), PortId::new(&service.name, &declared.key)));
            }
            findings.push(found);
            findings.extend(split(&port, fact, &ours));
            findings.extend(ephemeral(&port, fact, &ours));
        }
    }
    if taken.is_empty() {
        return findings;
    }
    let ids: Vec<PortId> = taken.iter().map(|(_, id)| id.clone()).collect();
    // The new number is not reported, because it may be another one by then.
    let can_have = |port: &DeclaredPort, number| {
        owners::can_be_served(Endpoint {
            number,
            host: port.host,
            protocol: port.protocol,
        })
    };
    let Ok(moved) = draft.complete_plan(&registry.reassign(allocation, &ids, &can_have)) else {
        // `up` would stop before this, and the reason is reported elsewhere.
        return findings;
    };
    for (at, id) in &taken {
        let found = &findings[*at];
        findings[*at] = reassignment::cannot_move(id, found, &moved).unwrap_or_else(|| Finding {
            level: Level::Warn,
            message: format!("{}; `up` would move `{}` on", found.message, id.service),
            hints: Vec::new(),
            exit: Exit::Done,
            ..found.clone()
        });
    }
    findings
}

/// Services of the live run that listen elsewhere than declared.
fn mismatches(plan: &Plan, status: &RunStatus) -> Vec<Finding> {
    let mut findings = Vec::new();
    for seen in &status.services {
        let name = &seen.status.name;
        let Some(service) = plan.services.iter().find(|service| service.name == *name) else {
            continue;
        };
        for port in &seen.ports {
            let declared = service.ports.iter().find(|declared| declared.key == port.name);
            let mismatch = declared.and_then(|declared| Mismatch::new(&service.ports, declared, &port.elsewhere));
            findings.extend(mismatch.map(|it| it.finding(service)));
        }
    }
    findings
}
