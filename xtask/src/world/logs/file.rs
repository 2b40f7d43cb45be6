//! A service's log file: as the service wrote it, cut at a size, one older file beside it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Problem;
use crate::world::problem;

/// Bytes after which a file becomes the older one.
const LARGEST: u64 = 10 * 1024 * 1024;

pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
}

impl LogFile {
    /// Starts `SERVICE.log` anew; the one of the run before becomes `SERVICE.log.1`.
    pub(super) fn create(folder: &Path, service: &str) -> Result<LogFile, Problem> {
        fs::create_dir_all(folder).map_err(|error| problem("make", folder, &error))?;
        let path = folder.join(format!("{service}.log"));
        let file = renew(&path)?;
        Ok(LogFile { path, file, size: 0 })
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Problem> {
        if self.size > LARGEST {
            self.file = renew(&self.path)?;
            self.size = 0;
        }
        self.size += lines.len() as u64;
        self.file
            .write_all(lines)
            .map_err(|error| problem("write", &self.path, &error))
    }
}

fn renew(path: &Path) -> Result<File, Problem> {
    if path.exists() {
        fs::rename(path, path.with_extension("log.1")).map_err(|error| problem("rename", path, &error))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| problem("write", path, &error))
}
