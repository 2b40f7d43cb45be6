//! A service that failed: how it ended, the lines that show why, what to do.

use std::path::Path;
use std::time::Duration;

use super::escape::visible;
use super::paint::Paint;
use super::problem::hints;
use super::{cause, words};
use crate::plan::{Service, bin};
use crate::supervise::diagnosis::{Diagnosis, Kind};
use crate::supervise::{Cause, Status};

/// So many last lines of a log are shown.
const LINES: usize = 10;

/// The whole report; ends with a line break.
pub(crate) fn failure(service: &Service, why: &Cause, tail: &[String], checkout: &Path, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bold(&service.name), paint.bad(&headline(why)));
    text.push_str(&shown(&evidence(why, tail)));
    text.push_str(&hints(&advice(service, why, checkout), paint));
    text
}

/// Lines of a log, after an empty one; nothing if there are none.
pub(super) fn shown(lines: &[String]) -> String {
    // Its colours would not end where its line does, and may be unwanted.
    let plain = |line: &String| visible(&console::strip_ansi_codes(line).replace('\t', "    ")).into_owned();
    let lines: String = lines
        .iter()
        .map(|line| format!("  {}\n", plain(line).trim_end()))
        .collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// `failed after 0.4 s (exit code 1): a Python package is missing`.
pub(crate) fn headline(why: &Cause) -> String {
    let after = |after: &Duration| words::duration(*after);
    match why {
        Cause::Exited {
            status,
            after: took,
            diagnosis: Some(diagnosis),
            ..
        } => {
            let status = cause::status(*status);
            format!("failed after {} ({status}): {}", after(took), diagnosis.kind.words())
        }
        Cause::Exited {
            status: Status { code: Some(0), .. },
            after: took,
            before_ready: true,
            ..
        } => {
            format!(
                "failed: it ended by itself after {} (exit code 0), before it was ready",
                after(took)
            )
        }
        Cause::Exited {
            status, after: took, ..
        } => {
            format!("failed after {} ({})", after(took), cause::status(*status))
        }
        Cause::NotReady { .. } => format!("is {}", cause::cause(why)),
        Cause::NotSpawned { .. } => format!("could not be started: {}", cause::cause(why)),
        Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } => {
            format!("failed: {}", cause::cause(why))
        }
        Cause::Again { last, .. } => headline(last),
        Cause::GaveUp { last, n_restarts } => {
            let restarts = words::count(*n_restarts as usize, "restart");
            format!("{}; gave up after {restarts}", headline(last))
        }
    }
}

/// The line that shows the cause or, where none does, the last lines.
pub(crate) fn evidence(why: &Cause, tail: &[String]) -> Vec<String> {
    match why.last() {
        Cause::Exited {
            diagnosis: Some(Diagnosis { evidence, .. }),
            ..
        } if !evidence.is_empty() => {
            vec![evidence.clone()]
        }
        Cause::Exited { .. } | Cause::NotReady { .. } | Cause::Survived { .. } => {
            tail[tail.len().saturating_sub(LINES)..].to_vec()
        }
        Cause::NotSpawned { .. } | Cause::Dependency { .. } | Cause::Unhealthy { .. } => Vec::new(),
        Cause::Again { .. } | Cause::GaveUp { .. } => Vec::new(),
    }
}

