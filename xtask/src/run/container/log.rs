//! The log of a container on its way through the helper, without what Compose itself adds to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, channel};

use crate::system::threads::{self, Stack};

/// With this, Compose begins a line of its own between those of the container: it clears the line of a terminal first.
///
/// Source: docker/compose, cmd/formatter/logs.go, `Status`.
const CLEAR_LINE: &[u8] = b"\r\x1b[K";

/// Copies the log to our stdout, on a thread; the receiver hears of its end.
///
/// # Errors
/// No thread can be started.
pub(super) fn copy(log: impl Read + Send + 'static) -> Result<Receiver<()>, String> {
    let (sender, copied) = channel();
    let copy = move || {
        // The supervisor may be gone; then the log is read on, for the container would wait for us.
        lines(BufReader::new(log), &mut |line| {
            drop(std::io::stdout().lock().write_all(line))
        });
        let _ = sender.send(());
    };
    threads::start("log", Stack::Small, copy).map_err(|problem| problem.message)?;
    Ok(copied)
}

/// In bytes. A longer line is handed on in parts.
const MAX_PART: u64 = 64 * 1024;

/// Calls `hear` with each line of the container, and its line break.
fn lines(mut log: impl BufRead, hear: &mut dyn FnMut(&[u8])) {
    let mut part = Vec::new();
    let (mut begins, mut is_added) = (true, false);
    while matches!((&mut log).take(MAX_PART).read_until(b'\n', &mut part), Ok(1..)) {
        if begins {
            is_added = part.starts_with(CLEAR_LINE);
        }
        if !is_added {
            hear(&part);
        }
        begins = part.ends_with(b"\n");
        part.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_container_are_handed_on() {
        let mut heard = Vec::new();
        let log = b"listening\n10%\r20%\n\r\x1b[Kdb-1 exited with code 137\nno end";
        lines(&log[..], &mut |line| {
            heard.push(String::from_utf8_lossy(line).into_owned())
        });
        assert_eq!(heard, ["listening\n", "10%\r20%\n", "no end"]);
    }
}
