//! The soak: again and again `up`, blows at random, `down`. Nothing may be left, hang, or be touched that is none of ours.
//!
//! ```text
//! cargo test --release --features soak --test soak -- --cycles 1000 --seed 42
//! cargo test --release --features soak --test soak -- --seed 42 --cycle 17       one cycle again
//! ```
//!
//! Without `--seed` there is a new one each time; it is printed. `--jobs` cycles are played at a time. Exit code 1 if a
//! cycle failed: each is printed with its script.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of tests")]

mod bystanders;
mod census;
mod cycle;
mod random;
mod script;
#[path = "../fixtures/service.rs"]
mod service;
mod summary;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use cycle::Place;
use script::Script;
use summary::Summary;

struct Options {
    cycles: std::ops::Range<u64>,
    seed: u64,
    jobs: usize,
}

fn main() -> ExitCode {
    let mut words = std::env::args();
    let name = words.next().unwrap_or_default();
    // The stack's services are this program by another name.
    match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some("service") => return service::main(),
        Some("client") => return bystanders::client(words),
        _ => {}
    }
    match options(words) {
        Ok(options) => soak(&options),
        Err(message) => {
            println!("soak: {message}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut options = Options {
        cycles: 0..20,
        seed: now.as_secs(),
        jobs: 2,
    };
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64, String> {
            let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
            value.parse().map_err(|_| format!("`{value}` is no number"))
        };
        match word.as_str() {
            "--cycles" => options.cycles = 0..number()?,
            "--cycle" => {
                let cycle = number()?;
                options.cycles = cycle..cycle + 1;
            }
            "--seed" => options.seed = number()?,
            "--jobs" => options.jobs = usize::try_from(number()?).map_err(|error| error.to_string())?,
            _ => return Err(format!("unknown option `{word}`")),
        }
    }
    Ok(options)
}

fn soak(options: &Options) -> ExitCode {
    println!(
        "seed {}, {} cycles",
        options.seed,
        options.cycles.end - options.cycles.start
    );
    let began = Instant::now();
    let next = Mutex::new((options.cycles.clone(), began));
    let total = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                let summary = play(options.seed, &next);
                total.lock().unwrap().add(summary);
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("\nseed {}, {} s\n{total}", options.seed, began.elapsed().as_secs());
    ExitCode::from(u8::from(!total.failed.is_empty()))
}

/// Plays cycles until there are no more.
fn play(seed: u64, next: &Mutex<(std::ops::Range<u64>, Instant)>) -> Summary {
    let mut summary = Summary::default();
    let mut place = Place::new();
    loop {
        let cycle = {
            let (cycles, told) = &mut *next.lock().unwrap();
            let Some(cycle) = cycles.next() else {
                return summary;
            };
            if told.elapsed() > Duration::from_secs(10) {
                *told = Instant::now();
                println!("cycle {cycle}");
            }
            cycle
        };
        let script = Script::new(seed, cycle);
        summary.cycles += 1;
        if let Err(wrong) = place.play(&script, &mut summary) {
            println!("\nFAILED: --seed {seed} --cycle {cycle}\n{script}\n{wrong}");
            summary.failed.push(cycle);
            // What is left of this one is ended with its sandbox.
            place = Place::new();
        }
    }
}
