//! What keys mean in a foreground `up`: a key and what is on the screen → what to do. Pure; `keyboard` does it.

#[cfg(test)]
mod tests;

use crate::commands::answer::on_key;

/// What a key asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// All services if there is none.
    Restart(Vec<String>),
    /// The lines of one service, or of all.
    ShowLines(Option<String>),
    /// Connect the keyboard to the service.
    Connect(String),
    Status,
    /// Open the URL in a browser.
    Open,
    Clear,
    Help,
    Stop,
    /// Only what the bottom line says has changed.
    Nothing,
}

/// What the next key chooses a service for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Restart,
    ShowLines,
    Connect,
}

/// The keys of a foreground `up`.
#[derive(Debug, Clone)]
pub(super) struct Keypad {
    /// In file order.
    services: Vec<String>,
    choosing: Option<Purpose>,
    /// The service whose lines alone are shown.
    shown: Option<String>,
}

/// What is pressed for the services, in their order. `a` means all.
const LABELS: &str = "123456789bcdefghijklmnopqrstuvwxyz";

/// Leaves a choice.
const ESCAPE: char = '\u{1b}';

impl Keypad {
    pub(super) fn new(services: Vec<String>) -> Self {
        Keypad {
            services,
            choosing: None,
            shown: None,
        }
    }

    /// `None` if the key means nothing.
    pub(super) fn press(&mut self, key: char) -> Option<Wish> {
        let key = on_key(key).unwrap_or(key);
        match self.choosing.take() {
            Some(purpose) => Some(self.choose(purpose, key)),
            None => self.command(key.to_ascii_lowercase()),
        }
    }

    fn command(&mut self, key: char) -> Option<Wish> {
        Some(match key {
            'r' => self.ask(Purpose::Restart),
            'l' if self.shown.is_some() => self.show(None),
            'l' => self.ask(Purpose::ShowLines),
            'i' => self.ask(Purpose::Connect),
            's' => Wish::Status,
            'o' => Wish::Open,
            'c' => Wish::Clear,
            '?' | 'h' => Wish::Help,
            'q' => Wish::Stop,
            ESCAPE if self.shown.is_some() => self.show(None),
            key => return self.labelled(key).map(Wish::Connect).filter(|_| key.is_ascii_digit()),
        })
    }

    /// With one service there is nothing to choose.
    fn ask(&mut self, purpose: Purpose) -> Wish {
        match (&self.services[..], purpose) {
            ([], _) | ([_], Purpose::ShowLines) => Wish::Nothing,
            ([only], Purpose::Restart) => Wish::Restart(vec![only.clone()]),
            ([only], Purpose::Connect) => Wish::Connect(only.clone()),
            (_, purpose) => {
                self.choosing = Some(purpose);
                Wish::Nothing
            }
        }
    }

    fn choose(&mut self, purpose: Purpose, key: char) -> Wish {
        match (purpose, key, self.labelled(key)) {
            (Purpose::Restart, 'a', _) => Wish::Restart(Vec::new()),
            (Purpose::Restart, _, Some(service)) => Wish::Restart(vec![service]),
            (Purpose::ShowLines, 'a', _) => self.show(None),
            (Purpose::ShowLines, _, Some(service)) => self.show(Some(service)),
            (Purpose::Connect, _, Some(service)) => Wish::Connect(service),
            (_, _, None) => Wish::Nothing,
        }
    }

    fn labelled(&self, key: char) -> Option<String> {
        let at = LABELS.chars().position(|label| label == key)?;
        self.services.get(at).cloned()
    }

    fn show(&mut self, service: Option<String>) -> Wish {
        self.shown.clone_from(&service);
        Wish::ShowLines(service)
    }

    /// What the bottom line says instead of states and keys.
    pub(super) fn prompt(&self) -> Option<String> {
        let question = match self.choosing {
            Some(Purpose::Restart) => "restart which?",
            Some(Purpose::ShowLines) => "show only the lines of which?",
            Some(Purpose::Connect) => "type into which?",
            None => {
                let shown = self.shown.as_ref()?;
                return Some(format!("only the lines of {shown} are shown   l all"));
            }
        };
        let services = LABELS.chars().zip(&self.services);
        let services = services.map(|(label, service)| format!("{label} {service}"));
        let all = (self.choosing != Some(Purpose::Connect)).then(|| "a all".to_owned());
        let all: Vec<String> = services.chain(all).chain(["Esc none".to_owned()]).collect();
        Some(format!("{question}  {}", all.join("  ")))
    }
}

/// The help of `?`.
pub(super) const HELP: [(&str, &str); 8] = [
    ("r", "restart a service, or all"),
    ("l", "show the lines of one service, or of all again"),
    ("i", "type into a service, as its number alone does; Ctrl-] returns"),
    ("s", "show the status"),
    ("o", "open the URL in a browser"),
    ("c", "clear the screen"),
    ("?", "show this"),
    ("q", "stop everything, as Ctrl-C"),
];
