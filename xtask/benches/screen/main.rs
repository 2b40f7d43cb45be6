//! What the screen of `up` costs while services write a lot: how soon keys are answered, what the line at the bottom takes, how
//! fast lines pass into a pipe compared to `cat`, and to `tee` with a file, and whether the files have every line. Linux.
//!
//! ```text
//! cargo bench --features bench --bench screen -- [ROUNDS]
//! ```
//!
//! Exit code 1 when a limit was missed.
#![expect(clippy::print_stdout, reason = "a table is what a bench is for")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot run should say where")]

mod stack;
mod terminal;

use std::process::{Command, ExitCode};
use std::time::Duration;

use stack::{Pace, Stack};
use terminal::Terminal;

/// Lines of all services together in a second, as many as in the limits below.
const RATE: usize = 50_000;
const SERVICES: usize = 20;

/// How soon a key is answered.
const KEY_LIMIT: Duration = Duration::from_millis(50);
/// What the line at the bottom takes, of a core.
const LINE_LIMIT: f64 = 0.05;
/// How long lines that are written one by one take to pass into a pipe, compared to `cat`.
const PIPE_LIMIT: f64 = 1.2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if stack::plays(&arguments) {
        return ExitCode::SUCCESS;
    }
    let rounds = arguments.first().map_or(5, |count| count.parse().unwrap());
    let all = [
        keys(rounds),
        slow(rounds),
        pipe(rounds, Pace::Lines),
        pipe(rounds, Pace::Blocks),
    ];
    ExitCode::from(u8::from(all.contains(&false)))
}

/// Keys and the line at the bottom, with and without keys in turn.
fn keys(rounds: usize) -> bool {
    const SECONDS: usize = 6;
    let (mut answers, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
    let mut lost = 0;
    for _ in 0..rounds {
        for has_keys in [true, false] {
            let stack = Stack::new(SERVICES, Pace::Rate(RATE / SERVICES), RATE / SERVICES * SECONDS);
            let mut up = stack.devtasks(&["up"]);
            if !has_keys {
                up.arg("--no-keys");
            }
            let terminal = Terminal::start(&up, None);
            terminal.wait_for("All 20 ready", Duration::from_secs(20));
            let busy = terminal.load(Duration::from_secs(2));
            if has_keys {
                with.push(busy);
                answers.extend(press_all(&terminal));
            } else {
                without.push(busy);
            }
            terminal.wait();
            lost += stack.missing_lines();
        }
    }
    println!("{SERVICES} services, {RATE} lines/s, on a terminal; {rounds} rounds");
    let are_answered = tell_answers(answers);
    let (with, without) = (median(with), median(without));
    let line = with - without;
    println!(
        "  of a core: {:.1} % with keys, {:.1} % without: the line takes {:.1} % (limit {:.0} %)",
        with * 100.0,
        without * 100.0,
        line * 100.0,
        LINE_LIMIT * 100.0
    );
    println!("  lines missing in the files: {lost}");
    are_answered && line < LINE_LIMIT && lost == 0
}

/// The same on a terminal that takes half of what is written.
fn slow(rounds: usize) -> bool {
    const TERMINAL_RATE: usize = 3_000_000;
    let mut answers = Vec::new();
    for _ in 0..rounds {
        let stack = Stack::new(SERVICES, Pace::Rate(RATE / SERVICES), usize::MAX);
        let terminal = Terminal::start(&stack.devtasks(&["up"]), Some(TERMINAL_RATE));
        terminal.wait_for("All 20 ready", Duration::from_secs(20));
        std::thread::park_timeout(Duration::from_secs(2));
        answers.extend(press_all(&terminal));
        terminal.press("q", "nothing is left");
        terminal.wait();
    }
    println!("the same on a terminal that takes {TERMINAL_RATE} bytes/s");
    tell_answers(answers)
}

/// How long the answers of some keys take.
fn press_all(terminal: &Terminal) -> Vec<Duration> {
    let keys = [("?", "stop everything, as Ctrl-C"), ("s", "RESTARTS")].repeat(8);
    let press = |(key, answer): (&str, &str)| {
        std::thread::park_timeout(Duration::from_millis(37));
        terminal.press(key, answer)
    };
    keys.into_iter().map(press).collect()
}

/// Whether all came in time.
fn tell_answers(mut answers: Vec<Duration>) -> bool {
    answers.sort_unstable();
    let (last, at_most) = (answers.len() - 1, answers[answers.len() - 1]);
    println!(
        "  a key is answered: median {:.1?}, 95 % {:.1?}, at most {at_most:.1?} (limit {KEY_LIMIT:?}, {} keys)",
        answers[last / 2],
        answers[last * 95 / 100],
        answers.len(),
    );
    at_most <= KEY_LIMIT
}

/// As fast as the services write, into a pipe that is read, in turn with `cat` and `tee`. Of blocks there is no limit: `cat`
/// stores nothing.
fn pipe(rounds: usize, pace: Pace) -> bool {
    const WRITERS: usize = 4;
    const LINES: usize = 200_000;
    let (mut ours, mut cats, mut tees, mut lost) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let stack = Stack::new(WRITERS, pace, LINES);
        let (seconds, n_lines) = stack::read_all(&mut stack.devtasks(&["up"]));
        ours.push(seconds);
        lost += stack.missing_lines() + (WRITERS * LINES - n_lines);
        let writers = format!("{} & ", stack.writer()).repeat(WRITERS);
        for (reader, times) in [
            ("cat".to_owned(), &mut cats),
            (format!("tee {}", stack.file().display()), &mut tees),
        ] {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("({writers} wait) | {reader}")]);
            let (seconds, n_lines) = stack::read_all(&mut shell);
            assert_eq!(n_lines, WRITERS * LINES);
            times.push(seconds);
        }
    }
    let ratio = |to: &[f64]| median(ours.iter().zip(to).map(|(ours, to)| ours / to).collect());
    let (to_cat, to_tee) = (ratio(&cats), ratio(&tees));
    let (ours, cat, tee) = (median(ours), median(cats), median(tees));
    println!("{WRITERS} services, {LINES} lines each, {pace:?}, into a pipe; {rounds} rounds");
    println!("  up {ours:.3} s, cat {cat:.3} s, tee {tee:.3} s: {to_cat:.2} and {to_tee:.2} times as long");
    println!("  lines missing in the files or the pipe: {lost}");
    lost == 0 && (pace == Pace::Blocks || to_cat <= PIPE_LIMIT)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
