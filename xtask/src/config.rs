//! `devtasks.toml` as the user wrote it: text in, `Config` with places out, or every problem of the file at once.
//!
//! Nothing is looked up here: variables stay [`Template`]s until `plan` fills them in. `dotenv` reads `.env` text.

pub(crate) mod dotenv;
pub(crate) mod duration;
pub(crate) mod keys;
mod python;
mod read;
mod source;
pub(crate) mod suggest;
pub(crate) mod template;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
pub(crate) use read::read;
pub(crate) use template::Template;

/// How long a service may take until it is ready, unless its health check says otherwise.
pub(crate) const START_PERIOD: Duration = Duration::from_secs(60);

/// Instead of a port's number: a stable one for each checkout.
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
    /// In the order of the file, the tasks behind the services.
    pub(crate) services: Vec<Service>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ProjectSettings {
    /// `None`: the name of the directory.
    pub(crate) name: Option<String>,
    /// `None`: `.env` if it exists.
    pub(crate) env_file: Option<Vec<Located<String>>>,
    pub(crate) on_exit: OnExit,
}

/// What becomes of the services when their supervisor is killed, or loses its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum OnExit {
    /// They end.
    #[default]
    Stop,
    /// They go on.
    Keep,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VenvSettings {
    pub(crate) name: String,
    /// Relative to the project's directory.
    pub(crate) path: Located<Template>,
    /// A version specifier such as `>=3.11` or `>=3.11,<3.13`.
    pub(crate) python: Option<Located<PythonVersions>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// It is one of `[tasks]`: it runs to its end, once.
    pub(crate) task: bool,
    /// Where `[services.NAME]` or `[tasks.NAME]` stands.
    pub(crate) place: Place,
    pub(crate) command: Located<Command>,
    /// Relative to the project's directory; `None` is that directory.
    pub(crate) working_dir: Option<Located<Template>>,
    pub(crate) venv: VenvChoice,
    /// The first is the main one.
    pub(crate) ports: Vec<Port>,
    pub(crate) environment: Vec<(String, Located<Template>)>,
    /// Relative to the project's directory.
    pub(crate) env_file: Vec<Located<Template>>,
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) healthcheck: Option<Healthcheck>,
    pub(crate) stdin: Stdin,
    /// It has a terminal of its own; then `stdin` does not matter.
    pub(crate) tty: bool,
    /// Its sockets are opened for it and handed over.
    pub(crate) listen: bool,
    pub(crate) restart: Restart,
    pub(crate) stop_signal: StopSignal,
    pub(crate) stop_grace_period: Duration,
    pub(crate) on_conflict: OnConflict,
    pub(crate) profiles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Run without a shell; never empty.
    Words(Vec<Template>),
    /// Run by `sh -c`.
    Shell(Template),
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
    /// `port` has the key `main`; in `ports` it is the table's key.
    pub(crate) key: String,
    /// [`AUTO`], or what is filled in to a number or to that.
    pub(crate) number: Located<Template>,
    /// Where `auto` begins.
    pub(crate) base: Option<Located<Template>>,
    /// An IP address; `None` leaves it to the service.
    pub(crate) host: Option<Located<Template>>,
    pub(crate) protocol: Protocol,
    /// `None`: that of the service.
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
    /// When that is restarted, this is too.
    pub(crate) restart: bool,
}

/// When a dependency lets its dependents start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    /// It is ready.
    Healthy,
    /// Its process was started.
    Started,
    /// It is a task, and has ended with 0.
    Completed,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Healthcheck {
    /// `None`: only the times differ, and it is ready as it would be without a health check.
    pub(crate) check: Option<Check>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    /// So many failures in a row make a ready service unhealthy; at least 1.
    pub(crate) retries: u32,
    /// A service that is not ready after so long has failed to start.
    pub(crate) start_period: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// A path, asked at the service's main port, or a whole `http://` URL.
    Http(Located<Template>),
    /// A connection to the main port.
    Tcp,
    /// Passes when it ends with 0.
    Command(Located<Command>),
}

/// What a service reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Stdin {
    /// It is at its end at once.
    #[default]
    Null,
    /// Nothing ever comes, and no end as long as the service lives.
    Open,
}

/// Whether a service is started again when it ends by itself, or its health check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Restart {
    #[default]
    No,
    OnFailure,
    /// Also when it ends with 0.
    Always,
}

impl Restart {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Restart::No => "no",
            Restart::OnFailure => "on-failure",
            Restart::Always => "always",
        }
    }
}

/// The signal that asks a service to end.
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
    /// Its service takes the next port that is free.
    Next,
}

/// A list of conditions on a Python version, all of which must hold: `>=3.11,<3.13`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PythonVersions {
    /// As written.
    pub(crate) text: String,
    pub(crate) bounds: Vec<(VersionOperator, Vec<u32>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VersionOperator {
    Equal,
    NotEqual,
    /// `==3.12.*`, or just `3.12`: 3.12 and all of its patches.
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
