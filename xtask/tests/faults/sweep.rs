//! Which faults are tried: all of them, or some at random.

use std::collections::BTreeMap;

use crate::Options;
use crate::fault::{COMMANDS, Command, Fault, Nth, SYSCALLS};
use crate::random::Random;
use crate::worker::Counts;

/// So many cases in a row without a fault: there are no more calls. The number of calls differs a little from run to run.
const IS_OVER: u64 = 2;

/// So many calls fail one by one, later ones with growing steps.
const EACH: u64 = 120;

/// One call and one error of one command: the first call fails, the second, and so on.
pub(crate) struct Stream {
    fault: Fault,
    n_idle: u64,
}

impl Stream {
    fn new(command: Command, syscall: &str, errno: &str, nth: Nth) -> Stream {
        let fault = Fault {
            command,
            syscall: syscall.to_owned(),
            errno: errno.to_owned(),
            nth,
        };
        Stream { fault, n_idle: 0 }
    }

    /// The next one, given whether the last one had a fault.
    pub(crate) fn next(&mut self, was_injected: bool) -> Option<Fault> {
        self.n_idle = if was_injected { 0 } else { self.n_idle + 1 };
        if self.n_idle > IS_OVER {
            return None;
        }
        let fault = self.fault.clone();
        let nth = &mut self.fault.nth;
        // Where all fail from the n-th on, n and n + 1 differ little. And who looks at /proc again and again, until a process
        // has ended, makes the same calls again.
        nth.first += match nth.lasts {
            true => nth.first / 2 + 1,
            false => 1 + nth.first.saturating_sub(EACH) / 10,
        };
        Some(fault)
    }
}

fn chosen(options: &Options) -> Vec<(Command, &'static str, &'static str)> {
    let mut chosen = Vec::new();
    for (_, command) in COMMANDS {
        for (syscall, errnos) in SYSCALLS {
            for errno in *errnos {
                let is_chosen = options.command.is_none_or(|only| only == command)
                    && options.syscall.as_ref().is_none_or(|only| only == syscall)
                    && options.errno.as_ref().is_none_or(|only| only == errno);
                if is_chosen {
                    chosen.push((command, *syscall, *errno));
                }
            }
        }
    }
    chosen
}

pub(crate) fn commands(options: &Options) -> Vec<Command> {
    let mut commands: Vec<Command> = chosen(options).into_iter().map(|(command, ..)| command).collect();
    commands.dedup();
    commands
}

/// Everything, one call at a time; then lasting ones.
pub(crate) fn streams(options: &Options, counts: &BTreeMap<Command, Counts>) -> Vec<Stream> {
    let mut streams = Vec::new();
    for (command, syscall, errno) in chosen(options) {
        let n_loader = counts.get(&command).and_then(|it| it.loader.get(syscall)).copied();
        let first = n_loader.unwrap_or(0) + 1;
        for lasts in [false, true] {
            streams.push(Stream::new(command, syscall, errno, Nth { first, lasts }));
        }
    }
    streams
}

/// Down to 1, 2, 3, 4, 6, 8, 12 and so on: how often a process that ends or starts is looked at differs from run to run.
fn rounded(n: u64) -> u64 {
    let lowest_kept = n.ilog2().saturating_sub(1);
    n >> lowest_kept << lowest_kept
}

/// So many at random: the same for the same seed, as long as the commands make about as many calls.
pub(crate) fn sample(options: &Options, counts: &BTreeMap<Command, Counts>, n_cases: u64, seed: u64) -> Vec<Fault> {
    let mut chosen = chosen(options);
    let of = |counts: &Counts, syscall: &str| {
        let most = counts.most.get(syscall).copied().unwrap_or(0);
        (counts.loader.get(syscall).copied().unwrap_or(0), most)
    };
    // Those that are called at all.
    chosen.retain(|(command, syscall, _)| {
        counts.get(command).is_some_and(|counts| {
            let (loader, most) = of(counts, syscall);
            most > loader
        })
    });
    let case = |number: u64| {
        let mut random = Random::new(seed, number);
        let (command, syscall, errno) = random.pick(&chosen);
        let (loader, most) = of(&counts[&command], syscall);
        let n = random.below(usize::try_from(rounded(most - loader)).expect("there are few calls"));
        let nth = Nth {
            first: loader + 1 + n as u64,
            lasts: random.chance(15),
        };
        Stream::new(command, syscall, errno, nth).fault
    };
    if chosen.is_empty() {
        return Vec::new();
    }
    (0..n_cases).map(case).collect()
}
