//! What to do about a service that failed, where that is known.

use std::path::Path;

use super::{Diagnosis, ExitStatus, FailureKind, refused};
use crate::diagnostic::Hint;
use crate::plan::{Service, bin};

/// The hints below a failure.
pub(crate) fn advice(
    service: &Service,
    status: ExitStatus,
    before_ready: bool,
    diagnosis: Option<&Diagnosis>,
    checkout: &Path,
) -> Vec<Hint> {
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

fn by_kind(service: &Service, diagnosis: &Diagnosis, checkout: &Path) -> Vec<Hint> {
    let evidence = diagnosis.evidence.as_str();
    let hint = match diagnosis.kind {
        FailureKind::PythonModuleMissing => {
            return python_module(service, evidence, checkout)
                .into_iter()
                .map(Hint::from)
                .collect();
        }
        FailureKind::NodeModuleMissing => Some(match node_file(evidence) {
            Some(file) => format!(
                "correct `command` or `working_dir` of `{}`, or the import: there is no `{}`",
                service.name,
                display_path(Path::new(file), checkout)
            ),
            None => npm_install(service, checkout),
        }),
        FailureKind::LibraryMissing => library(service, evidence, checkout),
        FailureKind::CommandNotFound => command(service, evidence, checkout),
        FailureKind::NotExecutable => denied_program(evidence).map(|it| format!("run `chmod +x {it}`")),
        FailureKind::Denied => low_port(evidence)
            .map(|port| format!("give `{}` a port from 1024 up: {port} needs a privilege", service.name)),
        FailureKind::PortBusy => match other_port(service, evidence) {
            Some(port) => Some(format!(
                "let `{}` listen on a port that it declares: {port} is none of them",
                service.name
            )),
            None => service.listen.then(|| handed_over(service)),
        },
        FailureKind::ContainerHasPort => unpublished_port(service, evidence)
            .map(|port| format!("find the container with `docker ps --filter publish={port}`, then `docker stop` it")),
        FailureKind::HostHasPort => {
            let port = unpublished_port(service, evidence);
            return port
                .map(|port| Hint::run("look who has it with", format!("port who {port}")))
                .into_iter()
                .collect();
        }
        FailureKind::VariableMissing => variable(evidence).map(|it| set_variable(service, it, checkout)),
        FailureKind::OutOfMemory => own_limit(evidence).map(str::to_owned),
        FailureKind::WatchLimit => {
            Some("raise the limit with `sudo sysctl fs.inotify.max_user_watches=524288`".to_owned())
        }
        FailureKind::TooManyFiles => {
            Some("raise the limit with `ulimit -n 4096` in this terminal, then try again".to_owned())
        }
        FailureKind::DiskFull => Some("see what is full with `df -h`".to_owned()),
        // The driver knows the stack, and has told.
        FailureKind::Refused => None,
        FailureKind::AlreadyRunning
        | FailureKind::KilledForMemory
        | FailureKind::ProbablyKilledForMemory
        | FailureKind::Killed => None,
        FailureKind::SegmentationFault
        | FailureKind::Aborted
        | FailureKind::IllegalInstruction
        | FailureKind::ArithmeticError => None,
        FailureKind::Daemonized => to_the_background(&service.command.words).is_none().then(|| {
            format!(
                "let `{}` stay in front: it ends when its first process does",
                service.name
            )
        }),
    };
    hint.into_iter().map(Hint::from).collect()
}

fn display_path(path: &Path, checkout: &Path) -> String {
    match path.strip_prefix(checkout) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => shell_words::quote(&rest.to_string_lossy()).into_owned(),
        Err(_) => shell_words::quote(&path.to_string_lossy()).into_owned(),
    }
}

fn python_module(service: &Service, evidence: &str, checkout: &Path) -> Vec<String> {
    let module = module(evidence);
    let directory = display_path(&service.working_dir, checkout);
    // uvicorn was told this name in the command.
    if evidence.contains("Could not import module") {
        return vec![format!(
            "correct `command` or `working_dir` of `{}`: the module is looked for in `{directory}`",
            service.name
        )];
    }
    let mut advice = vec![match &service.venv {
        Some(venv) => {
            let python = display_path(&bin(&venv.path).join("python"), checkout);
            let package = module.map_or("-r requirements.txt", package);
            format!("install it into the venv with `{python} -m pip install {package}`")
        }
        None => format!("set `venv` of `{}` in devtasks.toml: it runs in none", service.name),
    }];
    if let Some(module) = module {
        advice.push(format!(
            "or correct `working_dir`, if `{module}` is your own: it is `{directory}`"
        ));
    }
    advice
}

