//! The object that a server imports, such as `app = FastAPI()`, and the module it is in.

use regex_lite::Regex;

use super::Project;
use crate::detect::repository::{Repository, base, below, join, parent};

/// `app` of `app = FastAPI(…)`.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) file: String,
    /// The name of the object or of the function that makes it.
    pub(crate) variable: String,
    pub(crate) is_factory: bool,
    /// The file is in `src/`, which is not part of its module's name.
    pub(crate) is_in_src: bool,
}

/// The nearest file in which something is made with `call`, such as `FastAPI(`: an object at the top of a file before a
/// function.
pub(crate) fn app(project: &Project, repository: &Repository, call: &str) -> Option<App> {
    let object = Regex::new(&format!(
        r"(?m)^(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:\w+\.)?{}\(",
        call.trim_end_matches('(')
    ))
    .expect("it is a pattern");
    let function = Regex::new(r"(?m)^def ((?:create|make|get|build)_(?:app|application))\(").expect("it is a pattern");
    let calls = Regex::new(&format!(r"=\s*(?:\w+\.)?{}\(", call.trim_end_matches('('))).expect("it is a pattern");
    let result =
        Regex::new(r"(?m)^(\w+)\s*=\s*(?:create|make|get|build)_(?:app|application)\(").expect("it is a pattern");
    let files = repository.sources(&project.directory, &["py"]);
    let files: Vec<_> = files.into_iter().filter(|(path, _)| project.owns(path)).collect();
    let named = |file: &str, variable: &str, is_factory| App {
        file: file.to_owned(),
        variable: variable.to_owned(),
        is_factory,
        is_in_src: below(&project.directory, file).is_some_and(|rest| rest.starts_with("src/")),
    };
    let capture = |pattern: &Regex, text: &str| Some(pattern.captures(text)?.get(1)?.as_str().to_owned());
    // A pattern is slow, and few files have the name at all.
    let calling: Vec<_> = files.iter().filter(|(_, text)| text.contains(call)).collect();
    let objects = calling
        .iter()
        .filter_map(|(file, text)| Some((file, capture(&object, text)?)));
    let rank = |file: &str| {
        [
            "main.py",
            "app.py",
            "asgi.py",
            "wsgi.py",
            "server.py",
            "api.py",
            "__init__.py",
            "celery.py",
        ]
        .iter()
        .position(|name| base(file) == *name)
    };
    let best = objects.min_by_key(|(file, _)| (file.matches('/').count(), rank(file).unwrap_or(9)));
    if let Some((file, variable)) = best {
        return Some(named(file, &variable, false));
    }
    let (file, text) = calling
        .iter()
        .find(|(_, text)| calls.is_match(text) && function.is_match(text))?;
    let factory = capture(&function, text)?;
    // `app = create_app()` in `wsgi.py`, beside it or above.
    let made = files
        .iter()
        .filter_map(|(file, text)| Some((file, capture(&result, text)?)));
    let made = made.min_by_key(|(file, _)| (file.matches('/').count(), rank(file).unwrap_or(9)));
    Some(match made {
        Some((file, variable)) => named(file, &variable, false),
        None => named(file, &factory, true),
    })
}

/// The directory that a program of this file runs in, and the module as seen from there.
///
/// That is the directory of the project, unless the file imports its neighbours by their bare names.
pub(crate) fn in_directory(app: &App, project: &Project, repository: &Repository) -> (String, String) {
    let home = match app.is_in_src {
        true => join(&project.directory, "src"),
        false => project.directory.clone(),
    };
    let own = parent(&app.file);
    let text = repository.text(&app.file).unwrap_or_default();
    let imports = Regex::new(r"(?m)^(?:from|import) ([A-Za-z_]\w*)").expect("it is a pattern");
    let names = imports
        .captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.as_str().to_owned()));
    let is_in = |directory: &str, name: &str| {
        let file = join(directory, name);
        repository.has(&format!("{file}.py"))
            || repository
                .files
                .keys()
                .any(|path| below(&file, path).is_some_and(|rest| rest.ends_with(".py")))
    };
    // A package is imported by its name, even if a module of it is called like one of Python's own.
    let is_package = repository.has(&join(own, "__init__.py"))
        && text.lines().any(|line| {
            let rest = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "));
            rest.is_some_and(|rest| rest.starts_with('.') || rest.starts_with(base(own)))
        });
    let is_by_itself =
        !is_package && own != home && names.into_iter().any(|name| is_in(own, &name) && !is_in(&home, &name));
    let directory = if is_by_itself { own.to_owned() } else { home };
    let module = module(&directory, &app.file).unwrap_or_default();
    (directory, module)
}

/// `shop/api.py` → `shop.api`.
pub(crate) fn module(directory: &str, file: &str) -> Option<String> {
    let path = below(directory, file)?.strip_suffix(".py")?;
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    Some(path.replace('/', "."))
}
