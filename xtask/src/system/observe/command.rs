//! The program of a service, or the name that its command was probably meant to have.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::config::suggest::{closest, is_one_letter_off};
use crate::plan::{Environment, Service, bin};
use crate::preflight::CommandFact;
use crate::preflight::needs::command::TOOLS;

pub(super) fn command(service: &Service, checkout: &Path) -> CommandFact {
    let word = &service.command.words[0];
    match find_program(word, &service.working_dir, &service.environment) {
        Ok(path) => match missing_interpreter(&path) {
            Some(interpreter) => CommandFact::InterpreterMissing {
                script: path,
                interpreter,
            },
            None => CommandFact::Found(path),
        },
        Err(_) if word.contains('/') && service.working_dir.join(word).is_file() => {
            CommandFact::NotExecutable(service.working_dir.join(word))
        }
        Err(_) => CommandFact::NotFound {
            near: near(word, service, checkout),
        },
    }
}

/// What a word that is no program was probably meant to be.
pub(crate) fn near(word: &str, service: &Service, checkout: &Path) -> Option<String> {
    match word.contains('/') {
        true => near_path(word, &service.working_dir, checkout),
        false => near_program(word, service, checkout),
    }
}

/// Finds a command as its service would: in the `PATH` of that environment, relative to the working directory.
pub(crate) fn find_program(
    program: &str,
    working_dir: &Path,
    environment: &Environment,
) -> Result<PathBuf, which::Error> {
    which::which_in(program, search_path(environment), working_dir)
}

/// The `PATH` of that environment.
pub(super) fn search_path(environment: &Environment) -> Option<&OsString> {
    environment.get(OsStr::new("PATH"))
}

/// The interpreter of a script's first line if it is missing; exec would report "no such file" for the script itself.
fn missing_interpreter(script: &Path) -> Option<PathBuf> {
    let mut first = Vec::new();
    BufReader::new(fs::File::open(script).ok()?)
        .read_until(b'\n', &mut first)
        .ok()?;
    let line = String::from_utf8_lossy(first.strip_prefix(b"#!")?).trim().to_owned();
    let interpreter = PathBuf::from(line.split_whitespace().next()?);
    (interpreter.is_absolute() && !interpreter.exists()).then_some(interpreter)
}

/// A path that begins at the project's directory instead of the working directory, or one with a similar file name.
fn near_path(word: &str, working_dir: &Path, checkout: &Path) -> Option<String> {
    let from_checkout = checkout.join(word);
    if from_checkout.is_file()
        && let Ok(inside) = from_checkout.strip_prefix(working_dir)
    {
        return Some(format!("./{}", inside.display()));
    }
    let (directory, name) = word.rsplit_once('/')?;
    let names = names(&working_dir.join(directory));
    let near = closest(name, names.iter().map(String::as_str))?;
    Some(format!("{directory}/{near}"))
}

/// The venv's programs come first in `PATH`. One of the Node project is named as seen from the working directory.
fn near_program(word: &str, service: &Service, checkout: &Path) -> Option<String> {
    let of_node = node_programs(&service.working_dir, checkout);
    let node = |name: &str| {
        of_node
            .iter()
            .find(|(program, _)| program == name)
            .map(|(_, path)| path.clone())
    };
    if let Some(exact) = node(word) {
        return Some(exact);
    }
    if TOOLS.contains(&word) {
        return None;
    }
    let of_venv = service.venv.as_ref().map(|venv| names(&bin(&venv.path)));
    let of_venv = of_venv.unwrap_or_default();
    let of_node_names = of_node.iter().map(|(program, _)| program.as_str());
    if let Some(near) = closest(word, of_venv.iter().map(String::as_str).chain(of_node_names)) {
        return node(near).or_else(|| Some(near.to_owned()));
    }
    // Among thousands of names some are always similar.
    let path = search_path(&service.environment).map(std::env::split_paths);
    let mut of_path = path.into_iter().flatten().flat_map(|directory| names(&directory));
    of_path.find(|name| is_one_letter_off(word, name))
}

/// Names and paths of the programs in `node_modules/.bin` of the working directory and above.
fn node_programs(working_dir: &Path, checkout: &Path) -> Vec<(String, String)> {
    let directories = working_dir.ancestors().take_while(|it| it.starts_with(checkout));
    let mut programs = Vec::new();
    for (n_up, directory) in directories.enumerate() {
        let bin = format!("{}node_modules/.bin", "../".repeat(n_up));
        let names = names(&directory.join("node_modules/.bin"));
        programs.extend(names.into_iter().map(|name| {
            let path = format!("{bin}/{name}");
            (name, path)
        }));
    }
    programs
}

/// The names in a directory, sorted; none if it cannot be read.
pub(super) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
