//! Encoded messages one after the other, and how many of them were sent.

/// A buffer that a long line has enlarged is shrunk to this size.
const MAX_KEPT_BUFFER: usize = 512 * 1024;

#[derive(Default)]
pub(super) struct Messages {
    pub(super) bytes: Vec<u8>,
    /// Where each message ends.
    ends: Vec<usize>,
    /// The number of bytes at the end of each message that only a stream needs.
    trailer: usize,
    n_sent: usize,
    /// Those of them that were reported.
    n_settled: usize,
    /// The number of bytes that were sent, the beginning of a message included.
    written: usize,
}

impl Messages {
    pub(super) fn with_trailer(trailer: usize) -> Messages {
        Messages {
            trailer,
            ..Messages::default()
        }
    }

    /// What was added to `bytes` since the last call is a message.
    pub(super) fn end_message(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// The next message, for a datagram.
    pub(super) fn next(&self) -> Option<&[u8]> {
        let end = *self.ends.get(self.n_sent)?;
        Some(&self.bytes[self.begin_of_next()..end - self.trailer])
    }

    pub(super) fn next_was_sent(&mut self) {
        self.n_sent += 1;
    }

    /// The last message that was sent did not arrive. One that was reported already stays sent.
    pub(super) fn last_was_not_sent(&mut self) {
        self.n_sent = self.n_sent.saturating_sub(1).max(self.n_settled);
    }

    /// What is left, for a stream.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// So many bytes of the rest were sent.
    pub(super) fn wrote(&mut self, n_bytes: usize) {
        self.written += n_bytes;
        self.n_sent += self.ends[self.n_sent..].partition_point(|end| *end <= self.written);
    }

    /// A new stream begins with a whole message.
    pub(super) fn rewind(&mut self) {
        self.written = self.begin_of_next();
    }

    /// The number of messages that were sent since the last call.
    pub(super) fn settle(&mut self) -> u64 {
        let n_new = self.n_sent - self.n_settled;
        self.n_settled = self.n_sent;
        n_new as u64
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(MAX_KEPT_BUFFER);
        self.ends.clear();
        (self.n_sent, self.n_settled, self.written) = (0, 0, 0);
    }

    fn begin_of_next(&self) -> usize {
        match self.n_sent {
            0 => 0,
            n => self.ends[n - 1],
        }
    }
}
