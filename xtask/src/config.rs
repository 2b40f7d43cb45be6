//! `devtasks.toml` as the user wrote it: text → [`Config`] with places, or every problem of the file at once.
//!
//! Variables stay [`Template`]s until `plan` fills them in. `dotenv` parses `.env` files.

pub(crate) mod dotenv;
pub(crate) mod duration;
#[cfg(feature = "watch")]
pub(crate) mod globs;
pub(crate) mod keys;
mod log_target;
pub(crate) mod metrics_address;
mod read;
pub(crate) mod schema;
mod source;
pub(crate) mod suggest;
pub(crate) mod template;
pub(crate) mod toml_text;
mod variables;
mod versions;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
pub(crate) use log_target::{LogTarget, SyslogAddress};
pub(crate) use read::{DeclaredNames, declared_names, is_name, read};
pub(crate) use template::Template;

/// How long a service may take to become ready, unless its health check sets `start_period`.
pub(crate) const START_PERIOD: Duration = Duration::from_secs(60);

/// Of a health check: the time between checks of a ready service, the time for one, and the failures in a row that count.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_secs(10);
pub(crate) const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const CHECK_RETRIES: u32 = 3;

/// The time between the stop signal and SIGKILL.
pub(crate) const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// The maximum number of restarts in a row.
pub(crate) const MAX_RESTARTS: u32 = 5;

/// Written instead of a port number: choose a number that stays the same for each checkout.
pub(crate) const AUTO: &str = "auto";

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) project: ProjectSettings,
    pub(crate) venvs: Vec<VenvSettings>,
    /// In file order, services before tasks.
    pub(crate) services: Vec<Service>,
    pub(crate) export: ExportSettings,
}

/// What `export` cannot know from the services.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ExportSettings {
    /// The project's directory where the stack will run, absolute. `None`: where it is.
    pub(crate) root: Option<Located<String>>,
    /// Whose processes the services are there; `None`: whoever starts them.
    pub(crate) user: Option<Located<String>>,
    pub(crate) compose: ContainerSettings,
    pub(crate) kubernetes: ContainerSettings,
}

/// What the containers of the services are made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ContainerSettings {
    /// Of every service that says nothing itself.
    pub(crate) all: ContainerOf,
    /// By service or task.
    pub(crate) by_name: BTreeMap<String, ContainerOf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct ContainerOf {
    pub(crate) image: Option<String>,
    /// The directory with its Dockerfile, from the project's directory.
    pub(crate) build: Option<String>,
    /// A quantity of Kubernetes: `250m`.
    pub(crate) cpu: Option<String>,
    /// A quantity of Kubernetes: `256Mi`.
    pub(crate) memory: Option<String>,
    pub(crate) replicas: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ProjectSettings {
    /// `None`: the name of the directory.
    pub(crate) name: Option<String>,
    /// The versions of this program that may read the file. Another one has not.
    pub(crate) requires: Option<Versions>,
    /// `None`: `.env` if it exists.
    pub(crate) env_file: Option<Vec<Located<String>>>,
    pub(crate) on_exit: OnExit,
    /// Each at most once.
    pub(crate) log_export: Vec<Located<LogTarget>>,
    /// Where metrics are served; a literal is a valid address.
    pub(crate) metrics: Option<Located<Template>>,
}

/// What happens to the services when the supervisor is killed or loses its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum OnExit {
    #[default]
    Stop,
    /// They keep running.
    Keep,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VenvSettings {
    pub(crate) name: String,
    /// Relative to the project's directory.
    pub(crate) path: Located<Template>,
    /// A version specifier such as `>=3.11` or `>=3.11,<3.13`.
    pub(crate) python: Option<Located<Versions>>,
    pub(crate) inputs: VenvInputs,
    /// Whether `up` creates and updates it.
    pub(crate) sync: bool,
}

/// What is installed into a venv.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VenvInputs {
    /// The file does not say.
    Unknown,
    /// Requirement files, relative to the project's directory; at least one.
    Requirements(Vec<Located<Template>>),
    /// A directory with a `pyproject.toml` or a lock file, relative to the project's directory.
    Project(Located<Template>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// Defined in `[tasks]`: runs once, to completion.
    pub(crate) task: bool,
    /// The header `[services.NAME]` or `[tasks.NAME]`.
    pub(crate) place: Place,
    pub(crate) runs: Runs,
    /// Relative to the project directory, which is also the default.
    pub(crate) working_dir: Option<Located<Template>>,
    pub(crate) venv: VenvChoice,
    /// The main port first.
    pub(crate) ports: Vec<Port>,
    /// Of the main port's URL, such as `redis`.
    pub(crate) scheme: Option<String>,
    pub(crate) environment: Vec<(String, Located<Template>)>,
    /// Relative to the project's directory.
    pub(crate) env_file: Vec<Located<Template>>,
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) healthcheck: Option<Healthcheck>,
    pub(crate) stdin: Stdin,
    /// The service gets its own terminal, and `stdin` is ignored.
    pub(crate) tty: bool,
    /// devtasks opens the service's sockets and passes them to it.
    pub(crate) listen: bool,
    pub(crate) restart: Restart,
    pub(crate) stop_signal: StopSignal,
    pub(crate) stop_grace_period: Duration,
    pub(crate) on_conflict: OnConflict,
    /// Globs, relative to `working_dir`; at least one.
    pub(crate) watch: Option<Located<Vec<String>>>,
    pub(crate) profiles: Vec<String>,
    /// Relative to the working directory.
    pub(crate) pidfile: Option<Located<Template>>,
}

