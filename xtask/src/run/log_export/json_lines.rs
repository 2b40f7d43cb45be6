//! A file of JSON lines for programs that follow it: one object a line, as `logs --format json` prints it, with project,
//! run and pid.
//!
//! A full file is renamed, so a program that has it open reads its end, and the name always means the newest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::shipper::{Attempt, Pace, Transport};
use super::{LineBlock, LineSource, json_text};
use crate::system::cause;

/// A file is renamed before it gets longer, in bytes.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// The number of renamed files that are kept: `NAME.1` is the newest, `NAME.3` the oldest.
const MAX_RENAMED: u32 = 3;

/// A batch is written once it is as long.
const FULL_BYTES: usize = 256 * 1024;

const PACE: Pace = Pace {
    time: Duration::from_millis(100),
    bytes: 128 * 1024,
};

pub(super) struct JsonLines {
    path: PathBuf,
    batch: JsonBatch,
    /// The file and its size; `None` before the first line and after a failure.
    file: Option<(File, u64)>,
}

impl JsonLines {
    pub(super) fn new(path: PathBuf, source: LineSource) -> JsonLines {
        JsonLines {
            path,
            batch: JsonBatch::new(source),
            file: None,
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let length = self.batch.json.len() as u64;
        let full = self.file.take_if(|(_, size)| *size + length > MAX_FILE_BYTES).is_some();
        if full {
            rename_full(&self.path)?;
        }
        let (file, size) = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        let written = file.write_all(&self.batch.json);
        if written.is_err() {
            // A line that was written in part would spoil the next one. If this fails too, nothing can be done.
            let _ = file.set_len(*size);
        }
        *size += length;
        written
    }
}

/// A file of somebody else would be renamed when it is full.
fn begins_with_a_line(path: &Path) -> io::Result<bool> {
    const BEGINNING: &[u8] = b"{\"schema_version\":";
    let mut beginning = Vec::new();
    File::open(path)?
        .take(BEGINNING.len() as u64)
        .read_to_end(&mut beginning)?;
    Ok(beginning == BEGINNING)
}

/// Opens the file to append to it, whoever began it.
fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    // To open a pipe would wait for its reader.
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => return Err(io::Error::other("it is no regular file")),
        Ok(there) if there.len() > 0 && !begins_with_a_line(path)? => {
            return Err(io::Error::other("it holds something else than lines of services"));
        }
        Ok(_) | Err(_) => {}
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn rename_full(path: &Path) -> io::Result<()> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..MAX_RENAMED).rev() {
        // There may be fewer so far.
        let _ = fs::rename(numbered(number), numbered(number + 1));
    }
    match fs::rename(path, numbered(1)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

impl Transport for JsonLines {
    fn pace(&self) -> Pace {
        PACE
    }

    fn begin(&mut self, block: &LineBlock) {
        self.batch.begin(block);
    }

    fn add(&mut self, line: &[u8]) {
        self.batch.add(line);
    }

    fn is_full(&self) -> bool {
        self.batch.json.len() >= FULL_BYTES
    }

    fn send(&mut self, _: Duration) -> Attempt {
        let n_lines = self.batch.n_lines;
        let written = self.write();
        self.batch.clear();
        match written {
            Ok(()) => Attempt::sent(n_lines),
            Err(error) => {
                self.file = None;
                let (path, why) = (self.path.display(), cause(&error));
                Attempt::refused(n_lines, format!("cannot write `{path}`: {why}"))
            }
        }
    }
}

struct JsonBatch {
    source: LineSource,
    json: Vec<u8>,
    n_lines: u64,
    /// What stands before the text of each line of the block.
    before: Vec<u8>,
}

impl JsonBatch {
    fn new(source: LineSource) -> JsonBatch {
        JsonBatch {
            source,
            json: Vec::new(),
            n_lines: 0,
            before: Vec::new(),
        }
    }

    fn begin(&mut self, block: &LineBlock) {
        let at = block.at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
        let stream = block.stream.name();
        self.before = format!("{{\"schema_version\":1,\"at\":\"{at}\",\"event\":\"log\",\"project\":\"").into_bytes();
        json_text::push(&mut self.before, self.source.project.as_bytes());
        let (run, service, pid) = (&self.source.run, &block.service, block.pid);
        let rest =
            format!("\",\"run\":\"{run}\",\"service\":\"{service}\",\"pid\":{pid},\"stream\":\"{stream}\",\"line\":\"");
        self.before.extend_from_slice(rest.as_bytes());
    }

    fn add(&mut self, line: &[u8]) {
        self.json.extend_from_slice(&self.before);
        json_text::push(&mut self.json, line);
        self.json.extend_from_slice(b"\"}\n");
        self.n_lines += 1;
    }

    fn clear(&mut self) {
        self.json.clear();
        self.json.shrink_to(2 * FULL_BYTES);
        self.n_lines = 0;
    }
}

#[cfg(test)]
mod tests;
