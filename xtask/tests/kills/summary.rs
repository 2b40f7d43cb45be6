//! What was asked, what was sent and what was found, over all rounds.

use std::collections::BTreeMap;
use std::fmt;

use crate::judge::Case;
use crate::trace::Trace;

#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) rounds: u64,
    pub(crate) requests: u64,
    /// Processes that were there when something was asked.
    processes: u64,
    /// By the kind of tree that was asked for.
    kinds: BTreeMap<String, u64>,
    modes: BTreeMap<String, u64>,
    fates: BTreeMap<String, u64>,
    signals: BTreeMap<String, u64>,
    pidfds: u64,
    codes: BTreeMap<String, u64>,
    /// Requests that were interrupted, by when that was.
    interrupted: BTreeMap<String, u64>,
    strayed: u64,
    harmed: u64,
    others: u64,
    /// Pids that went to another process during a request, by where that was.
    pub(crate) reused: BTreeMap<String, u64>,
    pub(crate) failed: Vec<u64>,
}

impl Summary {
    pub(crate) fn round(&mut self, case: &Case) {
        self.requests += case.request.asked.len() as u64;
        self.processes += case.before.len() as u64;
        for asked in &case.request.asked {
            let tree = &case.trees[asked.tree];
            count(&mut self.kinds, tree.kind);
            count(&mut self.fates, &format!("{:?}", case.request.fate(*asked, tree)));
            let marks = [
                (tree.suspended, "(suspended)"),
                (tree.ignores_term, "(ignores SIGTERM)"),
                (tree.has_client, "(with a client)"),
            ];
            marks
                .iter()
                .filter(|(is_so, _)| *is_so)
                .for_each(|(_, mark)| count(&mut self.kinds, mark));
            count(&mut self.kinds, &format!("(of {:?})", tree.user));
            count(&mut self.kinds, &format!("(tag {:?})", tree.tag));
        }
        count(&mut self.modes, &format!("{:?}", case.request.mode));
        count(&mut self.modes, case.request.caller());
        if let Some(when) = case.interrupted() {
            count(&mut self.interrupted, when);
        }
        self.sent(case.trace, case.ended.code);
    }

    pub(crate) fn sent(&mut self, trace: &Trace, code: Option<i32>) {
        self.pidfds += trace.opened as u64;
        trace
            .sent
            .iter()
            .for_each(|sent| count(&mut self.signals, &sent.signal));
        count(
            &mut self.codes,
            &code.map_or("killed".to_owned(), |code| code.to_string()),
        );
    }

    pub(crate) fn asked(&mut self, kind: &str) {
        self.requests += 1;
        count(&mut self.kinds, kind);
    }

    pub(crate) fn wrong(&mut self, wrong: &[String]) {
        for what in wrong {
            match what {
                what if what.starts_with("SIGNAL") => self.strayed += 1,
                what if what.starts_with("HARMED") => self.harmed += 1,
                _ => self.others += 1,
            }
        }
    }

    pub(crate) fn add(&mut self, other: Summary) {
        self.rounds += other.rounds;
        self.requests += other.requests;
        self.processes += other.processes;
        self.pidfds += other.pidfds;
        self.strayed += other.strayed;
        self.harmed += other.harmed;
        self.others += other.others;
        self.failed.extend(other.failed);
        let maps = [
            (&mut self.kinds, other.kinds),
            (&mut self.modes, other.modes),
            (&mut self.fates, other.fates),
            (&mut self.signals, other.signals),
            (&mut self.codes, other.codes),
            (&mut self.interrupted, other.interrupted),
            (&mut self.reused, other.reused),
        ];
        for (own, others) in maps {
            for (what, n) in others {
                *own.entry(what).or_default() += n;
            }
        }
    }
}

pub(crate) fn count(into: &mut BTreeMap<String, u64>, what: &str) {
    *into.entry(what.to_owned()).or_default() += 1;
}

impl fmt::Display for Summary {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let list = |map: &BTreeMap<String, u64>| {
            let entries: Vec<String> = map.iter().map(|(what, n)| format!("{what} {n}")).collect();
            entries.join(", ")
        };
        writeln!(
            to,
            "{} requests in {} rounds, {} failed {:?}",
            self.requests,
            self.rounds,
            self.failed.len(),
            self.failed
        )?;
        writeln!(
            to,
            "signals to others {}, harmed {}, otherwise wrong {}",
            self.strayed, self.harmed, self.others
        )?;
        writeln!(
            to,
            "signals sent: {}; pidfds opened {}",
            list(&self.signals),
            self.pidfds
        )?;
        writeln!(to, "processes of the soak beside it, summed: {}", self.processes)?;
        writeln!(to, "asked for: {}", list(&self.kinds))?;
        writeln!(to, "how: {}", list(&self.modes))?;
        writeln!(to, "what had to come of it: {}", list(&self.fates))?;
        writeln!(to, "exit codes: {}", list(&self.codes))?;
        writeln!(to, "interrupted: {}", list(&self.interrupted))?;
        writeln!(to, "pids used again: {}", list(&self.reused))
    }
}
