//! What was tried and what was found, over all cases.

use std::collections::BTreeMap;
use std::fmt;

use crate::case::Outcome;
use crate::fault::Fault;

#[derive(Default)]
struct Tally {
    handled: u64,
    wrong: u64,
    /// Calls that failed; one case makes the n-th of each thread fail.
    calls: u64,
}

#[derive(Default)]
pub(crate) struct Summary {
    /// By command and system call.
    tallies: BTreeMap<(&'static str, String), Tally>,
    /// Deviations without numbers, by command, call and error; how many, and the options that replay the first.
    wrong: BTreeMap<String, (u64, String)>,
    /// Cases without any failed call.
    idle: u64,
    pub(crate) n_wrong: u64,
}

impl Summary {
    pub(crate) fn add(&mut self, fault: &Fault, outcome: &Outcome) {
        if let Some(first) = outcome.wrong.first() {
            let what = format!(
                "{} {} {}: {}",
                fault.command.name(),
                fault.syscall,
                fault.errno,
                without_numbers(first)
            );
            let entry = self.wrong.entry(what).or_insert_with(|| (0, fault.to_string()));
            entry.0 += 1;
            self.n_wrong += 1;
        }
        if outcome.injected.is_empty() {
            self.idle += 1;
            return;
        }
        let tally = self
            .tallies
            .entry((fault.command.name(), fault.syscall.clone()))
            .or_default();
        tally.calls += outcome.injected.len() as u64;
        if outcome.wrong.is_empty() {
            tally.handled += 1;
        } else {
            tally.wrong += 1;
        }
    }
}

/// Pids, ports and times stand for each other; source lines do not.
fn without_numbers(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with("panic at") {
        return line.to_owned();
    }
    let mut plain = String::new();
    for word in line.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
        let digits = word.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        if digits.len() > 1 && digits.len() < 6 {
            plain.push('N');
            plain.push_str(&word[digits.len()..]);
        } else {
            plain.push_str(word);
        }
    }
    plain.chars().take(200).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let mut total = Tally::default();
        for ((command, syscall), tally) in &self.tallies {
            let Tally { handled, wrong, calls } = tally;
            writeln!(
                to,
                "{command:20} {syscall:12} handled {handled:5}  wrong {wrong:4}  failed calls {calls}"
            )?;
            total.handled += handled;
            total.wrong += wrong;
            total.calls += calls;
        }
        for (what, (n, replay)) in &self.wrong {
            writeln!(to, "{n} × {what}\n      {replay}")?;
        }
        let Tally { handled, wrong, calls } = total;
        writeln!(
            to,
            "{} faults in {calls} calls: handled {handled}, wrong {wrong}; without a fault {}",
            handled + wrong,
            self.idle
        )
    }
}
