//! Colour or plain text: every renderer takes a [`Paint`] and its text is readable either way.

use console::{Color, Style};

/// Colours text if colours are enabled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn new(on: bool) -> Self {
        Paint { on }
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
