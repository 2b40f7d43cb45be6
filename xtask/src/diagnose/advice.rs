//! What the user can do about a failed service, if known.

use std::path::Path;

use super::{Diagnosis, ExitStatus, FailureKind, Subject};
use crate::config::suggest::is_slip;
use crate::diagnostic::{Hint, Platform};
use crate::plan::{Runs, Service, Stdin, VenvInputs, interpreter_of};

/// The hints below a failure.
pub(crate) fn advice(
    service: &Service,
    status: ExitStatus,
    before_ready: bool,
    diagnosis: Option<&Diagnosis>,
    checkout: &Path,
) -> Vec<Hint> {
    // What ended is inside a container, whose packages and directories are not ours to name.
    if service.runs != Runs::Command {
        return Vec::new();
    }
    let words = &service.command.words;
    let mut advice: Vec<Hint> = meant_for_a_shell(words).into_iter().map(Hint::from).collect();
    if status.code == Some(0) && (before_ready || diagnosis.is_some()) {
        advice.extend(to_the_background(words).map(Hint::from));
    }
    if let Some(diagnosis) = diagnosis {
        advice.extend(diagnosis.hints.iter().cloned());
        advice.extend(by_kind(service, diagnosis, checkout));
    }
    advice
}

pub(super) fn by_kind(service: &Service, diagnosis: &Diagnosis, checkout: &Path) -> Vec<Hint> {
    use FailureKind::*;
    let name = &service.name;
    let checkout = service.place.seen_from(checkout);
    let directory = display_path(&service.working_dir, checkout);
    let hint = match (diagnosis.kind, &diagnosis.subject) {
        (ApplicationMissing, Some(Subject::Application(application))) => {
            format!(
                "correct `{application}` in `command` of `{name}`, or `working_dir`: modules are looked for in `{directory}`"
            )
        }
        (PythonModuleMissing, Some(Subject::Module(module))) if service.command.runs_module(module) => {
            // A mistyped name may be that of a harmful package.
            if !diagnosis.hints.is_empty() {
                return Vec::new();
            }
            format!("correct `-m {module}` in `command` of `{name}`, or install the package that has this module")
        }
        (PythonModuleMissing, Some(Subject::Module(module))) => {
            let own = format!("or correct `working_dir`, if `{module}` is your own: it is `{directory}`");
            return vec![install(service, Some(package(module)), checkout), own.into()];
        }
        (PythonModuleMissing, _) => return vec![install(service, None, checkout)],
        (NodeModuleMissing, Some(Subject::File(file))) => {
            let file = display_path(Path::new(file), checkout);
            format!("correct `command` or `working_dir` of `{name}`, or the import: there is no `{file}`")
        }
        (NodeModuleMissing, _) if diagnosis.hints.is_empty() => npm_install(&directory),
        (LibraryMissing, Some(Subject::Remedy(install))) => match directory.as_str() {
            "." => format!("install what is missing with `{install}`"),
            directory => {
                let there = service
                    .working_dir
                    .strip_prefix(checkout)
                    .unwrap_or(&service.working_dir);
                let there = format!("install what is missing with `{install}` in `{}`", there.display());
                let from_here = format!("install what is missing with `cd {directory} && {install}`");
                return vec![Hint::from(from_here).on(Platform::Windows, there)];
            }
        },
        (CommandNotFound, _) if runs_node_scripts(service) && diagnosis.hints.is_empty() => npm_install(&directory),
        (CommandNotFound, Some(Subject::Command(command))) if diagnosis.hints.is_empty() => match &service.venv {
            Some(_) => format!("install `{command}`, or correct the name"),
            None => format!("install `{command}`, correct the name, or set `venv` if it lives in one"),
        },
        (NotExecutable, Some(Subject::Program(path))) => format!("run `chmod +x {}`", shell_words::quote(path)),
        (Denied, Some(Subject::Port { number, .. })) if *number < 1024 => {
            let taken =
                format!("look whether a program has {number} to itself alone with `netsh http show servicestate`");
            let higher = Hint::from(format!("give `{name}` a port from 1024 up: {number} needs a privilege"));
            return vec![higher.on(Platform::Windows, taken)];
        }
        // Windows may keep a range around it.
        (Denied, Some(Subject::Port { number, .. })) => {
            return vec![Hint::run("look why with", format!("port who {number}"))];
        }
        (PortBusy, Some(Subject::Port { number, .. })) if declares_others(service, *number) => {
            format!("let `{name}` listen on a port that it declares: {number} is none of them")
        }
        (PortBusy, _) if service.listen => handed_over(service),
        (ContainerHasPort | HostHasPort, subject) => {
            let hint = unpublished_port(service, diagnosis.kind, subject.as_ref());
            return hint.into_iter().collect();
        }
        (VariableMissing, Some(Subject::Variable(variable))) => set_variable(service, variable, checkout),
        (InputEnded, _) if !service.tty && service.stdin == Stdin::Null => {
            let text = format!(
                "set `tty = true`, or for plain lines `stdin = \"open\"`, in [services.{name}], then answer it with"
            );
            return vec![Hint::run(&text, format!("attach {name}"))];
        }
        (OutOfMemory, Some(Subject::Remedy(limit))) => format!("raise {limit} in `environment`"),
        // Only Linux has this limit. Source: man 7 inotify.
        (WatchLimit, _) => "raise the limit with `sudo sysctl fs.inotify.max_user_watches=524288`".to_owned(),
        (TooManyFiles, _) => {
            let fewer =
                format!("let `{name}` open fewer files at a time: Windows has no `ulimit` that would allow more");
            let raise = Hint::from("raise the limit with `ulimit -n 4096` in this terminal, then try again");
            return vec![raise.on(Platform::Windows, fewer)];
        }
        (DiskFull, _) => {
            let drives = "see what is full with `Get-PSDrive -PSProvider FileSystem` in PowerShell";
            return vec![Hint::from("see what is full with `df -h`").on(Platform::Windows, drives)];
        }
        (Daemonized, _) if to_the_background(&service.command.words).is_none() => {
            format!("let `{name}` stay in front: it ends when its first process does")
        }
        // Most kinds and messages have no advice, and a new kind may have none, so they are not listed.
        _ => return Vec::new(),
    };
    vec![hint.into()]
}

