//! Plans, looks up ports, reassigns conflicting ones and plans again: the loop of every `up`, also as a preview.

use super::numbers::Numbers;
use super::preflight::Preflight;
use crate::commands::long_wait::{during, looks_at};
use crate::diagnostic::{Diagnostics, Hint};
use crate::plan::{Plan, PortId};
use crate::ports::Finding;
use crate::preflight::Facts;
use crate::preflight::check::{PortFinding, check};
use crate::preflight::resolution::{Resolution, resolve};
use crate::supervise::steps::Todo;
use crate::system::observe;

/// The last look-up, after which no more ports are reassigned.
pub(super) struct Settled {
    /// The part of the plan that must be started or restarted.
    pub(super) to_do: Plan,
    pub(super) facts: Facts,
    pub(super) resolution: Resolution,
    /// Ports that should be reassigned but cannot, each with the reason.
    pub(super) stuck: Vec<Finding>,
}

impl Settled {
    /// Whether the finding is about a port that cannot be reassigned.
    pub(super) fn is_stuck(&self, finding: &Finding) -> bool {
        let port = finding.subject.port;
        port.is_some() && self.stuck.iter().any(|it| it.subject.port == port)
    }
}

/// Progress of [`Preflight::settle`].
pub(super) enum Notice<'a> {
    /// The ports of this part of the plan are looked up next.
    Looks {
        plan: &'a Plan,
        to_do: &'a Plan,
    },
    Reassigned(&'a Finding),
}

impl Preflight<'_> {
    /// Repeats planning, look-up and reassignment until no port conflict can be solved that way.
    pub(super) fn settle(
        &self,
        numbers: &mut Numbers,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<Settled, Diagnostics> {
        loop {
            let to_do = self.not_kept(&numbers.plan);
            notice(Notice::Looks {
                plan: &numbers.plan,
                to_do: &to_do,
            });
            let facts = during(looks_at(&to_do), self.context, || {
                observe::facts(&to_do, self.venvs, &self.inbox.interrupt)
            });
            let findings = check(&to_do, &facts, &self.ours(&to_do));
            for PortFinding { port, finding } in &findings {
                port.iter().for_each(|id| numbers.note_conflict(id, finding));
            }
            let resolution = resolve(&to_do, findings, self.policy(), numbers.allocation.reassigned());
            let taken = resolution.reassign();
            // Leftovers are stopped first.
            let has_to_wait = !self.request.is_preview && resolution.has_leftovers() || self.inbox.interrupted();
            let mut stuck = Vec::new();
            if !taken.is_empty() && !has_to_wait {
                let mut tell = |finding: &Finding| notice(Notice::Reassigned(finding));
                stuck = self.reassign(numbers, &to_do, &taken, &mut tell)?;
                if stuck.is_empty() {
                    continue;
                }
            }
            return Ok(Settled {
                to_do,
                facts,
                resolution,
                stuck,
            });
        }
    }

    /// The part of the plan that must be started or restarted.
    pub(super) fn not_kept(&self, plan: &Plan) -> Plan {
        let steps = self.steps(plan).into_iter();
        let services = steps
            .filter(|step| step.todo != Todo::Keep)
            .map(|step| step.service.clone());
        Plan {
            project: plan.project.clone(),
            checkout: plan.checkout.clone(),
            on_exit: plan.on_exit,
            log_export: plan.log_export.clone(),
            services: services.collect(),
        }
    }

    /// Adds a hint to the finding if its port could move, but the policy does not ask for it.
    pub(super) fn hinted(&self, numbers: &Numbers, id: Option<&PortId>, mut finding: Finding) -> Finding {
        let Some((id, (service, port))) = id.and_then(|id| Some((id, numbers.plan.port(id)?))) else {
            return finding;
        };
        if self.policy().may_suggest_move(port, &finding) && self.draft.could_move(&numbers.allocation, id) {
            let next = format!("let `{}` take the next free port:", service.name);
            let hint = Hint::run(&next, "up --on-conflict next").or_after(&finding.hints);
            finding.hints.push(hint);
        }
        finding
    }
}
