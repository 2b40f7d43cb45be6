//! A program that a repository runs, as one of its files tells it.

/// What tells of a program, the most trustworthy first: a list of processes was written to be run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Procfile,
    Launch,
    /// `concurrently` and the like in a script.
    Runner,
    Script,
    EditorTask,
    /// Found in manifests and sources.
    Guess,
}

/// One program, its command line as written.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) origin: Origin,
    /// `None`: named after its directory.
    pub(crate) name: Option<String>,
    pub(crate) directory: String,
    /// As for a shell.
    pub(crate) line: String,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) port: Option<Number>,
    /// Where it was found, each step of the way: `package.json: "dev": "vite"`.
    pub(crate) why: Vec<String>,
    /// A script of package.json: its first word may be a program of node_modules.
    pub(crate) is_script: bool,
    /// Runs to its end.
    pub(crate) is_task: bool,
}

/// The number of a port, and what tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) value: u16,
    pub(crate) why: String,
}

impl Number {
    pub(crate) fn new(value: u16, why: impl Into<String>) -> Self {
        Number { value, why: why.into() }
    }
}

impl Program {
    pub(crate) fn new(origin: Origin, directory: &str, line: impl Into<String>, why: impl Into<String>) -> Self {
        Program {
            origin,
            name: None,
            directory: directory.to_owned(),
            line: line.into(),
            environment: Vec::new(),
            port: None,
            why: vec![why.into()],
            is_script: false,
            is_task: false,
        }
    }

    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn on(mut self, port: Option<Number>) -> Self {
        self.port = port;
        self
    }

    pub(crate) fn with(mut self, environment: Vec<(String, String)>) -> Self {
        self.environment = environment;
        self
    }

    pub(crate) fn script(mut self) -> Self {
        self.is_script = true;
        self
    }

    pub(crate) fn task(mut self, is_task: bool) -> Self {
        self.is_task = is_task;
        self
    }
}
