//! Bytes from a pipe → whole lines. An incomplete line is kept until it ends; at the end of the pipe it is completed.

use std::io::{ErrorKind, Read};

/// Longer lines are passed on in pieces, to bound memory.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// The capacity of a pipe on Linux.
const PIPE_BYTES: usize = 64 * 1024;

/// State of a pipe between two reads.
#[derive(Default)]
pub(super) struct Lines {
    /// The beginning of an incomplete line.
    begun: Vec<u8>,
}

/// The result of a read.
pub(super) enum Got<'a> {
    /// All whole lines; may be empty.
    Lines(&'a [u8]),
    /// The end of the pipe, with the remaining text as a line; may be empty.
    End(&'a [u8]),
}

impl Lines {
    /// Reads once, into a buffer that other pipes may share. `see` gets what was read.
    pub(super) fn read_from<'a>(
        &mut self,
        mut pipe: impl Read,
        buffer: &'a mut Vec<u8>,
        see: impl FnOnce(&[u8]),
    ) -> Got<'a> {
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
                // Another reader has taken it.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Got::Lines(&[]),
                Err(_) => break None,
            }
        };
        let Some(filled) = filled else {
            return Got::End(self.cut_off(begun, buffer));
        };
        see(&buffer[begun..filled]);
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

    /// The remaining text as a line.
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
