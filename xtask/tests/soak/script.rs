//! What happens in a cycle: a stack of random shapes and random blows to it, the same for the same seed and cycle.

use std::fmt;
use std::time::Duration;

use rustix::process::Signal;

use crate::random::Random;

pub(crate) const SERVICES: usize = 10;

/// One cycle. It can be shown, so that a failure can be read.
pub(crate) struct Script {
    services: Vec<Service>,
    /// `up --detach`.
    pub(crate) detached: bool,
    pub(crate) steps: Vec<Step>,
    /// After the supervisor alone was killed: its watchdog clears up, nobody calls `down`.
    pub(crate) watchdog_clears_up: bool,
}

pub(crate) struct Step {
    pub(crate) after: Duration,
    pub(crate) blow: Blow,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Blow {
    /// None: waits until the first `up` is ready or has ended.
    Settle,
    /// To a service's own process, which may be a wrapper.
    Leader(usize, Signal),
    /// To the `n`th of a service's processes.
    Member(usize, usize, Signal),
    Supervisor,
    Watchdog,
    SupervisorAndWatchdog,
    Interrupt,
    TwoInterrupts,
    /// SIGTERM to the supervisor, as a closed session sends it.
    EndSupervisor,
    Command(Vec<String>),
    TwoDowns,
}

struct Service {
    shape: Shape,
    restart: &'static str,
    /// The service that it depends on, and how.
    depends_on: Vec<(usize, &'static str)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Plain,
    Http,
    Wrapper,
    WaitingWrapper,
    OwnSession,
    Daemon,
    Master,
    Stubborn,
    StubbornTree,
    SlowToEnd,
    Late,
    Forking,
    Noisy,
    WithoutEnvironment,
    SuspendsItself,
    Crashes,
    Ends,
}

const LASTING: [Shape; 15] = [
    Shape::Plain,
    Shape::Http,
    Shape::Wrapper,
    Shape::WaitingWrapper,
    Shape::OwnSession,
    Shape::Daemon,
    Shape::Master,
    Shape::Stubborn,
    Shape::StubbornTree,
    Shape::SlowToEnd,
    Shape::Late,
    Shape::Forking,
    Shape::Noisy,
    Shape::WithoutEnvironment,
    Shape::SuspendsItself,
];

impl Script {
    pub(crate) fn new(seed: u64, cycle: u64) -> Script {
        let mut random = Random::new(seed, cycle);
        let mut services: Vec<Service> = (0..SERVICES).map(|n| Service::new(n, &mut random)).collect();
        if random.chance(25) {
            services[random.below(SERVICES)].shape = random.pick(&[Shape::Crashes, Shape::Ends]);
        }
        let detached = random.chance(50);
        let mut steps = Vec::new();
        if random.chance(60) {
            let after = Duration::ZERO;
            steps.push(Step {
                after,
                blow: Blow::Settle,
            });
        }
        for _ in 0..=random.below(4) {
            let after = Duration::from_millis(random.below(400) as u64);
            steps.push(Step {
                after,
                blow: Blow::new(&mut random),
            });
        }
        let brings_it_back = |step: &Step| matches!(&step.blow, Blow::Command(words) if words[0] == "up");
        let last = steps.last().map(|step| &step.blow);
        let watchdog_clears_up = last == Some(&Blow::Supervisor) && !steps.iter().any(brings_it_back);
        Script {
            services,
            detached,
            steps,
            watchdog_clears_up,
        }
    }

    /// The `devtasks.toml`; each service has two ports.
    pub(crate) fn config(&self, program: &str, ports: &[u16]) -> String {
        let config = |(n, service): (usize, &Service)| service.config(n, program, ports[2 * n], ports[2 * n + 1]);
        self.services.iter().enumerate().map(config).collect()
    }
}

/// Ten plain services, which nothing happens to.
pub(crate) fn calm(program: &str, ports: &[u16]) -> String {
    let plain = Service {
        shape: Shape::Plain,
        restart: "no",
        depends_on: Vec::new(),
    };
    (0..SERVICES)
        .map(|n| plain.config(n, program, ports[2 * n], ports[2 * n + 1]))
        .collect()
}

impl Service {
    fn new(n: usize, random: &mut Random) -> Service {
        let mut depends_on = Vec::new();
        for other in 0..n {
            if random.chance(15) {
                let how = random.pick(&["\"healthy\"", "\"healthy\"", "\"started\"", "{ restart = true }"]);
                depends_on.push((other, how));
            }
        }
        Service {
            shape: random.pick(&LASTING),
            restart: random.pick(&["no", "no", "on-failure", "always"]),
            depends_on,
        }
    }

