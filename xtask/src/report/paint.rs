//! What an output can show: every renderer takes a [`Paint`], and its text is readable either way.

use console::{Color, Style};

/// Colours text if colours are enabled; knows marks and lines of the output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
    is_ascii: bool,
    width: usize,
}

/// What is good, what is news, and what needs attention; `Paint` has other characters where these cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    News,
    Trouble,
}

impl Paint {
    /// An output of 100 columns that shows all characters.
    pub(crate) fn new(on: bool) -> Self {
        Paint {
            on,
            is_ascii: false,
            width: 100,
        }
    }

    /// The same for an output with lines of `width` columns, and with ASCII alone if `is_ascii`.
    pub(crate) const fn of(on: bool, is_ascii: bool, width: usize) -> Self {
        Paint { on, is_ascii, width }
    }

    /// Columns of a line.
    pub(crate) fn width(self) -> usize {
        self.width
    }

    /// Only ASCII is sure to be shown.
    pub(crate) fn is_ascii(self) -> bool {
        self.is_ascii
    }

    /// One character, in no colour.
    pub(crate) fn mark(self, mark: Mark) -> &'static str {
        match (mark, self.is_ascii) {
            (Mark::Good, false) => "✓",
            (Mark::Good, true) => "+",
            (Mark::News, false) => "·",
            (Mark::News, true) => "-",
            (Mark::Trouble, _) => "!",
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with(Style::new().dim(), text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    pub(crate) fn warn(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with(Style::new().red().bold(), text)
    }

    pub(crate) fn hint(self, text: &str) -> String {
        self.with(Style::new().cyan(), text)
    }

    /// The colour of the `n`th service; adjacent services differ.
    pub(crate) fn nth(self, n: usize, text: &str) -> String {
        const COLOURS: [Color; 6] = [
            Color::Cyan,
            Color::Yellow,
            Color::Green,
            Color::Magenta,
            Color::Blue,
            Color::Red,
        ];
        self.with(Style::new().fg(COLOURS[n % COLOURS.len()]), text)
    }

    fn with(self, style: Style, text: &str) -> String {
        style.force_styling(self.on).apply_to(text).to_string()
    }
}
