//! Bytes from a pipe → whole lines. What has no end yet waits for it; a last line without one is given one.

use std::io::{ErrorKind, Read};

/// A line longer than this is passed on in pieces, so that memory stays bounded.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// As much as a Linux pipe holds.
const PIPE_BYTES: usize = 64 * 1024;

/// What is kept of a pipe between two reads.
#[derive(Default)]
pub(super) struct Lines {
    /// A line's beginning.
    begun: Vec<u8>,
}

/// What came of a read.
pub(super) enum Got<'a> {
    /// All lines that are whole by now; empty if there are none.
    Lines(&'a [u8]),
    /// The pipe has come to its end, and this was left, as a line; empty if there was nothing.
    End(&'a [u8]),
}

impl Lines {
    /// Reads once, into a buffer that may serve other pipes too.
    pub(super) fn read_from<'a>(&mut self, mut pipe: impl Read, buffer: &'a mut Vec<u8>) -> Got<'a> {
        let begun = self.begun.len();
        if buffer.len() < begun + PIPE_BYTES {
            buffer.resize(begun + PIPE_BYTES, 0);
        }
        buffer[..begun].copy_from_slice(&self.begun);
        let filled = loop {
            match pipe.read(&mut buffer[begun..]) {
                Ok(0) => break None,
                Ok(length) => break Some(begun + length),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody else has read it.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Got::Lines(&[]),
                Err(_) => break None,
            }
        };
        let Some(filled) = filled else {
            return Got::End(self.cut_off(begun, buffer));
        };
        if let Some(last) = memchr::memrchr(b'\n', &buffer[begun..filled]) {
            let end = begun + last + 1;
            self.begun.clear();
            self.begun.shrink_to(PIPE_BYTES);
            self.begun.extend_from_slice(&buffer[end..filled]);
            return Got::Lines(&buffer[..end]);
        }
        if filled >= MAX_LINE_BYTES {
            return Got::Lines(self.cut_off(filled, buffer));
        }
        self.begun.extend_from_slice(&buffer[begun..filled]);
        Got::Lines(&[])
    }

    /// What is held, as a line.
    fn cut_off<'a>(&mut self, held: usize, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        self.begun = Vec::new();
        if held == 0 {
            return &[];
        }
        buffer.truncate(held);
        buffer.push(b'\n');
        buffer
    }
}
