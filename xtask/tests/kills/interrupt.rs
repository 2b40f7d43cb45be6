//! Ctrl-C while `port kill` works: when it comes, and what may still happen then.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::census::stat;
use crate::it::sandbox::signal;
use crate::judge::{Case, shown};
use crate::place::until;
use crate::random::Random;
use crate::trace::{Sent, Trace, is_signal};

/// SIGINT to the command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interrupt {
    /// Once it has sent so many signals; with 0, once it runs.
    after: usize,
    /// And so much later.
    delay: Duration,
    /// Pressed once more, so much later.
    again: Option<Duration>,
}

impl Interrupt {
    /// `signals`: whether the command has any to send.
    pub(crate) fn new(signals: bool, random: &mut Random) -> Interrupt {
        let longest = random.pick(&[5, 50, 400]);
        let delay = |random: &mut Random| Duration::from_millis(random.below(longest) as u64);
        Interrupt {
            after: if signals && random.chance(80) {
                1 + random.below(6)
            } else {
                0
            },
            delay: delay(random),
            again: random.chance(20).then(|| delay(random)),
        }
    }

    /// Waits for its moment and sends it; nothing once the command is `over`.
    pub(crate) fn send(self, program: &Path, log: &Path, over: &AtomicBool) {
        let is_over = || over.load(Ordering::Relaxed);
        let mut command = None;
        until(|| {
            command = running(program);
            command.is_some() || is_over()
        });
        let Some(command) = command else {
            return;
        };
        let n_sent = || {
            let text = fs::read_to_string(log).unwrap_or_default();
            text.lines().filter(|line| is_signal(line)).count()
        };
        until(|| n_sent() >= self.after || is_over());
        for pause in [Some(self.delay), self.again].into_iter().flatten() {
            std::thread::park_timeout(pause);
            // Nobody else has its pid yet: strace(1) waits for it, and we for that.
            if !is_over() && running(program) == Some(command) {
                signal(command, Signal::INT);
            }
        }
    }
}

/// The process that runs this very file.
fn running(program: &Path) -> Option<u32> {
    let file = fs::metadata(program).ok()?;
    let directories = fs::read_dir("/proc").expect("/proc can be read").flatten();
    let mut pids = directories.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| {
        let its = fs::metadata(format!("/proc/{pid}/exe"));
        its.is_ok_and(|its| (its.dev(), its.ino()) == (file.dev(), file.ino()))
    })
}

/// For the command to notice it, in seconds; under strace(1) and beside other rounds.
const NOTICED: f64 = 0.4;
/// For a look-up that is under way, and what follows from it, in seconds.
const UNDER_WAY: f64 = 1.0;
/// For the command to end, in seconds: the promise is one, the rest is for strace(1) and a busy machine.
const ENDS: f64 = 5.0;

impl Case<'_> {
    /// Whether it ended because of the interrupt.
    pub(crate) fn was_broken_off(&self) -> bool {
        self.trace.interrupted.is_some() && (self.ended.code == Some(130) || self.trace.was_killed)
    }

    /// What it did after an interrupt, and should not.
    pub(crate) fn after_the_interrupt(&self) -> Vec<String> {
        let Some(at) = self.trace.interrupted else {
            return Vec::new();
        };
        let mut wrong = Vec::new();
        // Those that were signalled by then, and the one tree for which it had just decided.
        let tree_of = |sent: &Sent| self.before.iter().find(|it| Some(it.pid) == sent.pid).map(|it| it.tree);
        let (begun, late): (Vec<&Sent>, Vec<&Sent>) = self.trace.sent.iter().partition(|sent| sent.at <= at + NOTICED);
        let begun: BTreeSet<_> = begun.into_iter().map(tree_of).collect();
        let next = late.first().map(|sent| tree_of(sent));
        for sent in late {
            let tree = tree_of(sent);
            let is_under_way = Some(tree) == next && !begun.contains(&tree) && sent.at <= at + UNDER_WAY;
            if sent.signal == "SIGKILL" || !is_under_way {
                let later = sent.at - at;
                wrong.push(format!("signal {later:.2} s after the interrupt: {}", sent.line));
            }
        }
        let later = self.trace.ended.unwrap_or_default() - at;
        if later > ENDS {
            wrong.push(format!("ended {later:.2} s after the interrupt"));
        }
        wrong
    }

    /// Of a request that was broken off: whoever was not signalled is as before.
    pub(crate) fn spared(&self) -> Vec<String> {
        let signalled = |tree: usize| {
            let mut members = self.before.iter().filter(|it| it.tree == tree);
            members.any(|it| self.trace.sent.iter().any(|sent| sent.pid == Some(it.pid)))
        };
        let mut wrong = Vec::new();
        for process in self.before.iter().filter(|it| !signalled(it.tree)) {
            let now = stat(process.pid).filter(|now| now.start == process.start);
            let is_as_before = now.is_some_and(|now| now.state != 'Z' && (now.state == 'T') == (process.state == 'T'));
            if !is_as_before {
                let tree = shown(self.trees.get(process.tree));
                wrong.push(format!("HARMED, and never signalled: {process:?}\n    {tree}"));
            }
        }
        wrong
    }

    /// When it came, in words, for the summary.
    pub(crate) fn interrupted(&self) -> Option<&'static str> {
        let Trace { interrupted, sent, .. } = self.trace;
        let at = (*interrupted)?;
        if !self.was_broken_off() {
            return Some("when all was over");
        }
        let last = sent.iter().rfind(|sent| sent.at < at);
        Some(match last.map(|sent| sent.signal.as_str()) {
            None if sent.is_empty() && self.trace.opened == 0 => "before a look",
            None => "before the first signal",
            Some("SIGKILL") => "after a SIGKILL",
            Some(_) if sent.iter().any(|sent| sent.at > at) => "between two owners",
            Some(_) => "after a SIGTERM",
        })
    }
}