/// What to do about it, where that is known.
pub(crate) fn advice(service: &Service, why: &Cause, checkout: &Path) -> Vec<String> {
    let why = why.last();
    let Cause::Exited { diagnosis, .. } = why else {
        return Vec::new();
    };
    let words = &service.command.words;
    let mut advice: Vec<String> = meant_for_a_shell(words).into_iter().collect();
    if let Cause::Exited {
        status: Status { code: Some(0), .. },
        before_ready: true,
        ..
    } = why
    {
        advice.extend(to_the_background(words));
    }
    let Some(diagnosis) = diagnosis else {
        return advice;
    };
    advice.extend(diagnosis.hints.iter().cloned());
    let shown = |path: &Path| match path.strip_prefix(checkout) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => shell_words::quote(&rest.to_string_lossy()).into_owned(),
        Err(_) => shell_words::quote(&path.to_string_lossy()).into_owned(),
    };
    match diagnosis.kind {
        Kind::PythonModuleMissing => {
            let module = module(&diagnosis.evidence);
            advice.push(match &service.venv {
                Some(venv) => {
                    let python = shown(&bin(&venv.path).join("python"));
                    let package = module.map_or("-r requirements.txt", package);
                    format!("install it into the venv with `{python} -m pip install {package}`")
                }
                None => format!("set `venv` of `{}` in devtasks.toml: it runs in none", service.name),
            });
            if let Some(module) = module {
                let folder = shown(&service.working_dir);
                advice.push(format!(
                    "or correct `working_dir`, if `{module}` is your own: it is `{folder}`"
                ));
            }
        }
        Kind::NodeModuleMissing => advice.push(match node_file(&diagnosis.evidence) {
            Some(file) => format!(
                "correct `command` or `working_dir` of `{}`, or the import: there is no `{}`",
                service.name,
                shown(Path::new(file))
            ),
            None => format!(
                "install what is missing with `npm install --prefix {}`",
                shown(&service.working_dir)
            ),
        }),
        Kind::PortBusy | Kind::CommandNotFound | Kind::Denied => {}
    }
    advice
}

/// What a shell would have done with a word of the command, which reached the program as it is.
fn meant_for_a_shell(words: &[String]) -> Option<String> {
    const OPERATORS: [&str; 8] = ["&&", "||", "|", ";", "&", ">", ">>", "<"];
    words.iter().skip(1).find_map(|word| {
        if OPERATORS.contains(&word.as_str()) {
            return Some(format!(
                "set `shell = true` if `{word}` is meant for a shell: it is an argument now"
            ));
        }
        let name = word.strip_prefix('$')?;
        let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        (is_name && begins).then(|| format!("write `${{{name}}}` for the variable: `{word}` is an argument now"))
    })
}

/// What makes a server leave its process behind and go on where nobody watches it.
fn to_the_background(words: &[String]) -> Option<String> {
    const FLAGS: [&str; 4] = ["-D", "--daemon", "--daemonize", "--detach"];
    if let Some(flag) = words.iter().skip(1).find(|word| FLAGS.contains(&word.as_str())) {
        return Some(format!(
            "leave out `{flag}`, if it sends the service to the background: a service stays in front"
        ));
    }
    let program = Path::new(words.first()?).file_name()?;
    let is_told = words.iter().any(|word| word.contains("daemon off"));
    (program == "nginx" && !is_told).then(|| "add `-g 'daemon off;'`: a service stays in front".to_owned())
}

/// The file that Node did not find, where it was no package: `Cannot find module '/home/kim/shop/server.js'`.
fn node_file(evidence: &str) -> Option<&str> {
    let name = evidence.split("Cannot find module '").nth(1)?.split('\'').next()?;
    (name.starts_with('/') || name.starts_with("./") || name.starts_with("../")).then_some(name)
}

/// The package that brings a module, where their names differ.
fn package(module: &str) -> &str {
    match module {
        "PIL" => "Pillow",
        "attr" => "attrs",
        "bs4" => "beautifulsoup4",
        "cv2" => "opencv-python",
        "dateutil" => "python-dateutil",
        "dotenv" => "python-dotenv",
        "jose" => "python-jose",
        "jwt" => "PyJWT",
        "multipart" => "python-multipart",
        "psycopg2" => "psycopg2-binary",
        "sklearn" => "scikit-learn",
        "yaml" => "PyYAML",
        same => same,
    }
}

/// `sqlalchemy` in `No module named 'sqlalchemy.orm'`.
fn module(evidence: &str) -> Option<&str> {
    let rest = evidence.split("No module named ").nth(1)?;
    let name = rest.trim_matches(|it: char| it == '\'' || it == '"' || it.is_whitespace());
    name.split(['.', '\'', '"', ';']).next().filter(|name| !name.is_empty())
}
