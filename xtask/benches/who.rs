//! How long `port who` takes as a whole process, beside the tools that answer the same question: on an idle machine and
//! among a thousand processes, for one port and for twenty. Linux.
//!
//! ```text
//! cargo install killport --root target/peers --locked
//! PATH=$PWD/target/peers/bin:$PATH cargo bench --features bench --bench who -- [PROCESSES] [ROUNDS] [--without TOOL]…
//! ```
//!
//! All are run in turn, round after round. Exit code 1 when ours was not the fastest, or for twenty ports not five
//! times as fast as a tool that has to be called for each. A tool that is missing is an error unless it is left out by
//! name.
#![expect(clippy::print_stdout, reason = "a table is what a bench is for")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot run should say where")]

#[path = "crowd/crowd.rs"]
mod crowd;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crowd::Crowd;

const PORTS: usize = 20;
/// What calls for each port are to take at least, compared to one of ours.
const EACH_LIMIT: f64 = 5.0;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if crowd::plays(arguments.first().map(String::as_str)) {
        return ExitCode::SUCCESS;
    }
    let mut without = Vec::new();
    while let Some(at) = arguments.iter().position(|word| word == "--without") {
        without.extend(arguments.drain(at..at + 2).nth(1));
    }
    let number = |at: usize, default| {
        arguments
            .get(at)
            .map_or(default, |count: &String| count.parse().unwrap())
    };
    let (n_processes, rounds) = (number(0, 1000), number(1, 15));
    let mut missing = false;
    for tool in TOOLS
        .iter()
        .filter(|tool| !without.iter().any(|left_out| left_out == *tool))
    {
        if Command::new(tool).arg("-V").output().is_err() {
            println!("`{tool}` is missing: install it, or leave it out with `--without {tool}`");
            missing = true;
        }
    }
    if missing {
        return ExitCode::from(2);
    }

    let (servers, ports) = Crowd::servers(PORTS);
    let servers = Servers {
        pids: servers.pids().collect(),
        ports,
        _crowd: servers,
    };
    let mut is_fast = measure("idle", &servers, &without, rounds);
    let load = Crowd::load(n_processes);
    is_fast &= measure(&format!("{n_processes} processes"), &servers, &without, rounds);
    drop(load);
    ExitCode::from(u8::from(!is_fast))
}

struct Servers {
    _crowd: Crowd,
    pids: Vec<u32>,
    ports: Vec<u16>,
}

const TOOLS: [&str; 4] = ["lsof", "ss", "fuser", "killport"];

/// A command line that names owners, or one for each port.
struct Way {
    name: &'static str,
    lines: Vec<Vec<String>>,
    times: Vec<Duration>,
}

impl Way {
    fn once(name: &'static str, line: Vec<String>) -> Way {
        Way {
            name,
            lines: vec![line],
            times: Vec::new(),
        }
    }

    fn each(name: &'static str, ports: &[u16], line: impl Fn(u16) -> Vec<String>) -> Way {
        let lines = ports.iter().map(|port| line(*port)).collect();
        Way {
            name,
            lines,
            times: Vec::new(),
        }
    }

    fn run(&mut self) {
        let start = Instant::now();
        for line in &self.lines {
            output(line);
        }
        self.times.push(start.elapsed());
    }
}

/// Both of its streams: fuser(1) writes to either.
fn output(line: &[String]) -> String {
    let mut command = Command::new(&line[0]);
    // Nobody's stacks but those of a fresh home.
    // In a directory without a project, as the others know of none.
    command
        .args(&line[1..])
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .current_dir("/");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{line:?}: {output:?}");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// For so many ports, each tool as it is called for them.
fn ways(ports: &[u16], without: &[String]) -> Vec<Way> {
    let mut ours = words(concat!(env!("CARGO_BIN_EXE_xtask"), " port who"));
    ours.extend(ports.iter().map(ToString::to_string));
    let mut ways = vec![
        Way::once("port who", ours),
        Way::once("ss -ltnp", words("ss -ltnp")),
        Way::each("lsof -nP -iTCP:P -sTCP:LISTEN", ports, |port| {
            words(&format!("lsof -nP -iTCP:{port} -sTCP:LISTEN"))
        }),
        Way::each("fuser P/tcp", ports, |port| words(&format!("fuser {port}/tcp"))),
        Way::each("killport --dry-run P", ports, |port| {
            words(&format!("killport --dry-run {port}"))
        }),
    ];
    if ports.len() > 1 {
        ways.insert(
            2,
            Way::once("lsof -nP -iTCP -sTCP:LISTEN", words("lsof -nP -iTCP -sTCP:LISTEN")),
        );
    }
    ways.retain(|way| !without.contains(&way.lines[0][0]));
    ways
}

/// Whether ours was as fast as it has to be.
fn measure(machine: &str, servers: &Servers, without: &[String], rounds: usize) -> bool {
    let mut is_fast = true;
    for n_ports in [1, PORTS] {
        let mut ways = ways(&servers.ports[..n_ports], without);
        for way in &mut ways {
            // Whoever does not name the owners answers another question.
            let said: String = way.lines.iter().map(|line| output(line)).collect();
            let asked = servers.ports.iter().zip(&servers.pids).take(n_ports);
            for (port, pid) in asked {
                let names = said.contains(&pid.to_string()) || said.contains(&format!("port {port}"));
                assert!(names, "{} does not name pid {pid}: {said}", way.name);
            }
        }
        for _ in 0..rounds {
            ways.iter_mut().for_each(Way::run);
        }
        println!(
            "\n{machine}, {n_ports} of {PORTS} ports, {rounds} rounds; milliseconds, and times as long as ours in the same round"
        );
        println!(
            "{:<40} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8}",
            "", "least", "median", "most", "least", "median", "most"
        );
        let ours = ways[0].times.clone();
        for way in &ways {
            let ratios = way
                .times
                .iter()
                .zip(&ours)
                .map(|(theirs, ours)| theirs.as_secs_f64() / ours.as_secs_f64());
            let [least, median, most] = spread(way.times.iter().map(|time| time.as_secs_f64() * 1e3).collect());
            let [least_ratio, ratio, most_ratio] = spread(ratios.collect());
            let name = match way.lines.len() {
                1 => way.name.to_owned(),
                count => format!("{count} × {}", way.name),
            };
            let limit = if way.lines.len() > 1 { EACH_LIMIT } else { 1.0 };
            let misses = way.name != ways[0].name && ratio < limit;
            is_fast &= !misses;
            let mark = if misses { "  MISSED" } else { "" };
            println!(
                "{name:<40} {least:>9.2} {median:>9.2} {most:>9.2} {least_ratio:>8.2} {ratio:>8.2} {most_ratio:>8.2}{mark}"
            );
        }
    }
    is_fast
}

fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}
