//! The port that a configuration of Vite, Nuxt or Astro sets, and where its proxy leads.

use regex_lite::Regex;

use super::program::Number;
use super::repository::{Repository, join};
use super::tool::Tool;

const FILES: [(&str, &[&str]); 5] = [
    (
        "vite",
        &["vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"],
    ),
    ("nuxt", &["nuxt.config.ts", "nuxt.config.js"]),
    ("nuxi", &["nuxt.config.ts", "nuxt.config.js"]),
    ("astro", &["astro.config.mjs", "astro.config.ts", "astro.config.js"]),
    ("vue-cli-service", &["vue.config.js"]),
];

/// The configuration of a tool in this directory.
fn settings<'r>(repository: &'r Repository, directory: &str, tool: &Tool) -> Option<(String, &'r str)> {
    let (_, files) = FILES.iter().find(|(name, _)| *name == tool.name())?;
    let mut paths = files.iter().map(|file| join(directory, file));
    paths.find_map(|path| repository.text(&path).map(|text| (path.clone(), text)))
}

/// `server: { port: 5174 }`.
pub(crate) fn port(repository: &Repository, directory: &str, tool: Option<&'static Tool>) -> Option<Number> {
    let (path, text) = settings(repository, directory, tool?)?;
    let pattern = Regex::new(r"(?s)(?:server|devServer)\s*:\s*\{(.{0,400})").expect("it is a pattern");
    let inside = pattern.captures(text)?.get(1)?.as_str();
    let pattern = Regex::new(r"\bport\s*:\s*(\d{2,5})").expect("it is a pattern");
    let found = pattern.captures(inside)?;
    Some(Number::new(
        found.get(1)?.as_str().parse().ok()?,
        format!("{path}: {}", found.get(0)?.as_str()),
    ))
}

/// Ports of this machine that a configuration sends requests to, and the file.
pub(crate) fn targets(repository: &Repository, directory: &str) -> Vec<(u16, String)> {
    let files = FILES.iter().flat_map(|(_, files)| files.iter()).chain(&[
        "next.config.js",
        "next.config.mjs",
        "next.config.ts",
    ]);
    let mut found = Vec::new();
    let pattern = Regex::new(r"https?://(?:localhost|127\.0\.0\.1):(\d{2,5})").expect("it is a pattern");
    for path in files.map(|file| join(directory, file)) {
        let text = repository.text(&path).unwrap_or_default();
        let numbers = pattern
            .captures_iter(text)
            .filter_map(|found| found.get(1)?.as_str().parse().ok());
        found.extend(numbers.map(|number| (number, path.clone())));
    }
    found.sort();
    found.dedup();
    found
}