    fn config(&self, n: usize, program: &str, port: u16, second: u16) -> String {
        let serve = format!("{program} --listen 127.0.0.1:{port}");
        let (shell, command) = match self.shape {
            Shape::Plain => (false, serve),
            Shape::Http => (false, format!("{serve} --http")),
            Shape::Wrapper => (true, format!("{serve} & wait")),
            Shape::WaitingWrapper => (true, format!("{serve}; true")),
            Shape::OwnSession => (true, format!("setsid {serve} & wait")),
            Shape::Daemon => (
                true,
                format!("(setsid {program} --listen 127.0.0.1:{second} &); exec {serve}"),
            ),
            Shape::Master => (true, format!("while :; do {serve}; sleep 0.02; done")),
            Shape::Stubborn => (false, format!("{serve} --ignore-term")),
            Shape::StubbornTree => {
                let other = format!("setsid {program} --listen 127.0.0.1:{second} --ignore-term");
                (true, format!("trap '' TERM; {other} & {serve} --ignore-term & wait"))
            }
            Shape::SlowToEnd => (false, format!("{serve} --slow-term 120")),
            Shape::Late => (false, format!("{serve} --ready-after 150")),
            Shape::Forking => (false, format!("{serve} --fork")),
            Shape::Noisy => (false, format!("{serve} --spew 2000 100")),
            Shape::WithoutEnvironment => (true, format!("env -i {serve} & wait")),
            Shape::SuspendsItself => (true, format!("{serve} & sleep 0.1; kill -STOP $!; wait")),
            Shape::Crashes => (false, format!("{serve} --exit 3 --after 300")),
            Shape::Ends => (false, format!("{program} --exit 0 --after 100")),
        };
        let grace = match self.shape {
            Shape::Stubborn | Shape::StubbornTree => "150ms",
            _ => "2s",
        };
        let port = match self.shape {
            Shape::Ends => String::new(),
            _ => format!("port = {port}\n"),
        };
        let health = match self.shape {
            Shape::Ends => String::new(),
            Shape::Http => "healthcheck = { http = \"/\", interval = \"200ms\", start_period = \"10s\" }\n".to_owned(),
            _ => "healthcheck = { start_period = \"10s\" }\n".to_owned(),
        };
        let needs: Vec<String> = self
            .depends_on
            .iter()
            .map(|(other, how)| format!("s{other} = {how}"))
            .collect();
        format!(
            "[services.s{n}] # {:?}\ncommand = \"{command}\"\nshell = {shell}\n{port}{health}restart = \"{}\"\n\
             stop_grace_period = \"{grace}\"\ndepends_on = {{ {} }}\n",
            self.shape,
            self.restart,
            needs.join(", "),
        )
    }
}

impl Blow {
    fn new(random: &mut Random) -> Blow {
        let service = random.below(SERVICES);
        let signal = random.pick(&[Signal::KILL, Signal::KILL, Signal::TERM, Signal::STOP]);
        let command = |words: &[&str]| Blow::Command(words.iter().map(|word| (*word).to_owned()).collect());
        match random.below(100) {
            0..15 => Blow::Leader(service, signal),
            15..35 => Blow::Member(service, random.below(4), signal),
            35..48 => Blow::Supervisor,
            48..56 => Blow::Watchdog,
            56..62 => Blow::SupervisorAndWatchdog,
            62..67 => Blow::Interrupt,
            67..72 => Blow::TwoInterrupts,
            72..75 => Blow::EndSupervisor,
            75..79 => command(&["restart"]),
            79..84 => command(&["restart", &format!("s{service}")]),
            84..87 => command(&["up"]),
            87..90 => command(&["up", "--detach"]),
            90..92 => command(&["down", &format!("s{service}")]),
            92..94 => command(&["down"]),
            94..96 => command(&["status"]),
            96..98 => command(&["why", &format!("s{service}")]),
            _ => Blow::TwoDowns,
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let up = if self.detached { "up --detach" } else { "up" };
        for (
            n,
            Service {
                shape,
                restart,
                depends_on,
            },
        ) in self.services.iter().enumerate()
        {
            writeln!(to, "  s{n}: {shape:?}, restart {restart}, depends on {depends_on:?}")?;
        }
        writeln!(to, "  {up}")?;
        for Step { after, blow } in &self.steps {
            writeln!(to, "  after {} ms: {blow:?}", after.as_millis())?;
        }
        writeln!(to, "  {}", if self.watchdog_clears_up { "wait" } else { "down" })
    }
}
