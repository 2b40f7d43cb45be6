//! [`Kind`]: the type of a value. `tests.rs` says it in the words of the documentation, [`schema`](crate::config::schema)
//! as JSON Schema.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A table with keys of its own.
    Table,
    /// A table of tables, by names that the user chooses.
    Tables,
    ListOfTables,
    Boolean,
    /// Only `true` says something.
    True,
    Integer,
    /// An integer from 1.
    Positive,
    /// Without variables, and not empty.
    String,
    Path,
    Paths,
    /// Without variables.
    PlainPath,
    PlainPaths,
    /// Without variables.
    AbsolutePath,
    Globs,
    /// A list of names.
    Names,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of these words; also in lower case and without `SIG`.
    Signal,
    Duration,
    /// A duration that is not 0.
    Time,
    Command,
    Venv,
    /// Conditions on a version.
    Versions,
    /// The scheme of a URL.
    Scheme,
    /// `IP:PORT`.
    Address,
    User,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    PathOrUrl,
    IpAddress,
    Port,
    Ports,
    PortNumber,
    PortBase,
    Environment,
    DependsOn,
    /// A quantity of Kubernetes.
    Quantity,
}

/// The signals that stop a service.
pub(crate) const SIGNALS: &[&str] = &[
    "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL",
];
