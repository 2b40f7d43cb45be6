//! Bytes from a pipe → whole lines. What has no end yet waits for it; a last line without one is given one.

use std::io::{ErrorKind, Read};

/// A line longer than this is passed on in pieces, so that memory stays bounded.
const LONGEST: usize = 1024 * 1024;

/// As much as a Linux pipe holds.
const ROOM: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Bytes at the start of `buffer` that hold something; a line's beginning, after [`Lines::take`].
    filled: usize,
}

impl Lines {
    /// Reads once; `false` at the end of the pipe.
    pub(super) fn read_from(&mut self, pipe: &mut impl Read) -> bool {
        if self.buffer.len() - self.filled < ROOM / 2 {
            self.buffer.resize(self.filled + ROOM, 0);
        }
        loop {
            match pipe.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return false,
                Ok(read) => {
                    self.filled += read;
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Hands on all lines that are whole.
    pub(super) fn take(&mut self, mut whole: impl FnMut(&[u8])) {
        let held = &self.buffer[..self.filled];
        if let Some(last) = held.iter().rposition(|byte| *byte == b'\n') {
            whole(&held[..=last]);
            self.buffer.copy_within(last + 1..self.filled, 0);
            self.filled -= last + 1;
        } else if self.filled >= LONGEST {
            self.take_rest(whole);
        }
    }

    /// Hands on what is left, as a line.
    pub(super) fn take_rest(&mut self, mut whole: impl FnMut(&[u8])) {
        if self.filled > 0 {
            self.buffer.truncate(self.filled);
            self.buffer.push(b'\n');
            whole(&self.buffer);
            self.filled = 0;
        }
        self.buffer.clear();
    }
}
