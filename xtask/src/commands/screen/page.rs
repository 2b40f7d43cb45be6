//! The terminal of `up`: messages and services' lines, with a line at the bottom that is erased for them, or is pinned
//! there while the keyboard belongs to a service.

#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard};

use super::lock;
use crate::commands::{AS_BEFORE, tell, unwritable};
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::run::driver::Message;
use crate::system::terminal::{Output, Size};

/// As `console` erases a line.
///
/// Source: ECMA-48, 8.3.41 (EL).
const ERASE_LINE: &[u8] = b"\r\x1b[2K";

/// Output of the driver.
pub(super) enum ScreenOp {
    /// A message for the user, after the lines before it.
    Tell(String),
    /// The answer to a key, at once.
    Answer(String),
    /// The line at the bottom; empty for none.
    Draw(String),
    /// Clears the whole terminal.
    Clear,
}

/// Both outputs, independent of each other: a blocked stdout does not block stderr.
pub(super) struct TerminalOutput {
    pub(super) paint: Paint,
    pub(super) program: String,
    pub(super) gone: Sender<Message>,
    /// Both are the same terminal, so the drawn line is erased before a line on stdout.
    pub(super) shared: bool,
    /// Whether the line at the bottom is drawn again below whatever is written.
    pub(super) stays: AtomicBool,
    /// Locked while the terminal is written, which may take long.
    pub(super) bottom: Mutex<Bottom>,
    /// Whose turn it is to lock `bottom`: services that write all the time would never let others through.
    pub(super) turn: Mutex<()>,
}

/// What stands at the bottom of the terminal.
#[derive(Default)]
pub(super) struct Bottom {
    /// The line drawn below all others; empty for none.
    drawn: String,
    /// Instead: the last row of the terminal, which nothing scrolls away.
    pinned: Option<Pinned>,
}

/// The line that says which service the keyboard belongs to.
pub(super) struct Pinned {
    pub(super) text: String,
    /// The terminal when the line was drawn.
    pub(super) size: Size,
    /// Line feeds are not turned into line ends.
    pub(super) is_raw: bool,
    /// Tells the service the size that is left for it.
    pub(super) resize: Box<dyn Fn(Size) + Send>,
}

