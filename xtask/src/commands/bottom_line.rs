//! The line at the bottom of a foreground `up`: states, URL and keys, or what is asked. Pure.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::supervise::State;

/// What the line says.
#[derive(Debug, Default)]
pub(super) struct BottomLine {
    states: BTreeMap<String, State>,
    /// Where the user can reach the stack.
    url: String,
    /// Instead of states and keys.
    prompt: Option<String>,
}

/// From the most to the least that is said about keys.
const KEYS: [&str; 3] = [
    "r restart  l log  i input  s status  o open  ? help  q stop",
    "r restart  ? help  q stop",
    "? help",
];

impl BottomLine {
    pub(super) fn note(&mut self, service: &str, state: State) {
        self.states.insert(service.to_owned(), state);
    }

    pub(super) fn reach(&mut self, url: String) {
        self.url = url;
    }

    pub(super) fn ask(&mut self, prompt: Option<String>) {
        self.prompt = prompt;
    }

    /// The line, at most `width` characters: the keys stand at its end, as many as fit. `progress` says what is under way,
    /// if anything is.
    pub(super) fn text(&self, progress: &str, width: usize) -> String {
        let text = match (&self.prompt, progress) {
            (Some(prompt), _) => return console::truncate_str(prompt, width, "…").into_owned(),
            (None, "") => self.summary(),
            (None, progress) => progress.to_owned(),
        };
        let room = width.saturating_sub(console::measure_text_width(&text));
        match KEYS.iter().find(|keys| keys.len() + 3 <= room) {
            Some(keys) => format!("{text}{keys:>room$}"),
            None => console::truncate_str(&text, width, "…").into_owned(),
        }
    }

    /// `2 ready, 1 failed  http://127.0.0.1:8080`, in the order of states.
    fn summary(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for state in self.states.values() {
            *counts.entry(state.name()).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
        let parts = [counts.join(", "), self.url.clone()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("  ")
    }
}
