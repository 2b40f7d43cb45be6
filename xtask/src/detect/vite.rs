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

/// A place that a frontend sends its requests to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) port: u16,
    pub(crate) file: String,
    /// The variable that names another place, and what follows the port: `API_URL` and `/api`.
    pub(crate) variable: Option<(String, String)>,
}

/// Addresses of this machine in the settings of a frontend, and those in its sources that a variable replaces.
pub(crate) fn targets(repository: &Repository, directory: &str) -> Vec<Target> {
    const NEXT: [&str; 3] = ["next.config.js", "next.config.mjs", "next.config.ts"];
    let pattern = Regex::new(
        r#"(?:(?:process\.env|import\.meta\.env)\.(\w+)\s*(?:\|\||\?\?)\s*["'`])?http://(?:localhost|127\.0\.0\.1):(\d{2,5})([\w/.-]*)"#,
    );
    let pattern = pattern.expect("it is a pattern");
    let settings: Vec<String> = FILES
        .iter()
        .flat_map(|(_, files)| files.iter())
        .chain(&NEXT)
        .map(|file| join(directory, file))
        .collect();
    let sources = repository.sources(directory, &["js", "mjs", "ts", "mts"]).into_iter();
    let mut found = Vec::new();
    let local = |text: &str| text.contains("http://localhost:") || text.contains("http://127.0.0.1:");
    for (file, text) in sources.filter(|(_, text)| local(text)) {
        for target in pattern.captures_iter(text) {
            let part = |group: usize| target.get(group).map(|part| part.as_str().to_owned());
            let Some(port) = part(2).and_then(|digits| digits.parse().ok()) else {
                continue;
            };
            let variable = part(1).map(|name| (name, part(3).unwrap_or_default()));
            if variable.is_some() || settings.iter().any(|it| it == file) {
                found.push(Target {
                    port,
                    file: file.to_owned(),
                    variable,
                });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