impl TerminalOutput {
    fn lock(&self) -> MutexGuard<'_, Bottom> {
        let _turn = lock(&self.turn);
        lock(&self.bottom)
    }

    pub(super) fn put(&self, word: ScreenOp) {
        let mut bottom = self.lock();
        if bottom.pinned.is_some() {
            return self.put_above(&mut bottom, word);
        }
        match word {
            ScreenOp::Tell(text) | ScreenOp::Answer(text) => {
                let before = bottom.erase();
                tell(&text);
                self.draw_again(&mut bottom, before);
            }
            ScreenOp::Clear => {
                let before = bottom.erase();
                let _ = console::Term::stderr().clear_screen();
                self.draw_again(&mut bottom, before);
            }
            ScreenOp::Draw(text) => {
                if bottom.drawn != text {
                    bottom.erase();
                    tell(&self.paint.dim(&text));
                    bottom.drawn = text;
                }
            }
        }
    }

    /// Above the pinned line.
    fn put_above(&self, bottom: &mut Bottom, word: ScreenOp) {
        let Some(pinned) = &mut bottom.pinned else { return };
        match word {
            ScreenOp::Tell(text) | ScreenOp::Answer(text) => match pinned.is_raw {
                true => tell(&text.replace('\n', "\r\n")),
                false => tell(&text),
            },
            ScreenOp::Draw(_) => {
                let size = Size::of_ours().unwrap_or(pinned.size);
                if size != pinned.size {
                    pinned.size = size;
                    (pinned.resize)(above(size));
                    tell(&drawn(pinned, self.paint));
                }
            }
            ScreenOp::Clear => {}
        }
    }

    /// Pins a line to the last row; all others are written and scrolled above it.
    pub(super) fn pin(&self, pinned: Pinned) {
        let mut bottom = self.lock();
        bottom.erase();
        (pinned.resize)(above(pinned.size));
        tell(&format!("\r{}", drawn(&pinned, self.paint)));
        bottom.pinned = Some(pinned);
    }

    pub(super) fn unpin(&self) {
        let mut bottom = self.lock();
        if let Some(pinned) = bottom.pinned.take() {
            let rows = pinned.size.rows;
            tell(&format!("{AS_BEFORE}\x1b7\x1b[{rows};1H\x1b[2K\x1b8\r\n"));
        }
    }

    /// Draws the line again that was erased for other output, if it stays.
    fn draw_again(&self, bottom: &mut Bottom, before: String) {
        if self.stays.load(Ordering::Relaxed) && !before.is_empty() {
            tell(&self.paint.dim(&before));
            bottom.drawn = before;
        }
    }

    pub(super) fn pause(&self) {
        self.lock().erase();
    }

    pub(super) fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let written = match self.shared {
            true => pieces(bytes).try_for_each(|piece| self.write_above(piece)),
            false => Output::Stdout.write(bytes),
        };
        if let Err(error) = &written {
            match error.kind() {
                // If the driver has ended, there is nothing left to stop.
                ErrorKind::BrokenPipe => drop(self.gone.send(Message::OutputClosed)),
                _ => tell(&problem(&unwritable(error), &self.program, self.paint)),
            }
        }
        written
    }

    /// Above the line at the bottom, if there is one.
    fn write_above(&self, bytes: &[u8]) -> std::io::Result<()> {
        // Held until the bytes are written, so that no line is drawn into them.
        let mut bottom = self.lock();
        if self.stays.load(Ordering::Relaxed) && !bottom.drawn.is_empty() {
            // At once, so that a terminal never shows the lines without it.
            let line = self.paint.dim(&bottom.drawn);
            return Output::Stdout.write(&[ERASE_LINE, bytes, line.as_bytes()].concat());
        }
        bottom.erase();
        Output::Stdout.write(bytes)
    }
}

/// How much is written before others have their turn: what a slow terminal takes in some hundredths of a second.
const PIECE_BYTES: usize = 32 * 1024;

/// `bytes` in whole lines of at most [`PIECE_BYTES`], or one longer line.
fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let within = &bytes[..bytes.len().min(PIECE_BYTES)];
        let end = match within.len() == bytes.len() {
            true => None,
            false => memchr::memrchr(b'\n', within).or_else(|| memchr::memchr(b'\n', bytes)),
        };
        let (piece, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

impl Bottom {
    /// Returns what was drawn.
    fn erase(&mut self) -> String {
        let before = std::mem::take(&mut self.drawn);
        if !before.is_empty() {
            // A terminal that cannot move the cursor to the start of the line keeps the text.
            let _ = console::Term::stderr().clear_line();
        }
        before
    }
}

/// What is left above the pinned line.
pub(super) fn above(size: Size) -> Size {
    Size {
        rows: size.rows.saturating_sub(1).max(1),
        ..size
    }
}

/// Draws the line; the rows above scroll without it, and the cursor stays where it is. If that is the last row, all rows
/// are moved up first.
///
/// Source: ECMA-48, 8.3 (CUP, CUU, EL); DEC STD 070 (DECSTBM, DECSC, DECRC; VT is a line feed, which OPOST leaves as it
/// is). `console` has no region that scrolls.
fn drawn(pinned: &Pinned, paint: Paint) -> String {
    let Size { rows, columns } = pinned.size;
    let text = console::truncate_str(&pinned.text, usize::from(columns).saturating_sub(1), "…").into_owned();
    let text = paint.dim(&text);
    format!(
        "\x1b7\x1b[r\x1b8\x0b\x1b[A\x1b7\x1b[1;{}r\x1b[{rows};1H\x1b[2K{text}\x1b8",
        above(pinned.size).rows
    )
}
