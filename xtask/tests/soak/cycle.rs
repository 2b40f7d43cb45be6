//! One cycle: plays a script, brings the stack down, and looks whether anything is left, hangs or was touched.

use std::fmt::Write;
use std::os::unix::fs::symlink;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::bystanders::Bystanders;
use crate::census::{Process, census, strike, supervisor, watchdog};
use crate::it::sandbox::{Running, Sandbox, is_free, port};
use crate::script::{Blow, SERVICES, Script, calm};
use crate::summary::Summary;

/// Whoever takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a process may need to vanish after the command that ended it.
const VANISHES: Duration = Duration::from_secs(10);

/// Held by whoever starts a program or tries a port: a child that is just being started holds for a moment what the other
/// jobs have open, and a port that is being tried would seem busy.
static STARTING: Mutex<()> = Mutex::new(());

/// Where cycles are played, one after another.
pub(crate) struct Place {
    sandbox: Sandbox,
    ports: Vec<u16>,
    bystanders: Bystanders,
}

impl Place {
    pub(crate) fn new() -> Place {
        let sandbox = Sandbox::new("");
        let own = std::env::current_exe().expect("a test is a file");
        for name in ["service", "client"] {
            symlink(&own, sandbox.project().join(name)).expect("a link can be made");
        }
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let ports: Vec<u16> = (0..2 * SERVICES).map(|_| port()).collect();
        let bystanders = Bystanders::start(&sandbox, &ports);
        Place {
            sandbox,
            ports,
            bystanders,
        }
    }

    /// What went wrong, in words.
    pub(crate) fn play(&self, script: &Script, summary: &mut Summary) -> Result<(), String> {
        let mut cycle = Cycle {
            place: self,
            commands: Vec::new(),
            summary,
            struck_supervisor: false,
        };
        cycle.play(script).map_err(|wrong| cycle.account(&wrong))
    }

    fn program(&self) -> String {
        self.sandbox.project().join("service").display().to_string()
    }

    fn census(&self) -> Vec<Process> {
        census(&self.sandbox, &self.bystanders.pids())
    }
}

struct Cycle<'a> {
    place: &'a Place,
    commands: Vec<Command>,
    summary: &'a mut Summary,
    /// A supervisor was there to be killed.
    struck_supervisor: bool,
}

struct Command {
    words: String,
    began: Instant,
    running: Option<Running>,
    /// Its exit code, where no signal ended it, and what it said.
    ended: Option<(Option<i32>, String)>,
}

type Checked = Result<(), String>;

