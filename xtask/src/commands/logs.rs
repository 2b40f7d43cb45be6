//! `logs`: output and state changes of the services from the log files, while the stack runs or afterwards.

mod printer;

use std::sync::mpsc::channel;
use std::time::Duration;

use jiff::Timestamp;

use crate::commands::prefixes::Prefixes;
use crate::commands::{CommandResult, Context};
use crate::config::duration;
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan;
use crate::run::logs::{LogEntry, LogReader, RecordKind, last_run, time};
use crate::run::project::Project;
use crate::system::clock::wall;
use crate::system::runs::StateDir;
use crate::system::threads::{self, Stack};
use crate::system::{os, terminal};
use printer::{LogPrinter, Tails};

/// Show what the services have written, while the stack runs and after it ended
#[derive(clap::Args)]
#[command(after_help = "\
The run that is under way, else the last one, all services in the order in which they wrote.
`--` marks what became of a service. With --follow it ends when the stack is down, or with Ctrl-C.

Examples:
  devtasks logs                            everything that is kept
  devtasks logs -f backend                 one service, and what it writes from now on
  devtasks logs -n 20 --since 10m
  devtasks logs -t --since 1h backend      with the time of each line
  devtasks logs --grep ERROR --format json

Exit codes:
  0    shown, even if there was no such line
  1    nothing was ever started here
  2    wrong usage, or devtasks.toml is wrong
  130  interrupted by Ctrl-C")]
pub(crate) struct Args {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// Only the last so many lines of each service
    #[arg(long, short = 'n', value_name = "N", alias = "lines")]
    tail: Option<usize>,
    /// Only what was written since: a duration such as 10m, or a time such as 2026-11-23T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Only lines that contain this text; upper and lower case differ
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Put its time in front of each line, as the clock here shows it; JSON always has it
    #[arg(long, short = 't')]
    timestamps: bool,
}

/// Events while another thread shows the lines.
enum Happened {
    Interrupt,
    /// stdout was closed.
    Closed,
    Shown(CommandResult),
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let names: Vec<String> = project.service_names().map(str::to_owned).collect();
    let known = |name: &&String| names.contains(name);
    let unknown = args.services.iter().filter(|name| !known(name));
    let unknown: Vec<_> = unknown
        .map(|name| plan::unknown("service", name, names.iter().map(String::as_str)))
        .collect();
    if !unknown.is_empty() {
        return Err(unknown.into());
    }
    let never =
        || Diagnostic::new("there are no logs: nothing was ever started here").hint(Hint::run("start it with", "up"));
    let directory = StateDir::existing(&project.checkout).ok_or_else(never)?;
    let run = directory.live_run()?.or_else(|| last_run(&directory.logs()));
    let logs = Logs {
        run: run.ok_or_else(never)?,
        directory,
        services: args.services,
        wanted: LogFilter {
            since: args.since.map(time),
            text: args.grep.map(String::into_bytes),
        },
        tail: args.tail,
    };
    let show = LogPrinter::new(Prefixes::new(&names, context.paint()), args.timestamps, context);
    if !args.follow {
        return logs.show(show);
    }

    let (tell, happened) = channel();
    let (interrupted, closed) = (tell.clone(), tell.clone());
    os::on_signals(move |heard| match heard {
        heard if heard.is_interrupt() => drop(interrupted.send(Happened::Interrupt)),
        _ => {}
    })
    .map_err(|error| Diagnostic::new(format!("cannot listen for signals: {error}")))?;
    os::when_stdout_closes(move || drop(closed.send(Happened::Closed)));
    // Writing may block on a slow reader; it runs on a thread so that Ctrl-C still works.
    threads::start("logs", Stack::Usual, move || {
        drop(tell.send(Happened::Shown(logs.follow(show))))
    })?;
    match happened.recv() {
        Ok(Happened::Shown(ended)) => ended,
        Ok(Happened::Interrupt) => Ok(Exit::Interrupted),
        Ok(Happened::Closed) | Err(_) => Ok(Exit::Done),
    }
}

