//! Services that write numbered lines, and whether all of them arrived.

use std::fs;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of a line, with its end.
const LINE_BYTES: usize = 100;

/// How often a writer with a rate writes.
const TICK: Duration = Duration::from_millis(10);

/// What a line begins with, before its number.
const LINE: &str = "line ";

/// A project in a directory of its own.
pub(super) struct Stack {
    directory: PathBuf,
    services: usize,
    pace: Pace,
    lines: usize,
}

/// How a service writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// So many lines a second.
    Rate(usize),
    /// As fast as it goes, each line in a write of its own, as loggers do.
    Lines,
    /// As fast as it goes, 64 KiB at once.
    Blocks,
}

impl Pace {
    fn lines_at_once(self) -> usize {
        match self {
            Pace::Rate(rate) => rate * TICK.as_millis() as usize / 1000,
            Pace::Lines => 1,
            Pace::Blocks => 64 * 1024 / LINE_BYTES,
        }
    }
}

/// `write RATE AT_ONCE LINES`: the bench as a service. Whether these arguments ask for it.
pub(super) fn plays(arguments: &[String]) -> bool {
    let [word, numbers @ ..] = arguments else { return false };
    if word != "write" {
        return false;
    }
    let numbers: Vec<usize> = numbers.iter().map(|it| it.parse().unwrap()).collect();
    let [rate, at_once, lines] = numbers[..] else {
        return false;
    };
    let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let filler = "x".repeat(LINE_BYTES - LINE.len() - 10 - 1);
    let (began, mut written) = (Instant::now(), 0);
    while written < lines {
        for number in written..(written + at_once).min(lines) {
            writeln!(out, "{LINE}{number:09} {filler}").unwrap();
        }
        out.flush().unwrap();
        written += at_once;
        if rate > 0 {
            let due = TICK * u32::try_from(written / at_once).unwrap();
            std::thread::park_timeout(due.saturating_sub(began.elapsed()));
        }
    }
    true
}

impl Stack {
    /// Each service writes so many lines.
    pub(super) fn new(services: usize, pace: Pace, lines: usize) -> Stack {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screen");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("project")).unwrap();
        let stack = Stack {
            directory,
            services,
            pace,
            lines,
        };
        let service = |at| format!("[services.{}]\ncommand = \"{}\"\n", name(at), stack.writer());
        let file: String = (0..services).map(service).collect();
        fs::write(stack.directory.join("project/devtasks.toml"), file).unwrap();
        stack
    }

    /// The command of each service.
    pub(super) fn writer(&self) -> String {
        let program = std::env::current_exe().unwrap();
        let rate = match self.pace {
            Pace::Rate(rate) => rate,
            Pace::Lines | Pace::Blocks => 0,
        };
        let (at_once, lines) = (self.pace.lines_at_once(), self.lines);
        format!("{} write {rate} {at_once} {lines}", program.display())
    }

    /// Where the comparison stores its lines.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.join("lines")
    }

    pub(super) fn devtasks(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .current_dir(self.directory.join("project"))
            .env("XDG_STATE_HOME", self.directory.join("state"))
            .env("TERM", "xterm-256color");
        command
    }

    /// How many of the lines are not in the files, in order.
    pub(super) fn missing_lines(&self) -> usize {
        let services = (0..self.services).map(|at| {
            let mut logs = self.devtasks(&["logs", &name(at)]);
            let logs = String::from_utf8(logs.output().unwrap().stdout).unwrap();
            let numbers = logs.lines().filter_map(|line| line.split_once(LINE));
            let numbers = numbers.map(|(_, rest)| rest[..9].parse::<usize>().unwrap());
            let in_order = numbers.enumerate().filter(|(at, number)| at == number).count();
            self.lines.saturating_sub(in_order)
        });
        services.sum()
    }
}

fn name(at: usize) -> String {
    format!("service{at}")
}

/// Runs a command and reads its stdout: seconds from the first line of a service to the last one, and their number.
pub(super) fn read_all(command: &mut Command) -> (f64, usize) {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let (mut buffer, mut first, mut last, mut n_lines) = (vec![0; 256 * 1024], None, Instant::now(), 0);
    loop {
        let read = pipe.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        n_lines += memchr::memchr_iter(b'\n', &buffer[..read]).count();
        last = Instant::now();
        first.get_or_insert(last);
    }
    child.wait().unwrap();
    ((last - first.unwrap()).as_secs_f64(), n_lines)
}