fn display_path(path: &Path, checkout: &Path) -> String {
    match path.strip_prefix(checkout) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => Platform::here().word(&rest.to_string_lossy()).into_owned(),
        Err(_) => Platform::here().word(&path.to_string_lossy()).into_owned(),
    }
}

/// Where the file says what belongs in the venv, the package is not among it, or `up` would have found it missing.
fn install(service: &Service, package: Option<&str>, checkout: &Path) -> Hint {
    let Some(venv) = &service.venv else {
        return format!("set `venv` of `{}` in devtasks.toml: it runs in none", service.name).into();
    };
    let list = match &venv.inputs {
        VenvInputs::Unknown => None,
        VenvInputs::Requirements(files) => files.last().cloned(),
        VenvInputs::Project(directory) => Some(directory.join("pyproject.toml")),
    };
    match (&venv.name, list, package) {
        (Some(name), Some(list), Some(package)) => {
            let list = display_path(&list, checkout);
            let text = format!("list `{package}` in `{list}`, and install it with");
            Hint::run(&text, format!("venv sync {name}"))
        }
        (Some(name), Some(_), None) => Hint::run("install what is missing with", format!("venv sync {name}")),
        (_, _, package) => {
            let python = display_path(&interpreter_of(&venv.path), checkout);
            let package = package.unwrap_or("-r requirements.txt");
            format!("install it into the venv with `{python} -m pip install {package}`").into()
        }
    }
}

fn npm_install(directory: &str) -> String {
    format!("install what is missing with `npm install --prefix {directory}`")
}

fn set_variable(service: &Service, variable: &str, checkout: &Path) -> String {
    let name = &service.name;
    let mut known = service.own_variables.iter().filter_map(|name| name.to_str());
    match (known.find(|known| is_slip(known, variable)), service.env_files.last()) {
        (Some(slip), _) => format!("rename `{slip}`, which is set, to `{variable}`"),
        (None, Some(file)) => {
            let file = display_path(&file.path, checkout);
            format!("set `{variable}` in `{file}`, or in `environment` of `{name}`")
        }
        (None, None) => format!("set `{variable}` in `environment` of `{name}`, or in an `env_file`"),
    }
}

fn runs_node_scripts(service: &Service) -> bool {
    let words = &service.command.words;
    let program = words.first().and_then(|word| Path::new(word).file_name());
    program.is_some_and(|program| ["npm", "npx", "pnpm", "yarn"].iter().any(|name| program == *name))
}

/// The service declares other ports but not this one, so preflight has not checked it.
fn declares_others(service: &Service, port: u16) -> bool {
    !service.ports.is_empty() && service.ports.iter().all(|it| it.number != port)
}

/// The service found its port busy because the supervisor had opened it for the service.
fn handed_over(service: &Service) -> String {
    let sockets = match service.ports.len() {
        1 => "descriptor 3, which `listen = true` has".to_owned(),
        n => format!("descriptors 3 to {}, which `listen = true` has", n + 2),
    };
    format!(
        "let `{}` take {sockets} opened for it, instead of opening that port itself, or leave `listen` out",
        service.name
    )
}

/// The owner of the port that a container engine could not publish; the service's own port if none is named.
fn unpublished_port(service: &Service, kind: FailureKind, subject: Option<&Subject>) -> Option<Hint> {
    let port = match subject {
        Some(Subject::Port { number, .. }) => *number,
        _ => service.ports.first()?.number,
    };
    Some(match kind {
        FailureKind::HostHasPort => Hint::run("look who has it with", format!("port who {port}")),
        _ => format!("find the container with `docker ps --filter publish={port}`, then `docker stop` it").into(),
    })
}

/// A word of the command that only a shell interprets; it was passed to the program unchanged.
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

/// The option that makes a server daemonize, so that it is no longer supervised.
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

/// The package that contains a module, if the names differ.
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
