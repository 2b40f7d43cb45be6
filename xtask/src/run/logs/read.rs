//! Reads stored logs: the lines of several services in their original order, while more are written or later.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::file;
use super::record_format::{LogEntry, entry};

/// The latest run with a stored log.
pub(crate) fn last_run(directory: &Path) -> Option<String> {
    let runs = file::all(directory)
        .into_iter()
        .filter_map(|(service, number)| file::run(directory, &service, number));
    runs.max().map(|(_, run)| run)
}

/// Reads the services of a run, merged.
pub(crate) struct LogReader {
    directory: PathBuf,
    run: String,
    services: Vec<Service>,
}

struct Service {
    name: String,
    tape: Option<LogSegment>,
    /// Read, but not returned yet.
    next: Option<LogEntry>,
}

/// The file being read.
struct LogSegment {
    number: u64,
    file: File,
    held: Vec<u8>,
    /// The number of bytes of `held` that were returned.
    used: usize,
}

/// The number of bytes read at once.
const READ_BYTES: usize = 64 * 1024;

impl LogReader {
    /// Reads the stored lines of `run`, oldest first; of these services or, if empty, of all with a log.
    pub(crate) fn new(directory: &Path, run: &str, services: &[String]) -> LogReader {
        let mut names = services.to_vec();
        if names.is_empty() {
            names = services_of(directory, run, &[]);
        }
        let services = names.into_iter().map(|name| Service {
            name,
            tape: None,
            next: None,
        });
        LogReader {
            directory: directory.to_owned(),
            run: run.to_owned(),
            services: services.collect(),
        }
    }

    /// Adds services that have joined the run since.
    pub(crate) fn look_for_more(&mut self) {
        let known: Vec<_> = self.services.iter().map(|service| service.name.as_str()).collect();
        for name in services_of(&self.directory, &self.run, &known) {
            self.services.push(Service {
                name,
                tape: None,
                next: None,
            });
        }
    }

    /// The next line and its service; `None` if there is none yet.
    pub(crate) fn next(&mut self) -> Option<(&str, LogEntry)> {
        for service in &mut self.services {
            if service.next.is_none() {
                service.next = service.read(&self.directory, &self.run);
            }
        }
        self.first()
    }

    /// After the run has ended: the next incomplete last line.
    pub(crate) fn next_cut_off(&mut self) -> Option<(&str, LogEntry)> {
        for service in &mut self.services {
            if let (None, Some(tape)) = (&service.next, &mut service.tape) {
                service.next = tape.rest();
            }
        }
        self.first()
    }

    fn first(&mut self) -> Option<(&str, LogEntry)> {
        let waiting = self.services.iter_mut().filter(|service| service.next.is_some());
        let first = waiting.min_by_key(|service| service.next.as_ref().map(|entry| entry.place))?;
        let entry = first.next.take()?;
        Some((&first.name, entry))
    }
}

/// The services of a run that are not in `known`.
fn services_of(directory: &Path, run: &str, known: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, number) in file::all(directory) {
        if !known.contains(&name.as_str()) && !names.contains(&name) && is_of(directory, &name, number, run) {
            names.push(name);
        }
    }
    names
}

fn is_of(directory: &Path, service: &str, number: u64, run: &str) -> bool {
    file::run(directory, service, number).is_some_and(|(_, its)| its == run)
}

impl Service {
    fn read(&mut self, directory: &Path, run: &str) -> Option<LogEntry> {
        if self.tape.is_none() {
            let numbers = file::numbers(directory, &self.name);
            let first = numbers
                .into_iter()
                .find(|number| is_of(directory, &self.name, *number, run))?;
            self.tape = LogSegment::open(directory, &self.name, first);
        }
        loop {
            let tape = self.tape.as_mut()?;
            if let Some(entry) = tape.next() {
                return Some(entry);
            }
            let after = tape.after(directory, &self.name)?;
            if !is_of(directory, &self.name, after, run) {
                return None;
            }
            // Lines may have been added to this file before the next file was started, but not after.
            if let Some(entry) = tape.next().or_else(|| tape.rest()) {
                return Some(entry);
            }
            self.tape = LogSegment::open(directory, &self.name, after).or(self.tape.take());
        }
    }
}

impl LogSegment {
    fn open(directory: &Path, service: &str, number: u64) -> Option<LogSegment> {
        Some(LogSegment {
            number,
            file: File::open(file::path(directory, service, number)).ok()?,
            held: Vec::new(),
            used: 0,
        })
    }

    /// The next whole, valid line.
    fn next(&mut self) -> Option<LogEntry> {
        loop {
            let rest = &self.held[self.used..];
            if let Some(end) = memchr::memchr(b'\n', rest) {
                let found = entry(&rest[..end]);
                self.used += end + 1;
                match found {
                    Some(entry) => return Some(entry),
                    None => continue,
                }
            }
            self.held.drain(..self.used);
            self.used = 0;
            let held = self.held.len();
            self.held.resize(held + READ_BYTES, 0);
            // Unreadable data is treated as not written yet.
            let read = self.file.read(&mut self.held[held..]).unwrap_or(0);
            self.held.truncate(held + read);
            if read == 0 {
                return None;
            }
        }
    }

    /// The text after the last whole line, if it is a valid entry.
    fn rest(&mut self) -> Option<LogEntry> {
        let rest = entry(&self.held[self.used..]);
        self.held.clear();
        self.used = 0;
        rest
    }

    /// The number of the next file, if it exists.
    fn after(&self, directory: &Path, service: &str) -> Option<u64> {
        let next = self.number + 1;
        if file::path(directory, service, next).exists() {
            return Some(next);
        }
        // If this file is gone too, the reader has fallen behind and the next file may also have been deleted.
        if file::path(directory, service, self.number).exists() {
            return None;
        }
        let later = file::numbers(directory, service).into_iter();
        later.filter(|number| *number > self.number).min()
    }
}
