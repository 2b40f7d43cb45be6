//! What strace(1) wrote: each signal that was sent, and to whom.

use std::collections::BTreeMap;

/// Every call that sends a signal, and the one that says which process a descriptor means. `prlimit64` and the like send
/// none to others.
pub(crate) const CALLS: &str =
    "trace=kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal,pidfd_open,execve";

/// What strace(1) needs to write so.
pub(crate) const OPTIONS: [&str; 7] = ["-f", "--seccomp-bpf", "--decode-fds=pidfd", "-ttt", "-q", "-e", CALLS];

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    /// Seconds since the epoch, when the call began.
    pub(crate) at: f64,
    /// `None` when it is not known whom the call means.
    pub(crate) pid: Option<u32>,
    /// Such as `SIGTERM`.
    pub(crate) signal: String,
    pub(crate) delivered: bool,
    pub(crate) line: String,
}

#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// Signals, but for signal 0, which asks only.
    pub(crate) sent: Vec<Sent>,
    /// Programs that were run.
    pub(crate) runs: usize,
    /// Pidfds that were opened.
    pub(crate) opened: usize,
    /// When the first SIGINT reached it, in seconds since the epoch.
    pub(crate) interrupted: Option<f64>,
    /// SIGINT has ended it, which was not ready to hear it yet.
    pub(crate) was_killed: bool,
    /// When the last of its threads was gone.
    pub(crate) ended: Option<f64>,
}

/// Whether a line tells of a signal that is sent, but for signal 0.
pub(crate) fn is_signal(line: &str) -> bool {
    line.contains(" pidfd_send_signal(") && line.contains(", SIG")
}

pub(crate) fn parse(text: &str) -> Trace {
    let mut trace = Trace::default();
    let mut pidfds: BTreeMap<String, u32> = BTreeMap::new();
    for line in whole(text) {
        let Some((at, call)) = line
            .split_once(' ')
            .and_then(|(_, rest)| rest.trim_start().split_once(' '))
        else {
            continue;
        };
        if call.starts_with("--- SIGINT ") {
            trace.interrupted = trace.interrupted.or(at.parse().ok());
            continue;
        }
        if call.starts_with("+++ ") {
            trace.ended = at.parse().ok();
            trace.was_killed |= call.starts_with("+++ killed by SIGINT");
            continue;
        }
        let Some((name, rest)) = call.split_once('(') else {
            continue;
        };
        let result = rest.rsplit_once("= ").map_or("?", |(_, result)| result);
        let arguments: Vec<&str> = rest.split([',', ')']).map(str::trim).collect();
        let argument = |n: usize| arguments.get(n).copied().unwrap_or_default();
        let (pid, signal) = match name {
            "execve" => {
                trace.runs += 1;
                continue;
            }
            "pidfd_open" => {
                trace.opened += 1;
                let descriptor = result.split('<').next().unwrap_or_default().to_owned();
                if let Ok(pid) = argument(0).parse() {
                    pidfds.insert(descriptor, pid);
                }
                continue;
            }
            "kill" | "tkill" | "rt_sigqueueinfo" => (argument(0).parse().ok(), argument(1)),
            "tgkill" | "rt_tgsigqueueinfo" => (argument(0).parse().ok(), argument(2)),
            "pidfd_send_signal" => (means(argument(0), &pidfds), argument(1)),
            _ => continue,
        };
        if signal != "0" {
            trace.sent.push(Sent {
                at: at.parse().unwrap_or_default(),
                pid,
                signal: signal.to_owned(),
                delivered: !result.starts_with("-1"),
                line: line.clone(),
            });
        }
    }
    trace
}

/// The calls, each in one line: where several threads run, strace writes the beginning of one, then others, then its end.
fn whole(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        if let Some(begin) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, lines.len());
            lines.push(begin.to_owned());
        } else if let Some((_, end)) = line.split_once(" resumed>") {
            if let Some(at) = begun.remove(thread) {
                lines[at].push_str(end);
            }
        } else {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// `5<pid:4242>`; the number alone when that process has ended.
fn means(descriptor: &str, pidfds: &BTreeMap<String, u32>) -> Option<u32> {
    let (number, what) = descriptor.split_once('<').unwrap_or((descriptor, ""));
    let pid = what
        .strip_prefix("pid:")
        .and_then(|rest| rest.strip_suffix('>')?.parse().ok());
    pid.or_else(|| pidfds.get(number).copied())
}
