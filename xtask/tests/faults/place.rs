//! Where faults are tried: a project of two services, those who must not be touched, and what is true of them.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::bystanders::Bystanders;
use crate::census::{Process, census, process, strike, supervisor, watchdog};
use crate::it::sandbox::{Ended, Sandbox, is_free, port, signal};

/// Whoever takes longer hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// How long processes may need to appear or vanish after the command that saw to it.
pub(crate) const SETTLES: Duration = Duration::from_secs(5);

/// What is told of a wrong thing, one each.
pub(crate) type Wrong = Vec<String>;

pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    /// The service's, and the one that `port kill` is asked for.
    service: u16,
    pub(crate) strangers: u16,
    bystanders: Bystanders,
    /// As far as the last command without a fault said.
    pub(crate) is_up: bool,
}

impl Place {
    pub(crate) fn new() -> Place {
        let sandbox = Sandbox::new("");
        let own = std::env::current_exe().expect("a test is a file");
        for name in ["service", "client"] {
            symlink(&own, sandbox.project().join(name)).expect("a link can be made");
        }
        let (service, strangers) = (port(), port());
        let program = sandbox.project().join("service").display().to_string();
        // Short times: what a fault keeps from getting ready is to fail well before it counts as hanging.
        sandbox.write(
            "devtasks.toml",
            &format!(
                "[services.listener]\ncommand = \"{program} --listen 127.0.0.1:{service}\"\nport = {service}\n\
                 healthcheck = {{ tcp = true, interval = \"100ms\", timeout = \"1s\", start_period = \"3s\" }}\n\
                 stop_grace_period = \"2s\"\n\
                 [services.wrapper]\ncommand = [\"sh\", \"-c\", \"sleep 4321 & exec sleep 4322\"]\n\
                 stop_grace_period = \"2s\"\n"
            ),
        );
        let bystanders = Bystanders::start(&sandbox, &[]);
        Place {
            sandbox,
            service,
            strangers,
            bystanders,
            is_up: false,
        }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.sandbox.home().join("strace.log")
    }

    /// Everybody of the stack, or for it.
    pub(crate) fn census(&self) -> Vec<Process> {
        census(&self.sandbox, &self.bystanders.pids())
    }

    /// Brings the stack into this state without any fault.
    pub(crate) fn ensure(&mut self, is_up: bool) -> Result<(), String> {
        match (self.is_up, is_up) {
            (false, true) => self.up(),
            (true, false) => self.down(),
            _ => Ok(()),
        }
    }

