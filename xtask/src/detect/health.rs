//! A path that sources answer when all is well. Guessed paths would never become ready, so only evident ones count.

use regex_lite::Regex;

use super::candidate::Candidate;
use super::python;
use super::repository::{Repository, join};
use super::tool::{Kind, Role};

const PATH: &str = r"/(?:api/)?(?:health|healthz|healthcheck|livez|readyz|up|ping)/?";

/// What every such path has, to look for before a pattern is tried, which is slow.
const NAMES: [&str; 5] = ["/health", "/livez", "/readyz", "/up", "/ping"];

/// The path and where it stands.
pub(crate) fn path(repository: &Repository, candidate: &Candidate) -> Option<(String, String)> {
    if !matches!(candidate.role, Role::Server | Role::NodeServer) || candidate.port.is_none() {
        return None;
    }
    let (extensions, pattern): (&[&str], String) = match candidate.kind {
        // A router may have a prefix, so only routes of the app itself count.
        Kind::Python => (
            &["py"],
            format!(r#"@(?:app|application)\.(?:get|route)\(\s*["']({PATH})["']"#),
        ),
        Kind::Javascript => (
            &["js", "ts", "mjs", "cjs"],
            format!(r#"\b(?:app|server|fastify)\.get\(\s*["'`]({PATH})["'`]"#),
        ),
        Kind::Go => (
            &["go"],
            format!(r#"(?:HandleFunc|Handle|\.GET|\.Get)\(\s*"(?:GET )?({PATH})""#),
        ),
        Kind::Rust => (&["rs"], format!(r#"(?:\.route\(|#\[get\()\s*"({PATH})""#)),
        Kind::Other => return rails(repository, &candidate.directory),
        Kind::NodeModule => return None,
    };
    let pattern = Regex::new(&pattern).expect("it is made of valid parts");
    let top = python::project_of(repository, &candidate.directory).filter(|_| candidate.kind == Kind::Python);
    let directory = top.unwrap_or(&candidate.directory);
    let found = repository
        .sources(directory, extensions)
        .into_iter()
        .filter(|(_, text)| NAMES.iter().any(|name| text.contains(name)))
        .find_map(|(file, text)| {
            let route = pattern.captures(text)?.get(1)?.as_str().to_owned();
            Some((route.clone(), format!("{file} answers {route}")))
        });
    found.or_else(|| django(repository, &candidate.directory).filter(|_| candidate.kind == Kind::Python))
}

fn rails(repository: &Repository, directory: &str) -> Option<(String, String)> {
    let file = join(directory, "config/routes.rb");
    let is_there = repository
        .text(&file)?
        .lines()
        .any(|line| line.trim_start().starts_with("get \"up\""));
    is_there.then(|| ("/up".to_owned(), format!("{file}: get \"up\"")))
}

/// `path("health/", …)` in the urls of the project.
fn django(repository: &Repository, directory: &str) -> Option<(String, String)> {
    let pattern = Regex::new(r#"^\s*path\(\s*["']((?:health|healthz|up|ping)/?)["']"#).expect("it is a pattern");
    let urls = repository
        .sources(directory, &["py"])
        .into_iter()
        .filter(|(path, text)| {
            // Those that the others are included in.
            path.ends_with("/urls.py") && text.contains("admin.site.urls")
        });
    urls.into_iter().find_map(|(file, text)| {
        let route = text
            .lines()
            .find_map(|line| Some(pattern.captures(line)?.get(1)?.as_str().to_owned()))?;
        Some((format!("/{route}"), format!("{file}: path(\"{route}\", …)")))
    })
}
