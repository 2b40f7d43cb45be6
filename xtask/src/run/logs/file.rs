//! A service's log on disk: numbered files of limited size, `SERVICE.1.log`, `SERVICE.2.log`, …; the oldest is deleted.
//!
//! Files are only appended to and never renamed, so a reader continues with the next number at the end of a file.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::record_format::{RecordKind, file_header, head, run_of};
use crate::diagnostic::Diagnostic;
use crate::system::problem;

/// The maximum size of a file, in bytes. The longest line that is passed on in one piece fits.
pub(super) const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The number of files kept for a service, which limits it to 32 MiB.
pub(super) const MAX_FILES: u64 = 4;

/// A buffer that a long line has enlarged is shrunk to this size.
const MAX_KEPT_BUFFER: usize = 128 * 1024;

/// The run that writes.
#[derive(Debug, Clone)]
pub(crate) struct RunId {
    pub(crate) id: String,
    pub(crate) began: Timestamp,
}

pub(super) struct LogFile {
    directory: PathBuf,
    service: String,
    run: RunId,
    /// The numbers of the existing files, oldest first; the last one is written.
    numbers: Vec<u64>,
    file: File,
    size: u64,
    buffer: Vec<u8>,
}

impl LogFile {
    /// Starts a new file. The files of earlier runs, `numbers`, are kept until they are the oldest.
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

    /// `lines` are whole, without escape sequences.
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

/// Deletes the oldest files and starts a new one.
fn begin(directory: &Path, service: &str, run: &RunId, numbers: &mut Vec<u64>) -> Result<(File, u64), Diagnostic> {
    let number = numbers.last().map_or(1, |last| last + 1);
    for old in numbers.extract_if(.., |old| *old + MAX_FILES <= number) {
        // The file may already have been deleted.
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

/// All log files, as service and number.
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

/// The numbers of a service's files, oldest first.
pub(super) fn numbers(directory: &Path, service: &str) -> Vec<u64> {
    let files = all(directory).into_iter().filter(|(name, _)| name == service);
    files.map(|(_, number)| number).collect()
}

/// The start time and id of the run that wrote a file.
pub(super) fn run(directory: &Path, service: &str, number: u64) -> Option<(String, String)> {
    let mut title = String::new();
    BufReader::new(File::open(path(directory, service, number)).ok()?)
        .read_line(&mut title)
        .ok()?;
    run_of(&title)
}