    pub(crate) fn up(&mut self) -> Result<(), String> {
        self.succeed(&["up", "--detach"])?;
        self.is_up = true;
        let wrong = self.not_whole();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("the next `up` ended with 0, but {}", wrong.join("; ")))
        }
    }

    pub(crate) fn down(&mut self) -> Result<(), String> {
        self.is_up = false;
        self.succeed(&["down"])?;
        if !until(SETTLES, || self.census().is_empty()) {
            return Err(format!("the next `down` ended with 0, but {}", told(&self.census())));
        }
        is_free(self.service)
            .then_some(())
            .ok_or_else(|| "the next `down` ended with 0, but the port is busy".to_owned())
    }

    fn succeed(&self, words: &[&str]) -> Result<(), String> {
        let what = words[0];
        let running = self.sandbox.start(words);
        if !until(LIMIT, || running.has_ended()) {
            return Err(format!("the next `{what}` hangs"));
        }
        match running.wait() {
            Ended { code: Some(0), .. } => Ok(()),
            Ended {
                code, stdout, stderr, ..
            } => Err(format!("the next `{what}` ended with {code:?}: {stdout}{stderr}")),
        }
    }

    /// Kills the supervisor and its watchdog, as running out of memory does.
    pub(crate) fn crash(&self) -> Result<(), String> {
        let all = self.census();
        let (Some(supervisor), Some(watchdog)) = (supervisor(&all), watchdog(&all)) else {
            return Err(format!("the test finds nobody to kill: {}", told(&all)));
        };
        // Suspended it starts no other watchdog.
        strike(supervisor, Signal::STOP);
        let is_suspended = || process(supervisor.pid).is_some_and(|now| now.state == 'T');
        let ends = |it: &Process| {
            strike(it, Signal::KILL);
            until(SETTLES, || !lives(it))
        };
        (until(SETTLES, is_suspended) && ends(watchdog) && ends(supervisor))
            .then_some(())
            .ok_or_else(|| "the test cannot kill the supervisor".to_owned())
    }

    /// Each service has exactly its processes.
    pub(crate) fn is_whole(&self) -> bool {
        let all = self.census();
        let count = |name: &str| {
            let of = |process: &&Process| process.service.as_deref() == Some(name) && process.state != 'T';
            all.iter().filter(of).count()
        };
        count("listener") == 1 && count("wrapper") == 2
    }

    /// What there is to say against "every service is ready, once".
    pub(crate) fn not_whole(&self) -> Wrong {
        let mut wrong = Wrong::new();
        // Ready means started for the wrapper, and its child comes after that.
        if !until(SETTLES, || self.is_whole()) {
            let all = self.census();
            let of_services = all.iter().filter(|process| process.service.is_some());
            let of_services: Vec<Process> = of_services.cloned().collect();
            wrong.push(format!("not exactly one of each service runs: {}", told(&of_services)));
        }
        if TcpStream::connect(("127.0.0.1", self.service)).is_err() {
            wrong.push("its port does not answer".to_owned());
        }
        wrong
    }

    /// What there is to say against "nothing is left".
    pub(crate) fn left(&self) -> Wrong {
        let mut left = self.census();
        left.retain(|process| process.service.is_some());
        let mut wrong = Wrong::new();
        if !left.is_empty() {
            wrong.push(told(&left));
        }
        if !is_free(self.service) {
            wrong.push("its port is busy".to_owned());
        }
        wrong
    }

    pub(crate) fn harmed(&self) -> Wrong {
        self.bystanders.harmed()
    }

    /// Panics and the like that a background supervisor or a watchdog noted.
    pub(crate) fn last_words(&self) -> Wrong {
        let directory = self.sandbox.home().join(".local/state/devtasks");
        let runs = fs::read_dir(directory).into_iter().flatten().flatten();
        let noted = runs.map(|run| fs::read_to_string(run.path().join("supervisor.log")).unwrap_or_default());
        noted.filter_map(|text| panic(&text)).collect()
    }

    /// Ends the traced and the tracers, so that what follows has no faults.
    pub(crate) fn untrace(&self) {
        let tracers = || {
            let mut all = self.census();
            all.retain(|process| process.command.first().is_some_and(|word| word == "strace"));
            all
        };
        tracers().iter().for_each(|tracer| signal(tracer.pid, Signal::TERM));
        if !until(SETTLES, || tracers().is_empty()) {
            tracers().iter().for_each(|tracer| signal(tracer.pid, Signal::KILL));
            until(SETTLES, || tracers().is_empty());
        }
    }

    pub(crate) fn strace(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.other("strace");
        command.args(["-qq", "-f", "-o"]).arg(self.log()).args(arguments);
        command
    }
}

/// Where a program panicked, or that it ran out of memory.
pub(crate) fn panic(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let found = lines.find(|line| {
        // The fixture may.
        let is_panic = line.contains("panicked at ") && !line.contains("fixtures/service.rs");
        is_panic || line.contains("memory allocation of")
    })?;
    let found = found.split_once("panicked at ").map_or(found, |(_, place)| place);
    let mut found = found.to_owned();
    // In what another program tells of it, it may be one line.
    if !found.contains("\\n") {
        found = format!("{found} {}", lines.next().unwrap_or_default());
    }
    let found: Vec<&str> = found.split("\\n").take(2).collect();
    Some(format!("panic at {}", found.join(" ")))
}

pub(crate) fn told(all: &[Process]) -> String {
    let told = all.iter().map(|process| {
        let service = process.service.as_deref().unwrap_or("-");
        let command = process.command.join(" ");
        let command = command.rsplit_once('/').map_or(&*command, |(_, name)| name);
        format!("{service}: {command} (pid {})", process.pid)
    });
    format!("there is {}", told.collect::<Vec<_>>().join(", "))
}

pub(crate) fn lives(it: &Process) -> bool {
    process(it.pid).is_some_and(|now| now.start == it.start && now.state != 'Z')
}

/// Waits until it holds; `false` if it does not in time.
pub(crate) fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    true
}
