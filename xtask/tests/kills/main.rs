//! The soak of `port kill`: random processes at random ports, random requests, and every signal that is sent is looked at.
//!
//! ```text
//! cargo test --release --features soak --test kills -- --requests 10000 --seed 42
//! cargo test --release --features soak --test kills -- --seed 42 --round 17      one round again
//! ```
//!
//! A round builds trees, one for each port, and runs `port kill` once for some of them under strace(1). A request is one
//! port that one `port kill` is asked for; some are interrupted by Ctrl-C on the way (`interrupt.rs`). Who may be signalled
//! is known from how a tree was built (`tree.rs`), and from nothing that the program says. Linux, as root: some trees belong
//! to another user, some to a process table of their own.
//!
//! Without `--seed` there is a new one each time; it is printed. Exit code 1 if a round found something, which is printed
//! with what was built.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of tests")]

mod ask;
mod census;
mod interrupt;
mod judge;
mod place;
#[path = "../soak/random.rs"]
mod random;
mod reuse;
mod round;
#[path = "../fixtures/service.rs"]
mod service;
mod summary;
mod trace;
mod tree;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use place::Place;
use random::Random;
use summary::Summary;

struct Options {
    requests: u64,
    /// Only this one.
    round: Option<u64>,
    seed: u64,
    jobs: usize,
}

fn main() -> ExitCode {
    let mut words = std::env::args();
    let name = words.next().unwrap_or_default();
    // All that is built is this program by another name.
    match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some("above") => return ask::above(words),
        Some(name) if name == "service" || place::PROTECTED.contains(&name) => return service::main(),
        _ => {}
    }
    match options(words).and_then(|options| able().map(|()| options)) {
        Ok(options) => soak(&options),
        Err(message) => {
            println!("kills: {message}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut options = Options {
        requests: 200,
        round: None,
        seed: now.as_secs(),
        jobs: 2,
    };
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64, String> {
            let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
            value.parse().map_err(|_| format!("`{value}` is no number"))
        };
        match word.as_str() {
            "--requests" => options.requests = number()?,
            "--round" => options.round = Some(number()?),
            "--seed" => options.seed = number()?,
            "--jobs" => options.jobs = usize::try_from(number()?).map_err(|error| error.to_string())?,
            _ => return Err(format!("unknown option `{word}`")),
        }
    }
    Ok(options)
}

/// What the soak cannot do without; it never goes on with less.
fn able() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("needs root: it starts processes of another user".to_owned());
    }
    for tool in ["strace", "setpriv", "unshare", "nsenter", "setsid", "timeout"] {
        if Command::new(tool).arg("--version").output().is_err() {
            return Err(format!(
                "`{tool}` is missing; every signal is traced with strace, the rest are util-linux and coreutils"
            ));
        }
    }
    Ok(())
}

/// Which rounds are left, and how many requests.
struct Left {
    next_round: u64,
    requests: u64,
    told: Instant,
}

fn soak(options: &Options) -> ExitCode {
    let seed = options.seed;
    println!("seed {seed}, {} requests", options.requests);
    let began = Instant::now();
    let left = Mutex::new(Left {
        next_round: options.round.unwrap_or(0),
        requests: options.requests,
        told: began,
    });
    let total = Mutex::new(Summary::default());
    let jobs = if options.round.is_some() {
        1
    } else {
        options.jobs.max(1)
    };
    // Ranges are asked for, so the ports of a place stand side by side.
    let places: Vec<Place> = (0..jobs).map(Place::new).collect();
    std::thread::scope(|scope| {
        for mut place in places {
            let (left, total) = (&left, &total);
            scope.spawn(move || {
                let summary = play(options, &mut place, left);
                total.lock().unwrap().add(summary);
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("\nseed {seed}, {} s\n{total}", began.elapsed().as_secs());
    ExitCode::from(u8::from(!total.failed.is_empty()))
}

/// Plays rounds until enough was requested.
fn play(options: &Options, place: &mut Place, left: &Mutex<Left>) -> Summary {
    let mut summary = Summary::default();
    loop {
        let round = {
            let mut left = left.lock().unwrap();
            if left.requests == 0 {
                return summary;
            }
            if left.told.elapsed() > Duration::from_secs(10) {
                left.told = Instant::now();
                println!("round {}, {} requests left", left.next_round, left.requests);
            }
            left.next_round += 1;
            left.next_round - 1
        };
        let before = summary.requests;
        let mut random = Random::new(options.seed, round);
        let played = if random.chance(12) {
            reuse::play(place, &mut random, &mut summary)
        } else {
            round::play(place, &mut random, &mut summary)
        };
        summary.rounds += 1;
        if let Err(wrong) = played {
            println!("\nFAILED: --seed {} --round {round}\n{wrong}", options.seed);
            summary.failed.push(round);
        }
        let requests = summary.requests - before;
        let mut left = left.lock().unwrap();
        left.requests = if options.round.is_some() {
            0
        } else {
            left.requests.saturating_sub(requests)
        };
    }
}