/// What a service consists of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Runs {
    /// A process that devtasks starts.
    Command(Located<Command>),
    /// A container that Compose starts.
    Compose(ComposeService),
    /// Whatever somebody else has started; the place is that of the key.
    External(Place),
}

/// A service of a Compose file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComposeService {
    pub(crate) name: Located<String>,
    /// Relative to the project's directory. `None`: Compose looks for it there.
    pub(crate) file: Option<Located<Template>>,
    /// `stop_grace_period`; `None` leaves it to the Compose file.
    pub(crate) stop_timeout: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Run without a shell; never empty.
    Words {
        words: Vec<Template>,
        shell_syntax: Option<ShellSyntax>,
    },
    /// Run by `sh -c`.
    Shell(Template),
}

/// What only a shell understands, in a command that runs without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShellSyntax {
    /// `&&`, `cd` or `PORT=8000`.
    pub(crate) found: String,
    /// It is the first word, and no program: `cd`, `PORT=8000`.
    pub(crate) cannot_run: bool,
    /// The lines that say the same without a shell; `None` if only a shell can do it.
    pub(crate) instead: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VenvChoice {
    /// Not given, or `false`.
    None,
    /// `"auto"`: the nearest venv, searching upward from the working directory to the project's directory.
    Auto(Place),
    Named(Located<String>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Port {
    /// `port` has the key `main`; a port of `ports` has its key in that table.
    pub(crate) key: String,
    /// A number or [`AUTO`], possibly after variables are filled in.
    pub(crate) number: Located<Template>,
    /// The first number to try for `auto`.
    pub(crate) base: Option<Located<Template>>,
    /// An IP address; `None` if the service chooses.
    pub(crate) host: Option<Located<Template>>,
    pub(crate) protocol: Protocol,
    /// `None` means the setting of the service.
    pub(crate) on_conflict: Option<OnConflict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dependency {
    pub(crate) service: Located<String>,
    pub(crate) condition: Condition,
    /// Restarting the dependency also restarts this service.
    pub(crate) restart: bool,
}

/// What a dependency must reach before its dependents start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    /// Ready.
    Healthy,
    /// Its process was spawned.
    Started,
    /// A task that exited with code 0.
    Completed,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Healthcheck {
    /// `None`: only the times are set, and readiness is decided as without a health check.
    pub(crate) check: Option<Check>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    /// Number of consecutive failures that make a ready service unhealthy; at least 1.
    pub(crate) retries: u32,
    /// A service that is not ready after this time has failed to start.
    pub(crate) start_period: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// A path on the service's main port, or a complete `http://` URL.
    Http(Located<Template>),
    /// Passes if a connection to the main port succeeds.
    Tcp,
    /// Passes if the command exits with code 0.
    Command(Located<Command>),
}

/// The standard input of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Stdin {
    /// End of file at once.
    #[default]
    Null,
    /// No input, and no end of file while the service lives.
    Open,
}

/// Whether a service is restarted when it exits on its own or its health check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Restart {
    #[default]
    No,
    OnFailure,
    /// Also after exit code 0.
    Always,
}

/// The signal that asks a service to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StopSignal {
    Term,
    Int,
    Quit,
    Hup,
    Usr1,
    Usr2,
    Kill,
}

/// What `up` does about a busy port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnConflict {
    Ask,
    Fail,
    Kill,
    /// Move the service to the next free port.
    Next,
}

/// Conditions on a version that must all hold: `>=3.11,<3.13`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// As written.
    pub(crate) text: String,
    pub(crate) bounds: Vec<(VersionOperator, Vec<u32>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VersionOperator {
    Equal,
    NotEqual,
    /// `==3.12.*`, or just `3.12`: any patch release of 3.12.
    Matching,
    /// `!=3.12.*`.
    NotMatching,
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
    /// `~=3.11`: at least 3.11, below 4; `~=3.11.2`: at least 3.11.2, below 3.12.
    Compatible,
}