impl Cycle<'_> {
    fn play(&mut self, script: &Script) -> Checked {
        self.place.sandbox.write(
            "devtasks.toml",
            &script.config(&self.place.program(), &self.place.ports),
        );
        let up = if script.detached {
            &["up", "--detach"][..]
        } else {
            &["up"]
        };
        self.start(&[up, &["--timeout", "20s"]].concat());
        for step in &script.steps {
            pause(step.after);
            self.strike(&step.blow);
        }
        if script.watchdog_clears_up && self.struck_supervisor {
            self.summary.waits += 1;
        } else {
            self.down()?;
        }
        self.all_commands_end()?;
        self.nothing_is_left()?;
        self.commands_ended_well()?;
        self.calm()
    }

    fn start(&mut self, words: &[&str]) {
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.place.sandbox.start(words);
        drop(starting);
        let words = words.join(" ");
        self.commands.push(Command {
            words,
            began: Instant::now(),
            running: Some(running),
            ended: None,
        });
    }

    fn strike(&mut self, blow: &Blow) {
        let all = self.place.census();
        let of = |n: &usize| {
            let name = format!("s{n}");
            let members = all
                .iter()
                .filter(move |process| process.service.as_deref() == Some(&name));
            members.cloned().collect::<Vec<_>>()
        };
        let (what, targets): (&'static str, Vec<(Process, Signal)>) = match blow {
            Blow::Settle => return self.settle(),
            Blow::Leader(n, with) => {
                let leader = of(n).into_iter().find(|process| process.group == process.pid);
                ("service or wrapper", leader.map(|it| (it, *with)).into_iter().collect())
            }
            Blow::Member(n, nth, with) => {
                let members = of(n);
                let member = members.get(nth % members.len().max(1)).cloned();
                (
                    "process of a service",
                    member.map(|it| (it, *with)).into_iter().collect(),
                )
            }
            Blow::Supervisor => {
                let target = supervisor(&all).cloned();
                self.struck_supervisor = target.is_some() && watchdog(&all).is_some();
                ("supervisor", target.map(|it| (it, Signal::KILL)).into_iter().collect())
            }
            Blow::Watchdog => {
                let target = watchdog(&all).cloned();
                ("watchdog", target.map(|it| (it, Signal::KILL)).into_iter().collect())
            }
            Blow::SupervisorAndWatchdog => {
                let both = [watchdog(&all), supervisor(&all)].into_iter().flatten();
                (
                    "supervisor and watchdog",
                    both.map(|it| (it.clone(), Signal::KILL)).collect(),
                )
            }
            Blow::Interrupt => (
                "Ctrl-C",
                supervisor(&all)
                    .map(|it| (it.clone(), Signal::INT))
                    .into_iter()
                    .collect(),
            ),
            Blow::TwoInterrupts => {
                let target = supervisor(&all).map(|it| (it.clone(), Signal::INT));
                // Two that come at once are one to the system.
                if let Some((it, with)) = &target {
                    strike(it, *with);
                    pause(Duration::from_millis(5));
                }
                ("double Ctrl-C", target.into_iter().collect())
            }
            Blow::EndSupervisor => {
                let target = supervisor(&all).map(|it| (it.clone(), Signal::TERM));
                ("SIGTERM to the supervisor", target.into_iter().collect())
            }
            Blow::Command(words) => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.summary.count(words[0]);
                return self.start(&words);
            }
            Blow::TwoDowns => {
                self.summary.count("two `down`s at once");
                self.start(&["down"]);
                return self.start(&["down"]);
            }
        };
        for (target, with) in &targets {
            strike(target, *with);
        }
        if !targets.is_empty() {
            self.summary.count(what);
        }
    }

    /// Waits until the first `up` is ready, or has given up.
    fn settle(&mut self) {
        let up = &self.commands[0];
        let running = up.running.as_ref().expect("nothing was waited for yet");
        until(LIMIT, || running.has_ended() || running.stderr().contains("eady in "));
    }

    fn down(&mut self) -> Checked {
        for _ in 0..4 {
            let began = Instant::now();
            self.start(&["down"]);
            let last = self.commands.len() - 1;
            self.end(last)?;
            self.summary.downs.push(began.elapsed());
            let (code, said) = self.commands[last].ended.as_ref().expect("it has just ended");
            match code {
                Some(0) => return Ok(()),
                // An `up` that clears up what a crash left may take its time.
                Some(1) if said.contains("holds the lock and is not responding") => self.summary.refused += 1,
                code => return Err(format!("`down` ended with {code:?}: {said}")),
            }
        }
        Err("`down` is refused again and again".to_owned())
    }

    /// Waits for all that was started; an `up` that came after the last `down` is told as well.
    fn all_commands_end(&mut self) -> Checked {
        for _ in 0..3 {
            let all_have_ended = || {
                self.commands
                    .iter()
                    .filter_map(|it| it.running.as_ref())
                    .all(Running::has_ended)
            };
            if until(Duration::from_secs(5), all_have_ended) {
                break;
            }
            let live = self
                .commands
                .iter()
                .filter(|it| it.running.as_ref().is_some_and(|it| !it.has_ended()));
            let an_up = live.into_iter().any(|it| it.words.starts_with("up"));
            if !an_up {
                break;
            }
            self.summary.more_downs += 1;
            self.down()?;
        }
        (0..self.commands.len()).try_for_each(|n| self.end(n))?;
        // One that detached after the last `down` is found by nobody else.
        if self
            .place
            .census()
            .iter()
            .any(|process| process.command.get(1).is_some_and(|it| it == "supervise"))
        {
            let gone = || self.place.census().is_empty();
            if !until(Duration::from_secs(1), gone) {
                self.summary.more_downs += 1;
                self.down()?;
            }
        }
        Ok(())
    }

    fn end(&mut self, n: usize) -> Checked {
        let command = &mut self.commands[n];
        let Some(running) = command.running.take() else {
            return Ok(());
        };
        let left = LIMIT.saturating_sub(command.began.elapsed()).max(VANISHES);
        if !until(left, || running.has_ended()) {
            let said = format!("{}\n{}", running.stdout(), running.stderr());
            self.summary.hangs += 1;
            return Err(format!("`{}` hangs; it said\n{said}", command.words));
        }
        let ended = running.wait();
        command.ended = Some((ended.code, format!("{}\n{}", ended.stdout, ended.stderr)));
        Ok(())
    }

    fn nothing_is_left(&mut self) -> Checked {
        if !until(VANISHES, || self.place.census().is_empty()) {
            self.summary.leaks += 1;
            return Err(format!("processes are left: {:#?}", self.place.census()));
        }
        let trying = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let busy: Vec<u16> = self
            .place
            .ports
            .iter()
            .copied()
            .filter(|port| !is_free(*port))
            .collect();
        drop(trying);
        if !busy.is_empty() {
            self.summary.busy += 1;
            return Err(format!("ports {busy:?} are busy"));
        }
        let harmed = self.place.bystanders.harmed();
        if !harmed.is_empty() {
            self.summary.harmed += 1;
            return Err(harmed.join("\n"));
        }
        Ok(())
    }

    fn commands_ended_well(&mut self) -> Checked {
        for command in &self.commands {
            let (code, said) = command.ended.as_ref().expect("all have ended");
            self.summary
                .codes
                .entry((command.verb(), *code))
                .and_modify(|n| *n += 1)
                .or_insert(1);
            // 2, 3, 5 to 7: the file is right, the ports and commands are there, and nothing survives.
            if said.contains("panicked at") || !matches!(code, None | Some(0 | 1 | 4 | 130)) {
                return Err(format!("`{}` ended with {code:?}: {said}", command.words));
            }
        }
        Ok(())
    }

    /// The next `up` works as if nothing had happened.
    fn calm(&mut self) -> Checked {
        let config = calm(&self.place.program(), &self.place.ports);
        self.place.sandbox.write("devtasks.toml", &config);
        for (words, times) in [(&["up", "--detach"][..], 0), (&["status"], 1), (&["down"], 2)] {
            let began = Instant::now();
            self.start(words);
            let last = self.commands.len() - 1;
            self.end(last)?;
            self.summary.calm[times].push(began.elapsed());
            let (code, said) = self.commands[last].ended.as_ref().expect("it has just ended");
            if *code != Some(0) || said.contains("panicked at") {
                return Err(format!("the next `{}` ended with {code:?}: {said}", words.join(" ")));
            }
        }
        self.nothing_is_left()
    }

    /// What went wrong, with all that may explain it.
    fn account(&self, wrong: &str) -> String {
        let mut text = format!("{wrong}\n");
        for Command {
            words, running, ended, ..
        } in &self.commands
        {
            let said = match (running, ended) {
                (Some(running), _) => format!("still runs\n{}\n{}", running.stdout(), running.stderr()),
                (None, Some((code, said))) => format!("{code:?}\n{said}"),
                (None, None) => "hangs".to_owned(),
            };
            let lines: Vec<&str> = said.lines().filter(|line| !line.contains("abcdefghij")).collect();
            let _ = writeln!(text, "--- {words}: {}", lines.join("\n"));
        }
        let _ = writeln!(text, "--- processes: {:#?}", self.place.census());
        text
    }
}

impl Command {
    fn verb(&self) -> String {
        self.words.split(' ').next().unwrap_or_default().to_owned()
    }
}

fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        thread::park_timeout(left);
    }
}

/// Waits until it holds; `false` if it does not in time.
fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    true
}
