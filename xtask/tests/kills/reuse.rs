//! Pids that mean another process all of a sudden: while `port kill` works, owners end and others get their pids.
//!
//! In a process table of its own, where the next pid can be chosen. strace(1) holds each pidfd_open(2) up for a while,
//! so that the swap comes before it, right then, or after it.

#![expect(
    clippy::zombie_processes,
    reason = "children of what cannot be built end with the place"
)]

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::census::{MARK, children, number_inside, stat};
use crate::it::sandbox::{Running, signal};
use crate::place::{Place, can_be_bound, until};
use crate::random::Random;
use crate::summary::{Summary, count};
use crate::trace::{OPTIONS, Trace, parse};

/// How long each pidfd_open(2) takes here.
const HELD_UP: Duration = Duration::from_millis(80);

struct Owner {
    port: u16,
    /// nsenter(1), its parent, which waits for it.
    entered: Child,
    /// Outside and inside.
    pid: u32,
    number: u32,
}

/// Who has an owner's pid now.
struct Heir {
    entered: Child,
    pid: u32,
    start: u64,
    /// The owner was gone by then, in seconds since the epoch.
    since: f64,
    has_number: bool,
    has_port: bool,
}

pub(crate) fn play(place: &mut Place, random: &mut Random, summary: &mut Summary) -> Result<(), String> {
    let ports = place.ports(6 + random.below(7), random);
    let table = Table::new(place)?;
    let mut owners = Vec::new();
    let mut heirs = Vec::new();
    let played = ports
        .iter()
        .try_for_each(|port| table.owner(*port).map(|owner| owners.push(owner)))
        .and_then(|()| swap_meanwhile(&table, random, summary, &mut owners, &mut heirs));
    let mut entered: Vec<Child> = owners.into_iter().map(|owner| owner.entered).collect();
    entered.extend(heirs.into_iter().map(|heir| heir.entered));
    entered.push(table.init);
    let cleared = place.clear(entered);
    played.and(cleared)
}

fn swap_meanwhile(
    table: &Table,
    random: &mut Random,
    summary: &mut Summary,
    owners: &mut [Owner],
    heirs: &mut Vec<Heir>,
) -> Result<(), String> {
    // Two of the same pid within a tick of 10 ms look the same; a pidfd does not confuse them.
    std::thread::park_timeout(Duration::from_millis(30));
    let running = table.kill(owners);
    // Whoever has the pid by then is the one that was looked at.
    let has_looked = until(|| running.has_ended() || running.stderr().matches(" is busy.").count() >= owners.len());
    if !has_looked {
        return Err(format!("nobody is shown: {}", running.stderr()));
    }
    let began = Instant::now();
    let mut swapped = Vec::new();
    for (nth, owner) in owners.iter_mut().enumerate() {
        summary.asked("pid used again");
        if random.chance(15) {
            continue;
        }
        let moment =
            HELD_UP * u32::try_from(nth).expect("there are few") + Duration::from_millis(random.below(200) as u64);
        std::thread::park_timeout(moment.saturating_sub(began.elapsed()));
        heirs.push(table.heir(owner, random.chance(50))?);
        swapped.push(owner.number);
    }
    let ended = running.wait();
    let trace = table.trace();
    summary.sent(&trace, ended.code);
    let wrong = wrong(&trace, owners, &swapped, heirs, ended.code, summary);
    if wrong.is_empty() {
        return Ok(());
    }
    summary.wrong(&wrong);
    Err(format!("{}\n{ended:?}", wrong.join("\n")))
}

fn wrong(
    trace: &Trace,
    owners: &[Owner],
    swapped: &[u32],
    heirs: &[Heir],
    code: Option<i32>,
    summary: &mut Summary,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for sent in &trace.sent {
        let heir = swapped
            .iter()
            .position(|number| Some(*number) == sent.pid)
            .map(|at| &heirs[at]);
        let is_owners = owners.iter().any(|owner| Some(owner.number) == sent.pid);
        if sent.delivered && (!is_owners || heir.is_some_and(|heir| sent.at > heir.since)) {
            wrong.push(format!("SIGNAL TO ANOTHER: {}", sent.line));
        }
    }
    let mut is_taken = false;
    for (heir, number) in heirs.iter().zip(swapped) {
        if stat(heir.pid).is_none_or(|now| now.start != heir.start || now.state == 'Z') {
            wrong.push(format!("HARMED: who got pid {number}"));
        }
        is_taken |= heir.has_port;
        if heir.has_number {
            let before = trace
                .sent
                .iter()
                .any(|sent| Some(*number) == sent.pid && sent.delivered);
            let moment = if before {
                "after it was signalled"
            } else {
                "before it was signalled"
            };
            count(&mut summary.reused, moment);
        }
    }
    match code {
        Some(7) if is_taken => {}
        Some(0)
            if owners
                .iter()
                .all(|owner| heirs.iter().any(|heir| heir.has_port) || can_be_bound(owner.port)) => {}
        code => wrong.push(format!("exit code {code:?}")),
    }
    wrong
}