fn npm_install(service: &Service, checkout: &Path) -> String {
    let directory = display_path(&service.working_dir, checkout);
    format!("install what is missing with `npm install --prefix {directory}`")
}

/// What installs the libraries of a runtime.
fn library(service: &Service, evidence: &str, checkout: &Path) -> Option<String> {
    const INSTALLERS: [(&str, &str); 5] = [
        ("cannot load such file", "bundle install"),
        ("Bundler::GemNotFound", "bundle install"),
        ("locally installed gems", "bundle install"),
        ("vendor/autoload.php", "composer install"),
        ("no required module provides package", "go mod tidy"),
    ];
    let (_, install) = INSTALLERS.iter().find(|(words, _)| evidence.contains(words))?;
    let directory = display_path(&service.working_dir, checkout);
    Some(match directory.as_str() {
        "." => format!("install what is missing with `{install}`"),
        directory => format!("install what is missing with `cd {directory} && {install}`"),
    })
}

fn command(service: &Service, evidence: &str, checkout: &Path) -> Option<String> {
    let runs_scripts = ["npm", "npx", "pnpm", "yarn"];
    let program = Path::new(service.command.words.first()?).file_name()?;
    if runs_scripts.iter().any(|name| program == *name) {
        return Some(npm_install(service, checkout));
    }
    let name = missing_command(evidence)?;
    let or = match &service.venv {
        Some(_) => "",
        None => ", or set `venv` if it lives in one",
    };
    Some(format!("install `{name}`{or}"))
}

/// `uvicorn` in `sh: 1: uvicorn: not found` and `zsh: command not found: uvicorn`.
fn missing_command(evidence: &str) -> Option<&str> {
    let before = [": command not found", ": not found", ": No such file or directory"];
    let before = before.iter().find_map(|end| evidence.strip_suffix(end));
    let behind = || Some(evidence.split_once("command not found: ")?.1);
    let name = before.or_else(behind)?.rsplit([' ', ':']).next()?;
    let name = name.trim_matches(|it: char| !it.is_alphanumeric() && !"./_-+".contains(it));
    (!name.is_empty()).then_some(name)
}

/// `./run.sh` in `bash: line 1: ./run.sh: Permission denied`.
fn denied_program(evidence: &str) -> Option<String> {
    let path = evidence.strip_suffix(": Permission denied")?.rsplit(": ").next()?;
    path.contains('/').then(|| shell_words::quote(path).into_owned())
}

/// The port below 1024 that it may not listen on.
fn low_port(evidence: &str) -> Option<u16> {
    refused::port(evidence).filter(|port| *port < 1024)
}

/// A busy port that the service does not declare, so nobody has looked at it.
fn other_port(service: &Service, evidence: &str) -> Option<u16> {
    let port = refused::port(evidence)?;
    let is_declared = service.ports.iter().any(|it| it.number == port);
    (!is_declared && !service.ports.is_empty()).then_some(port)
}

/// What it finds busy is what was opened for it.
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

/// The port that a container engine could not publish; if it does not say, the service's own.
fn unpublished_port(service: &Service, evidence: &str) -> Option<u16> {
    let declared = service.ports.first().map(|port| port.number);
    refused::port(evidence).or(declared)
}

/// The last name in capitals: in front of it may stand a level.
fn variable(evidence: &str) -> Option<&str> {
    let words = evidence.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let is_name = |word: &&str| {
        let is_capital = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
        word.len() > 1 && word.bytes().all(is_capital) && word.starts_with(|it: char| it.is_ascii_uppercase())
    };
    let levels = ["ERROR", "FATAL", "CRITICAL", "ENV"];
    words.rev().find(is_name).filter(|word| !levels.contains(word))
}

fn set_variable(service: &Service, variable: &str, checkout: &Path) -> String {
    let name = &service.name;
    match service.env_files.last() {
        Some(file) => format!(
            "set `{variable}` in `{}`, or in `environment` of `{name}`",
            display_path(&file.path, checkout)
        ),
        None => format!("set `{variable}` in `environment` of `{name}`, or in an `env_file`"),
    }
}

/// The limit that a runtime sets itself, in its own words.
fn own_limit(evidence: &str) -> Option<&'static str> {
    if evidence.contains("JavaScript heap") {
        return Some("raise Node's own limit with `NODE_OPTIONS = \"--max-old-space-size=4096\"` in `environment`");
    }
    let is_java = evidence.contains("java.lang.OutOfMemoryError: Java heap space");
    is_java.then_some("raise Java's own limit with `JAVA_TOOL_OPTIONS = \"-Xmx2g\"` in `environment`")
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