/// What to show.
struct Logs {
    directory: StateDir,
    run: String,
    /// Empty for all.
    services: Vec<String>,
    wanted: LogFilter,
    tail: Option<usize>,
}

struct LogFilter {
    since: Option<String>,
    text: Option<Vec<u8>>,
}

impl LogFilter {
    fn wants(&self, entry: &LogEntry) -> bool {
        let is_recent = self.since.as_ref().is_none_or(|since| entry.at >= *since);
        let has_text = |text: &Vec<u8>| match entry.kind {
            RecordKind::Line(_) => memchr::memmem::find(&entry.text, text).is_some(),
            RecordKind::Mark => false,
        };
        is_recent && self.text.as_ref().is_none_or(has_text)
    }
}

/// How often a file is checked for new lines.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A stopped stack may be about to start again; it is checked this often.
const MAX_RECONNECTS: usize = 40;

impl Logs {
    fn show(&self, mut show: LogPrinter) -> CommandResult {
        let is_over = self.directory.live_run()?.as_ref() != Some(&self.run);
        let mut reader = self.reader();
        self.show_stored(&mut reader, &mut show)?;
        if is_over {
            self.show_rest(&mut reader, &mut show)?;
        }
        show.flush()?;
        Ok(Exit::Done)
    }

    fn follow(mut self, mut show: LogPrinter) -> CommandResult {
        let mut reader = self.reader();
        let mut was_live = false;
        let mut looks_left = 0;
        self.show_stored(&mut reader, &mut show)?;
        while !show.is_closed() {
            // Check before reading, so that no line can be written after the last read.
            let live = self.directory.live_run()?;
            if self.services.is_empty() {
                reader.look_for_more();
            }
            while let Some((service, entry)) = reader.next() {
                self.pass_on(service, entry, &mut show)?;
            }
            match live {
                Some(run) if run == self.run => {
                    was_live = true;
                    looks_left = MAX_RECONNECTS;
                }
                Some(run) => {
                    self.show_rest(&mut reader, &mut show)?;
                    self.run = run;
                    reader = self.reader();
                    continue;
                }
                None if was_live && looks_left > 0 => looks_left -= 1,
                None => {
                    self.show_rest(&mut reader, &mut show)?;
                    show.flush()?;
                    break;
                }
            }
            show.flush()?;
            terminal::pause(POLL_INTERVAL);
        }
        Ok(Exit::Done)
    }

    fn reader(&self) -> LogReader {
        LogReader::new(&self.directory.logs(), &self.run, &self.services)
    }

    /// Shows the lines that are already stored.
    fn show_stored(&self, reader: &mut LogReader, show: &mut LogPrinter) -> Result<(), Diagnostic> {
        // Without a limit, a service that writes faster than we read would keep this from ending.
        let now = time(wall());
        let mut tails = self.tail.map(Tails::new);
        while let Some((service, entry)) = reader.next() {
            let is_last = entry.at > now;
            match &mut tails {
                Some(tails) if self.wanted.wants(&entry) => tails.push(service, entry),
                Some(_) => {}
                None => self.pass_on(service, entry, show)?,
            }
            if is_last || show.is_closed() {
                break;
            }
        }
        for (service, entry) in tails.map(Tails::merged).unwrap_or_default() {
            show.push(&service, &entry)?;
        }
        show.flush()
    }

    /// Shows the lines that were cut off when a supervisor died.
    fn show_rest(&self, reader: &mut LogReader, show: &mut LogPrinter) -> Result<(), Diagnostic> {
        while let Some((service, entry)) = reader.next_cut_off() {
            self.pass_on(service, entry, show)?;
        }
        Ok(())
    }

    fn pass_on(&self, service: &str, entry: LogEntry, show: &mut LogPrinter) -> Result<(), Diagnostic> {
        if self.wanted.wants(&entry) {
            show.push(service, &entry)?;
        }
        Ok(())
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let ago = duration::parse(text).ok();
    let at = ago.and_then(|ago| wall().checked_sub(jiff::SignedDuration::try_from(ago).ok()?).ok());
    at.ok_or_else(|| "write it like `10m` or `1h30m`, or like `2026-11-23T08:00:00Z`".to_owned())
}
