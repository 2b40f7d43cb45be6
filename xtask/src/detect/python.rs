//! Python: its projects with their venvs, and the programs that their sources are.

mod app;
mod project;

use super::listens::listens;
use super::program::{Number, Origin, Program};
use super::repository::{Repository, base, join, parent};
use super::tool::Kind;
use app::{App, app, in_directory};
pub(crate) use project::{Packages, Project, project_of, projects};

/// The servers and workers of every Python project.
pub(crate) fn programs(repository: &Repository) -> Vec<Program> {
    let projects = projects(repository);
    projects
        .iter()
        .flat_map(|project| of_project(project, repository))
        .collect()
}

fn of_project(project: &Project, repository: &Repository) -> Vec<Program> {
    let django = django(project, repository);
    let mut found = Vec::new();
    match &django {
        Some(program) => found.push(program.clone()),
        None => found.extend(web(project, repository)),
    }
    found.extend(streamlit(project, repository));
    found.extend(celery(
        project,
        repository,
        django.as_ref().map(|program| program.directory.as_str()),
    ));
    found
}

fn django(project: &Project, repository: &Repository) -> Option<Program> {
    let manage = repository.sources(&project.directory, &["py"]).into_iter();
    let manage = manage.filter(|(path, _)| project.owns(path));
    let (path, _) = manage
        .into_iter()
        .find(|(path, text)| base(path) == "manage.py" && text.contains("django"))?;
    Some(Program::new(
        Origin::Guess,
        parent(path),
        "python manage.py runserver",
        path,
    ))
}

/// FastAPI and Flask, and what works like them.
fn web(project: &Project, repository: &Repository) -> Option<Program> {
    let asgi = [
        ("FastAPI", "FastAPI("),
        ("Starlette", "Starlette("),
        ("Litestar", "Litestar("),
        ("Quart", "Quart("),
    ];
    for (name, call) in asgi {
        if let Some(app) = app(project, repository, call) {
            let (directory, module) = in_directory(&app, project, repository);
            let factory = if app.is_factory { " --factory" } else { "" };
            // It runs where the settings are, and imports from `src`.
            let src = join(&project.directory, "src");
            let (directory, in_src) = match app.is_in_src && directory == src {
                true => (project.directory.clone(), " --app-dir src"),
                false => (directory, ""),
            };
            let line = format!("python -m uvicorn {module}:{}{factory}{in_src} --reload", app.variable);
            return Some(
                Program::new(Origin::Guess, &directory, line, why(&app, name))
                    .on(own_number(&app, repository, &directory)),
            );
        }
    }
    let app = app(project, repository, "Flask(")?;
    let (directory, module) = in_directory(&app, project, repository);
    let target = match app.variable.as_str() {
        // Flask finds these by itself.
        "app" | "application" | "create_app" | "make_app" => module,
        variable => format!("{module}:{variable}"),
    };
    let line = format!("python -m flask --app {target} run --debug");
    Some(Program::new(Origin::Guess, &directory, line, why(&app, "Flask")).on(own_number(&app, repository, &directory)))
}

fn why(app: &App, name: &str) -> String {
    match app.is_factory {
        true => format!("{}: {} makes a {name}", app.file, app.variable),
        false => format!("{}: {} = {name}(…)", app.file, app.variable),
    }
}

/// `uvicorn.run(app, port=8001)` in the file of the app.
fn own_number(app: &App, repository: &Repository, directory: &str) -> Option<Number> {
    listens(repository, directory, Some(&app.file), Kind::Python)?.number
}

fn streamlit(project: &Project, repository: &Repository) -> Option<Program> {
    if !project.lists("streamlit") {
        return None;
    }
    let pages = repository
        .sources(&project.directory, &["py"])
        .into_iter()
        .filter(|(path, text)| project.owns(path) && text.contains("import streamlit") && !path.contains("/pages/"));
    let rank = |path: &str| {
        ["streamlit_app.py", "app.py", "main.py", "Home.py"]
            .iter()
            .position(|name| base(path) == *name)
            .unwrap_or(9)
    };
    let (path, _) = pages.min_by_key(|(path, _)| (rank(path), path.len()))?;
    let file = super::repository::below(&project.directory, path)?;
    // Without a terminal it would ask for an address at the first start.
    let line = format!(
        "python -m streamlit run {} --server.headless true",
        shell_words::quote(file)
    );
    Some(Program::new(
        Origin::Guess,
        &project.directory,
        line,
        format!("{path}: import streamlit"),
    ))
}

fn celery(project: &Project, repository: &Repository, django: Option<&str>) -> Vec<Program> {
    let Some(app) = app(project, repository, "Celery(") else {
        return Vec::new();
    };
    let (directory, module) = match django {
        // `celery` imports the settings as `manage.py` does.
        Some(directory) => (
            directory.to_owned(),
            app::module(directory, &app.file).unwrap_or_default(),
        ),
        None => in_directory(&app, project, repository),
    };
    let module = module.strip_suffix(".celery").map(str::to_owned).unwrap_or(module);
    let target = match app.variable.as_str() {
        "app" | "celery" => module,
        variable => format!("{module}:{variable}"),
    };
    let why = format!("{}: {} = Celery(…)", app.file, app.variable);
    let program = |role: &str| {
        let line = format!("python -m celery -A {target} {role} --loglevel INFO");
        Program::new(Origin::Guess, &directory, line, why.clone()).named(if role == "beat" { "beat" } else { "worker" })
    };
    let mut found = vec![program("worker")];
    let schedule = repository
        .sources(&project.directory, &["py"])
        .into_iter()
        .find(|(_, text)| {
            text.contains("beat_schedule")
                || text.contains("CELERY_BEAT_SCHEDULE")
                || text.contains("add_periodic_task(")
        });
    if let Some((file, _)) = schedule {
        let mut beat = program("beat");
        beat.why.push(format!("{file} has a schedule"));
        found.push(beat);
    }
    found
}
