//! What a `devtasks.toml` would say, each value with its reason.

use super::line::Run;

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct Proposal {
    /// The project's name.
    pub(crate) name: String,
    /// What was read: `backend/requirements.txt (FastAPI)`.
    pub(crate) found: Vec<String>,
    pub(crate) venvs: Vec<Venv>,
    /// In the order in which they start.
    pub(crate) services: Vec<Service>,
    pub(crate) tasks: Vec<Task>,
    /// What could not be carried over, a sentence each.
    pub(crate) left: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Venv {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) packages: Packages,
    pub(crate) why: String,
}

/// What a venv holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packages {
    Requirements(Vec<String>),
    Project(String),
    /// Somebody else installs it.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) why: Vec<String>,
    pub(crate) runs: Runs,
    pub(crate) port: Option<Port>,
    /// What a container publishes besides.
    pub(crate) more_ports: Vec<u16>,
    pub(crate) health: Option<Health>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) profiles: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Runs {
    Command(Process),
    /// A service of a Compose file, which is named if Compose does not find it by itself.
    Compose {
        service: String,
        file: Option<String>,
    },
}

/// A process of our own.
#[derive(Debug)]
pub(crate) struct Process {
    /// With `${PORT}` for the service's own port.
    pub(crate) run: Run,
    pub(crate) directory: String,
    pub(crate) venv: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// `None`: the program opens this number whatever it is told.
    pub(crate) variable: Option<String>,
    pub(crate) why: String,
}

#[derive(Debug)]
pub(crate) enum Health {
    Http { path: String, why: String },
    Tcp,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) why: Vec<String>,
    pub(crate) process: Process,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) depends_on: Vec<String>,
}

impl Proposal {
    /// Nothing in it could be started.
    pub(crate) fn is_empty(&self) -> bool {
        self.services.is_empty() && self.tasks.is_empty()
    }
}
