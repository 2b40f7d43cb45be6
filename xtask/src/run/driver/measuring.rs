//! Counts for metrics, and what is handed out when somebody asks for them.

use std::time::Duration;

use super::{Driver, Measures, UnitId};
use crate::diagnostic::Code;
use crate::plan::{Protocol, Runs};
use crate::run::metrics::ServiceMeasures;
use crate::supervise::ProbeResult;

impl Driver<'_> {
    pub(super) fn count_conflicts(&mut self, conflicts: Vec<(String, Code)>) {
        for conflict in conflicts {
            *self.conflicts.entry(conflict).or_default() += 1;
        }
    }

    /// Counts an answer if it is one of a health check: what else is asked to see whether a service is ready is none.
    pub(super) fn count_check(&mut self, unit: UnitId, answer: &ProbeResult, took: Duration) {
        let instance = &mut self.services[unit];
        let passed = match answer {
            ProbeResult::Passed { .. } => true,
            ProbeResult::Failed { .. } => false,
            ProbeResult::Unasked { .. } => return,
        };
        if instance.service.health.is_some() {
            instance.counts.checked(passed, took);
        }
    }

    /// Copies what the driver knows; it reads and waits for nothing.
    pub(super) fn measures(&self) -> Measures {
        let dropped = self.log_export.status().into_iter().map(|target| target.dropped);
        let watchdog = self.watchdog.as_ref().map(|watchdog| watchdog.pid);
        Measures {
            project: self.record.project.clone(),
            run: self.record.run.clone(),
            services: self.machine.units().map(|unit| self.measures_of(unit)).collect(),
            conflicts: self.conflicts.clone(),
            dropped_lines: dropped.into_iter().reduce(|sum, more| sum + more),
            helpers: self.checks.iter().map(|check| check.pid).chain(watchdog).collect(),
            left_alone: self.left_alone.keys().cloned().collect(),
        }
    }

    fn measures_of(&self, unit: UnitId) -> ServiceMeasures {
        let instance = &self.services[unit];
        let service = &instance.service;
        let ports = service.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
        let mut ports: Vec<u16> = ports.map(|port| port.number).collect();
        ports.sort_unstable();
        ports.dedup();
        ServiceMeasures {
            name: service.name.clone(),
            state: self.machine.state(unit),
            started_at: instance.started_at,
            counts: instance.counts.clone(),
            has_health_check: service.health.is_some(),
            log: instance.log.counts(),
            ports,
            is_ours: service.runs == Runs::Command,
            pid: instance.pid,
            group: instance.group,
            generation: instance.generation,
        }
    }
}
