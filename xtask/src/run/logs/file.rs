//! A service's log on disk: numbered files of a limited size, `SERVICE.1.log`, `SERVICE.2.log`, …, the oldest removed.
//!
//! A file is only ever appended to and never renamed, so a reader that has come to its end goes on with the next
//! number.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::record_format::{RecordKind, file_header, head, run_of};
use crate::diagnostic::Diagnostic;
use crate::system::problem;

/// Bytes that a file never exceeds. The longest line that is passed on in one piece has room in it.
pub(super) const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// So many files of a service are kept, so it never has more than 32 MiB.
pub(super) const MAX_FILES: u64 = 4;

/// A buffer that one large line has made larger is made smaller again.
const MAX_KEPT_BUFFER: usize = 128 * 1024;

/// Which run writes.
#[derive(Debug, Clone)]
pub(crate) struct RunId {
    pub(crate) id: String,
    pub(crate) began: Timestamp,
}

pub(super) struct LogFile {
    directory: PathBuf,
    service: String,
    run: RunId,
    /// Of the files there are, the oldest first; the last is written.
    numbers: Vec<u64>,
    file: File,
    size: u64,
    buffer: Vec<u8>,
}

impl LogFile {
    /// Begins a file of its own; those of the runs before, `numbers`, stay until their number is up.
    pub(super) fn create(
        directory: &Path,
        service: &str,
        run: RunId,
        mut numbers: Vec<u64>,
    ) -> Result<LogFile, Diagnostic> {
        fs::create_dir_all(directory).map_err(|error| problem("make", directory, &error))?;
        let (file, size) = begin(directory, service, &run, &mut numbers)?;
        Ok(LogFile {
            directory: directory.to_owned(),
            service: service.to_owned(),
            run,
            numbers,
            file,
            size,
            buffer: Vec::new(),
        })
    }

    /// `lines` are whole, and without escape sequences.
    pub(super) fn write(
        &mut self,
        at: Timestamp,
        place: u64,
        kind: RecordKind,
        lines: &[u8],
    ) -> Result<(), Diagnostic> {
        let head = head(at, place, kind);
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut rest = lines;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end + 1);
            if self.size + (buffer.len() + head.len() + line.len()) as u64 > MAX_FILE_BYTES {
                self.append(&mut buffer)?;
                self.rotate()?;
            }
            buffer.extend_from_slice(head.as_bytes());
            buffer.extend_from_slice(line);
            rest = after;
        }
        self.append(&mut buffer)?;
        buffer.shrink_to(MAX_KEPT_BUFFER);
        self.buffer = buffer;
        Ok(())
    }

    fn append(&mut self, buffer: &mut Vec<u8>) -> Result<(), Diagnostic> {
        self.size += buffer.len() as u64;
        let written = self.file.write_all(buffer);
        buffer.clear();
        let number = self.numbers.last().copied().unwrap_or_default();
        written.map_err(|error| problem("write", &path(&self.directory, &self.service, number), &error))
    }

    fn rotate(&mut self) -> Result<(), Diagnostic> {
        (self.file, self.size) = begin(&self.directory, &self.service, &self.run, &mut self.numbers)?;
        Ok(())
    }
}

/// Makes room for one more file, and begins it.
fn begin(directory: &Path, service: &str, run: &RunId, numbers: &mut Vec<u64>) -> Result<(File, u64), Diagnostic> {
    let number = numbers.last().map_or(1, |last| last + 1);
    for old in numbers.extract_if(.., |old| *old + MAX_FILES <= number) {
        // One that somebody else has removed is what we want.
        let _ = fs::remove_file(path(directory, service, old));
    }
    numbers.push(number);
    let path = path(directory, service, number);
    let title = file_header(&run.id, run.began);
    let mut options = OpenOptions::new();
    let opened = options.create_new(true).append(true).open(&path);
    let begun = opened.and_then(|mut file| file.write_all(title.as_bytes()).map(|()| file));
    match begun {
        Ok(file) => Ok((file, title.len() as u64)),
        Err(error) => Err(problem("write", &path, &error)),
    }
}

pub(super) fn path(directory: &Path, service: &str, number: u64) -> PathBuf {
    directory.join(format!("{service}.{number}.log"))
}

/// Every file of every service: its service and number.
pub(super) fn all(directory: &Path) -> Vec<(String, u64)> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let parts = |name: String| {
        let (service, number) = name.strip_suffix(".log")?.rsplit_once('.')?;
        Some((service.to_owned(), number.parse().ok()?))
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| parts(entry.file_name().into_string().ok()?))
        .collect();
    files.sort();
    files
}

/// The numbers of a service's files, the oldest first.
pub(super) fn numbers(directory: &Path, service: &str) -> Vec<u64> {
    let files = all(directory).into_iter().filter(|(name, _)| name == service);
    files.map(|(_, number)| number).collect()
}

/// When the run of a file began, and which it is.
pub(super) fn run(directory: &Path, service: &str, number: u64) -> Option<(String, String)> {
    let mut title = String::new();
    BufReader::new(File::open(path(directory, service, number)).ok()?)
        .read_line(&mut title)
        .ok()?;
    run_of(&title)
}
