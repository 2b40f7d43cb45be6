//! What was done and what was found, over all cycles.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) cycles: u64,
    /// Blows that met somebody, and commands, by kind.
    blows: BTreeMap<String, u64>,
    /// Commands by their exit code; `None` was killed.
    pub(crate) codes: BTreeMap<(String, Option<i32>), u64>,
    /// Cycles that a watchdog ended alone.
    pub(crate) waits: u64,
    /// `down`s that were refused, and repeated, while an `up` cleared up.
    pub(crate) refused: u64,
    /// `down`s for an `up` that came after the last.
    pub(crate) more_downs: u64,
    pub(crate) leaks: u64,
    pub(crate) busy: u64,
    pub(crate) hangs: u64,
    pub(crate) harmed: u64,
    pub(crate) failed: Vec<u64>,
    /// `down` after blows.
    pub(crate) downs: Vec<Duration>,
    /// `up --detach`, `status` and `down` of ten plain services.
    pub(crate) calm: [Vec<Duration>; 3],
}

impl Summary {
    pub(crate) fn count(&mut self, blow: &str) {
        *self.blows.entry(blow.to_owned()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Summary) {
        self.cycles += other.cycles;
        for (blow, n) in other.blows {
            *self.blows.entry(blow).or_default() += n;
        }
        for (code, n) in other.codes {
            *self.codes.entry(code).or_default() += n;
        }
        self.waits += other.waits;
        self.refused += other.refused;
        self.more_downs += other.more_downs;
        self.leaks += other.leaks;
        self.busy += other.busy;
        self.hangs += other.hangs;
        self.harmed += other.harmed;
        self.failed.extend(other.failed);
        self.downs.extend(other.downs);
        for (own, others) in self.calm.iter_mut().zip(other.calm) {
            own.extend(others);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            to,
            "{} cycles, {} failed {:?}",
            self.cycles,
            self.failed.len(),
            self.failed
        )?;
        let Summary {
            leaks,
            busy,
            hangs,
            harmed,
            ..
        } = self;
        writeln!(
            to,
            "cycles with leaks {leaks}, busy ports {busy}, hangs {hangs}, harmed bystanders {harmed}"
        )?;
        let blows: Vec<String> = self.blows.iter().map(|(blow, n)| format!("{blow} {n}")).collect();
        writeln!(to, "blows: {}", blows.join(", "))?;
        let code = |code: &Option<i32>| code.map_or("killed".to_owned(), |code| code.to_string());
        let codes: Vec<String> = self
            .codes
            .iter()
            .map(|((verb, it), n)| format!("{verb} {}: {n}", code(it)))
            .collect();
        writeln!(to, "exit codes: {}", codes.join(", "))?;
        let Summary {
            waits,
            refused,
            more_downs,
            ..
        } = self;
        writeln!(
            to,
            "ended by the watchdog alone {waits}; `down` refused {refused}, needed again {more_downs}"
        )?;
        writeln!(to, "`down` after blows: {}", times(&self.downs))?;
        for (what, all) in ["up --detach", "status", "down"].iter().zip(&self.calm) {
            writeln!(to, "`{what}` of ten plain services: {}", times(all))?;
        }
        Ok(())
    }
}

fn times(all: &[Duration]) -> String {
    let mut all: Vec<Duration> = all.to_vec();
    all.sort_unstable();
    match (all.get(all.len() / 2), all.last()) {
        (Some(median), Some(most)) => format!("median {} ms, most {} ms", median.as_millis(), most.as_millis()),
        _ => "none".to_owned(),
    }
}
