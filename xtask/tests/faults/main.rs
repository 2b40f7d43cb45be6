//! Failing system calls: each command, and the supervisor and the watchdog themselves, with one call after the other that
//! fails. The exit code is one of the contract's, nothing that was said is false, and the next `down` and `up` work.
//!
//! ```text
//! cargo test --features soak --test faults                                       all, for an hour
//! cargo test --features soak --test faults -- --command down --syscall read      some of them
//! cargo test --features soak --test faults -- --sample 100 --seed 1              so many at random
//! cargo test --features soak --test faults -- --command down --syscall read --errno EIO --nth 12
//! ```
//!
//! strace(1) makes the calls fail: the n-th of each thread, or with `--nth 12+` that one and all after it. Which calls are
//! the dynamic loader's is counted first (`strace.rs`), and those are left out: the n-th call of *another* thread is not
//! tried either for such an n. What a command executes is let go, but for `up-background`, which follows everybody.
//!
//! Linux, as root, for process tables of its own (`worker.rs`). Exit code 1 if a case is wrong, which is printed with the
//! options that replay it. Ctrl-C ends it after the cases under way.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of tests")]

#[path = "../soak/bystanders.rs"]
mod bystanders;
mod case;
#[path = "../soak/census.rs"]
mod census;
mod fault;
mod place;
#[path = "../soak/random.rs"]
mod random;
#[path = "../fixtures/service.rs"]
mod service;
mod strace;
mod summary;
mod sweep;
mod worker;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use case::Outcome;
use fault::{Command, Fault, Nth};
use summary::Summary;
use sweep::Stream;
use worker::{Counts, Worker};

#[derive(Default)]
struct Options {
    command: Option<Command>,
    syscall: Option<String>,
    errno: Option<String>,
    nth: Option<Nth>,
    sample: Option<u64>,
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
    let words: Vec<String> = words.collect();
    if words == [worker::OPTION] {
        return worker::serve();
    }
    match options(words.into_iter()).and_then(|options| able().map(|()| options)) {
        Ok(options) => sweep(&options),
        Err(message) => {
            println!("faults: {message}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        seed: 1,
        jobs: 2,
        ..Options::default()
    };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("`{value}` is no number"));
        match word.as_str() {
            "--command" => options.command = Some(value.parse()?),
            "--syscall" => options.syscall = Some(value),
            "--errno" => options.errno = Some(value),
            "--nth" => options.nth = Some(value.parse()?),
            "--sample" => options.sample = Some(number()?),
            "--seed" => options.seed = number()?,
            "--jobs" => options.jobs = usize::try_from(number()?).map_err(|error| error.to_string())?,
            _ => return Err(format!("unknown option `{word}`")),
        }
    }
    match &options {
        Options {
            nth: Some(_),
            command: Some(_),
            syscall: Some(_),
            errno: Some(_),
            ..
        }
        | Options { nth: None, .. } => Ok(options),
        _ => Err("--nth needs --command, --syscall and --errno".to_owned()),
    }
}

/// Of the options that replay it.
fn fault_of(words: &str) -> Result<Fault, String> {
    let options = options(words.split(' ').map(str::to_owned))?;
    one(&options).ok_or_else(|| format!("`{words}` names no fault"))
}

fn one(options: &Options) -> Option<Fault> {
    Some(Fault {
        command: options.command?,
        syscall: options.syscall.clone()?,
        errno: options.errno.clone()?,
        nth: options.nth?,
    })
}

/// What it cannot do without; it never goes on with less.
fn able() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("needs root: it makes process tables of its own".to_owned());
    }
    for tool in ["strace", "unshare"] {
        if std::process::Command::new(tool).arg("--version").output().is_err() {
            return Err(format!("`{tool}` is missing"));
        }
    }
    Ok(())
}

/// Cases that are left, and what the others came to.
struct Board {
    left: Left,
    summary: Summary,
    told: Instant,
}

enum Left {
    Streams(Vec<Stream>),
    Cases(Vec<Fault>),
}

fn sweep(options: &Options) -> ExitCode {
    let began = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&is_over)).expect("it is a signal that can be taken");
    }
    let left = match one(options) {
        Some(fault) => Left::Cases(vec![fault]),
        None => match counts(options, &is_over) {
            Ok(counts) => match options.sample {
                Some(n) => Left::Cases(sweep::sample(options, &counts, n, options.seed)),
                None => Left::Streams(sweep::streams(options, &counts)),
            },
            Err(wrong) => {
                println!("faults: {wrong}");
                return ExitCode::from(1);
            }
        },
    };
    let board = Mutex::new(Board {
        left,
        summary: Summary::default(),
        told: began,
    });
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| work(&board, &is_over));
        }
    });
    let summary = board.into_inner().unwrap().summary;
    let was_interrupted = is_over.load(Ordering::Relaxed);
    let end = if was_interrupted { ", interrupted" } else { "" };
    println!("\n{summary}{} s{end}", began.elapsed().as_secs());
    ExitCode::from(u8::from(summary.n_wrong > 0 || was_interrupted))
}

/// How many calls each command makes when none fails.
fn counts(options: &Options, is_over: &AtomicBool) -> Result<BTreeMap<Command, Counts>, String> {
    let left = Mutex::new(sweep::commands(options));
    let counted = Mutex::new(Ok(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                let mut worker = Worker::start();
                while !is_over.load(Ordering::Relaxed) {
                    let Some(command) = left.lock().unwrap().pop() else {
                        return;
                    };
                    let counts = worker.count(command);
                    let mut counted = counted.lock().unwrap();
                    match (counts, &mut *counted) {
                        (Ok(counts), Ok(all)) => drop(all.insert(command, counts)),
                        (Err(wrong), Ok(_)) => *counted = Err(format!("{}: {wrong}", command.name())),
                        (_, Err(_)) => {}
                    }
                    if counted.is_err() {
                        return;
                    }
                }
            });
        }
    });
    counted.into_inner().unwrap()
}

fn work(board: &Mutex<Board>, is_over: &AtomicBool) {
    let mut worker = Worker::start();
    let mut stream: Option<Stream> = None;
    let mut was_injected = true;
    while !is_over.load(Ordering::Relaxed) {
        let next = stream.as_mut().and_then(|stream| stream.next(was_injected));
        let fault = match next {
            Some(fault) => fault,
            None => match &mut board.lock().unwrap().left {
                Left::Cases(cases) => match cases.pop() {
                    Some(fault) => fault,
                    None => return,
                },
                Left::Streams(streams) => {
                    stream = streams.pop();
                    was_injected = true;
                    if stream.is_none() {
                        return;
                    }
                    continue;
                }
            },
        };
        let outcome = worker.play(&fault).unwrap_or_else(|wrong| {
            worker = Worker::start();
            Outcome {
                wrong: vec![wrong],
                ..Outcome::default()
            }
        });
        was_injected = !outcome.injected.is_empty();
        let mut board = board.lock().unwrap();
        board.summary.add(&fault, &outcome);
        if !outcome.wrong.is_empty() {
            println!("\nWRONG: {fault}");
            outcome.wrong.iter().for_each(|wrong| println!("  {wrong}"));
            outcome.injected.iter().take(4).for_each(|call| println!("  {call}"));
            outcome.said.lines().take(12).for_each(|line| println!("  | {line}"));
        }
        if board.told.elapsed() > Duration::from_secs(10) {
            board.told = Instant::now();
            println!("{fault}");
        }
    }
}
