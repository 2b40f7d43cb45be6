//! What a repository shows at first sight: its manifests, and the frameworks that they list.

use super::repository::{Repository, join};
use super::{compose, env, node, procfile, python};

const PYTHON: [(&str, &str); 9] = [
    ("fastapi", "FastAPI"),
    ("django", "Django"),
    ("flask", "Flask"),
    ("streamlit", "Streamlit"),
    ("litestar", "Litestar"),
    ("starlette", "Starlette"),
    ("celery", "Celery"),
    ("gunicorn", "gunicorn"),
    ("uvicorn", "uvicorn"),
];

const NODE: [(&str, &str); 16] = [
    ("next", "Next"),
    ("nuxt", "Nuxt"),
    ("astro", "Astro"),
    ("@sveltejs/kit", "SvelteKit"),
    ("@remix-run/dev", "Remix"),
    ("@react-router/dev", "React Router"),
    ("@angular/core", "Angular"),
    ("react-scripts", "Create React App"),
    ("vite", "Vite"),
    ("@nestjs/core", "Nest"),
    ("express", "Express"),
    ("fastify", "Fastify"),
    ("koa", "Koa"),
    ("hono", "Hono"),
    ("concurrently", "concurrently"),
    ("nodemon", "nodemon"),
];

/// A phrase for each file: `backend/requirements.txt (FastAPI)`.
pub(crate) fn found(repository: &Repository) -> Vec<String> {
    let mut found = Vec::new();
    for project in python::projects(repository) {
        let frameworks: Vec<&str> = PYTHON
            .iter()
            .filter(|(package, _)| project.lists(package))
            .map(|(_, name)| *name)
            .collect();
        found.push(phrase(&project.evidence(repository), &frameworks, 3));
    }
    for package in node::packages(repository) {
        let frameworks: Vec<&str> = NODE
            .iter()
            .filter(|(name, _)| package.depends_on(name))
            .map(|(_, name)| *name)
            .collect();
        if !frameworks.is_empty() {
            found.push(phrase(&join(&package.directory, "package.json"), &frameworks, 2));
        }
    }
    for name in [
        "go.mod",
        "Gemfile",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "composer.json",
        "Cargo.toml",
    ] {
        found.extend(
            repository
                .named(name)
                .into_iter()
                .take(2)
                .map(|(path, _)| path.to_owned()),
        );
    }
    let processes = procfile::programs(repository);
    if let Some(path) = processes
        .first()
        .and_then(|program| program.why.first()?.split(':').next())
    {
        found.push(format!("{path} ({})", count(processes.len(), "process", "processes")));
    }
    match compose::file(repository) {
        Some((path, Some(file))) => found.push(format!(
            "{path} ({})",
            count(file.services.len(), "service", "services")
        )),
        Some((path, None)) => found.push(path),
        None => {}
    }
    if repository.has(".claude/launch.json") {
        found.push(".claude/launch.json".to_owned());
    }
    let ports = env::ports(repository);
    if let Some(file) = ports.first().map(|port| port.file.clone()) {
        let n = ports.iter().filter(|port| port.file == file).count();
        found.push(format!("{file} ({})", count(n, "port", "ports")));
    }
    found
}

fn phrase(path: &str, what: &[&str], at_most: usize) -> String {
    match what {
        [] => path.to_owned(),
        what => format!(
            "{path} ({})",
            what.iter().take(at_most).copied().collect::<Vec<_>>().join(", ")
        ),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