/// A process table, with the network of everybody.
struct Table<'a> {
    place: &'a Place,
    init: Child,
    enter: Vec<String>,
}

impl<'a> Table<'a> {
    fn new(place: &'a Place) -> Result<Table<'a>, String> {
        let mut unshare = place.sandbox.other("unshare");
        unshare.args(["--pid", "--fork", "--mount-proc", "sleep", "infinity"]);
        unshare.env(MARK, place.mark(0, false));
        let init = unshare.spawn().expect("unshare can be started");
        let mut pid = None;
        // It is the first process inside once it has its own /proc, and sleeps.
        let is_there = until(|| {
            pid = children(init.id()).first().copied();
            pid.is_some_and(|pid| {
                std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
            })
        });
        let pid = pid
            .filter(|_| is_there)
            .ok_or("the soak cannot make a process table")?
            .to_string();
        let enter = ["nsenter", "--target", &pid, "--pid", "--mount", "--wd"]
            .map(str::to_owned)
            .to_vec();
        Ok(Table { place, init, enter })
    }

    fn inside(&self, words: &[&str]) -> Command {
        let mut command = self.place.sandbox.other(&self.enter[0]);
        command
            .args(&self.enter[1..])
            .args(words)
            .env(MARK, self.place.mark(0, true));
        command
    }

    fn owner(&self, port: u16) -> Result<Owner, String> {
        let service = self.place.bin("service").display().to_string();
        let mut command = self.inside(&[&service, "--listen", &format!("127.0.0.1:{port}")]);
        let entered = command.stdout(Stdio::null()).spawn().expect("nsenter can be started");
        let mut pid = 0;
        let is_there = until(|| {
            pid = children(entered.id()).first().copied().unwrap_or_default();
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let number = number_inside(pid)
            .filter(|_| is_there)
            .ok_or("the soak cannot start an owner")?;
        Ok(Owner {
            port,
            entered,
            pid,
            number,
        })
    }

    fn log(&self) -> std::path::PathBuf {
        self.place.home(false).join("reuse.log")
    }

    fn kill(&self, owners: &[Owner]) -> Running {
        let log = self.log().display().to_string();
        let program = self.place.bin("xtask").display().to_string();
        let held_up = format!("--inject=pidfd_open:delay_enter={}", HELD_UP.as_micros());
        let mut words = vec!["strace", "-o", &log, &held_up];
        words.extend(OPTIONS);
        words.extend([program.as_str(), "port", "kill", "--yes", "--grace=300ms"]);
        let mut command = self.inside(&words);
        command
            .args(owners.iter().map(|owner| owner.port.to_string()))
            .env_remove(MARK);
        Running::start(command)
    }

    fn trace(&self) -> Trace {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let _ = std::fs::remove_file(self.log());
        parse(&text)
    }

    /// Ends the owner, if it still lives, and gives its pid to another process, which takes its port too or does
    /// nothing.
    fn heir(&self, owner: &mut Owner, takes_port: bool) -> Result<Heir, String> {
        if children(owner.entered.id()).contains(&owner.pid) {
            signal(owner.pid, Signal::KILL);
        }
        owner.entered.wait().expect("it is our child");
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let listen = format!("127.0.0.1:{}", owner.port);
        let service = self.place.bin("service").display().to_string();
        let script = format!(
            "echo {} > /proc/sys/kernel/ns_last_pid; \"$@\" & wait",
            owner.number - 1
        );
        let path = self.place.root().join("heir");
        let said = File::create(&path).expect("it is our directory");
        let mut words = vec!["sh", "-c", &script, "sh", &service, "--announce", "up"];
        if takes_port {
            words.extend(["--listen", &listen]);
        }
        let entered = self
            .inside(&words)
            .stdout(said)
            .spawn()
            .expect("nsenter can be started");
        let mut pid = None;
        let is_there = until(|| {
            let shell = children(entered.id()).first().copied();
            pid = shell.and_then(|shell| children(shell).first().copied());
            std::fs::read_to_string(&path).is_ok_and(|said| said.contains("up"))
        });
        let found = pid
            .filter(|_| is_there)
            .and_then(|pid| Some((pid, stat(pid)?.start, number_inside(pid)?)));
        let Some((pid, start, number)) = found else {
            return Err(format!("the soak cannot give pid {} to another", owner.number));
        };
        Ok(Heir {
            entered,
            pid,
            start,
            since,
            has_number: number == owner.number,
            has_port: takes_port,
        })
    }
}
