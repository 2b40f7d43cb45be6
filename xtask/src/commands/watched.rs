//! `--watch`: a table that is looked at again every second. A terminal has it drawn in place; a file or pipe gets it
//! whenever it has changed.

use std::time::Duration;

use crate::commands::events::Inbox;
use crate::commands::{CommandResult, Context, StdoutClosed};
use crate::diagnostic::{Diagnostics, Exit};
use crate::run::driver::Message;
use crate::system::os;
use crate::system::terminal::Size;

/// What is shown until the next look.
pub(super) struct Frame<K> {
    /// Whole lines.
    pub(super) text: String,
    /// Without a terminal, the text is printed again only when this changes.
    pub(super) key: K,
}

const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// Shows what `look` returns, until Ctrl-C. It gets the number of characters that fit in a line.
///
/// # Errors
/// Those of `look`.
pub(super) fn watch<K: PartialEq>(
    context: &Context,
    mut look: impl FnMut(usize) -> Result<Frame<K>, Diagnostics>,
) -> CommandResult {
    let inbox = Inbox::open(String::new())?;
    let closed = inbox.sender.clone();
    os::when_stdout_closes(move || drop(closed.send(Message::OutputClosed)));
    let redraws = context.terminals.stdout_is_tty && context.terminals.can_redraw && !context.json;
    let mut drawn = Drawn::default();
    let mut last: Option<K> = None;
    loop {
        let frame = look(width(context))?;
        let shown = if redraws {
            context.print(&drawn.redraw(&frame.text, Size::of_ours().unwrap_or(Size::USUAL)))
        } else if last.as_ref() != Some(&frame.key) {
            let between = if last.is_some() && !context.json { "\n" } else { "" };
            context.print(&format!("{between}{}", frame.text))
        } else {
            Ok(())
        };
        if let Err(StdoutClosed(exit)) = shown {
            return Ok(exit);
        }
        last = Some(frame.key);
        match inbox.receiver.recv_timeout(REFRESH_INTERVAL) {
            Ok(Message::Signal(heard)) if heard.is_interrupt() => {
                // The terminal has written `^C` below the table.
                let _ = context.print(if redraws { "\n" } else { "" });
                return Ok(Exit::Interrupted);
            }
            Ok(Message::OutputClosed) => return Ok(Exit::Done),
            // The window was resized: redraw.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Of the terminal at stdout. Files and filters such as grep need whole lines.
pub(super) fn width(context: &Context) -> usize {
    match (context.terminals.stdout_is_tty, Size::of_ours()) {
        (true, Some(size)) => size.columns.into(),
        (true, None) => context.terminals.width,
        (false, _) => usize::MAX,
    }
}

/// What stands on the terminal.
#[derive(Default)]
struct Drawn {
    n_lines: usize,
    size: Option<Size>,
}

impl Drawn {
    /// Writes a text over the one before without flicker, as far as it fits. What was on the terminal above stays.
    ///
    /// Source: ECMA-48, 8.3: CPL goes up to the begin of a line, EL clears to the end of the line, ED to that of the
    /// screen, CUP goes to the top.
    fn redraw(&mut self, text: &str, size: Size) -> String {
        let (rows, columns) = (usize::from(size.rows), usize::from(size.columns));
        let mut lines: Vec<&str> = text.lines().collect();
        let n_lines = lines.len();
        let more = if n_lines >= rows {
            lines.truncate(rows.saturating_sub(2));
            format!("  … {} more", n_lines - lines.len())
        } else {
            String::new()
        };
        lines.extend((!more.is_empty()).then_some(more.as_str()));
        let begin = match (self.size, self.n_lines) {
            (None, _) | (_, 0) => String::new(),
            // Terminals break long lines again, so where the text began is unknown.
            (Some(before), _) if before != size => "\x1b[H".to_owned(),
            (Some(_), n) => format!("\x1b[{n}F"),
        };
        (self.n_lines, self.size) = (lines.len(), Some(size));
        let line = |line: &&str| format!("{}\x1b[K\n", console::truncate_str(line, columns, "…"));
        format!("{begin}{}\x1b[J", lines.iter().map(line).collect::<String>())
    }
}

#[cfg(test)]
mod tests;
