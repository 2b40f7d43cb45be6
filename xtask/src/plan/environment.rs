//! The environment of a service, layer by layer.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// Serializes as a list of pairs, because keys of a JSON object must be UTF-8.
pub(super) mod as_list {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Environment, OsStr, OsString};

    /// UTF-8 is written as a string; serde would write an `OsStr` as a list of numbers.
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written<'a> {
        Text(Cow<'a, str>),
        Bytes(Cow<'a, OsStr>),
    }

    impl<'a> From<&'a OsString> for Written<'a> {
        fn from(word: &'a OsString) -> Self {
            let text = word.to_str().map(|text| Written::Text(text.into()));
            text.unwrap_or_else(|| Written::Bytes(word.as_os_str().into()))
        }
    }

    impl From<Written<'_>> for OsString {
        fn from(written: Written<'_>) -> Self {
            match written {
                Written::Text(text) => text.into_owned().into(),
                Written::Bytes(bytes) => bytes.into_owned(),
            }
        }
    }

    pub(crate) fn serialize<S: Serializer>(environment: &Environment, to: S) -> Result<S::Ok, S::Error> {
        let pairs = environment.iter();
        to.collect_seq(pairs.map(|(name, value)| (Written::from(name), Written::from(value))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Environment, D::Error> {
        let pairs = Vec::<(Written<'_>, Written<'_>)>::deserialize(from)?.into_iter();
        Ok(pairs.map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// What turns one environment into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvironmentChange {
    pub(crate) set: Environment,
    pub(crate) unset: BTreeSet<OsString>,
}

impl EnvironmentChange {
    pub(crate) fn new(from: &Environment, to: &Environment) -> Self {
        let is_new = |(name, value): &(&OsString, &OsString)| from.get(*name) != Some(value);
        let set = to
            .iter()
            .filter(is_new)
            .map(|(name, value)| (name.clone(), value.clone()));
        let unset = from.keys().filter(|name| !to.contains_key(*name)).cloned();
        EnvironmentChange {
            set: set.collect(),
            unset: unset.collect(),
        }
    }
}

/// Names the search path `PATH`, as it is looked up here. Windows calls it `Path`, and does not tell the cases apart.
///
/// Source: learn.microsoft.com, "Environment Variables": names are not case-sensitive.
pub(crate) fn with_plain_path(mut environment: Environment) -> Environment {
    let is_path = |name: &&OsString| name.eq_ignore_ascii_case("PATH") && *name != "PATH";
    if let Some(name) = environment.keys().find(is_path).cloned()
        && let Some(path) = environment.remove(&name)
    {
        environment.entry("PATH".into()).or_insert(path);
    }
    environment
}

/// Removes what `cargo run` added, so that a service sees the environment of the user's shell.
///
/// Cargo and rustup set these for the program that they run; see "Environment variables Cargo sets for crates" in the
/// Cargo book. `CARGO_HOME` and similar variables are the user's and are kept. Without `CARGO`, nothing was added.
pub(crate) fn without_cargo(mut environment: Environment, program: Option<&Path>) -> Environment {
    let Some(cargo) = environment.get(OsStr::new("CARGO")).map(PathBuf::from) else {
        return environment;
    };
    environment.retain(|name, _| !name.to_str().is_some_and(is_cargos));
    let toolchain = cargo.parent().and_then(Path::parent).map(|root| root.join("lib"));
    let target = program.and_then(Path::parent);
    for variable in LIBRARY_PATHS {
        let Some(paths) = environment.remove(OsStr::new(variable)) else {
            continue;
        };
        // A system toolchain is in `/usr`, where libraries of the user may be too.
        let theirs = |path: &PathBuf| {
            target.is_some_and(|target| path.starts_with(target))
                || toolchain
                    .as_ref()
                    .is_some_and(|lib| path == lib || path.starts_with(lib.join("rustlib")))
        };
        let users: Vec<PathBuf> = std::env::split_paths(&paths).filter(|path| !theirs(path)).collect();
        let users = std::env::join_paths(users).unwrap_or_default();
        if !users.is_empty() {
            environment.insert(variable.into(), users);
        }
    }
    environment
}

/// Source: `dylib_path_envvar` in Cargo, crates/cargo-util/src/paths.rs.
const LIBRARY_PATHS: &[&str] = match std::env::consts::FAMILY.as_bytes() {
    b"windows" => &["PATH"],
    _ => &["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"],
};

fn is_cargos(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_TOOLCHAIN_SOURCE",
        "RUST_RECURSION_COUNT",
    ];
    const PREFIXES: &[&str] = &["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_EXE_"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Activates a venv, as its `activate` does, and deactivates the caller's.
///
/// `PYTHONUNBUFFERED` is set unless the user set it, because Python buffers lines that it writes to a pipe.
pub(super) fn activate(environment: &mut Environment, venv: &Path) {
    let callers = environment
        .remove(OsStr::new("VIRTUAL_ENV"))
        .map(|path| bin(Path::new(&path)));
    let path = environment.remove(OsStr::new("PATH")).unwrap_or_default();
    // An empty entry would mean the working directory.
    let rest =
        std::env::split_paths(&path).filter(|path| Some(path) != callers.as_ref() && !path.as_os_str().is_empty());
    let path = std::env::join_paths(std::iter::once(bin(venv)).chain(rest)).unwrap_or(path);
    environment.insert("PATH".into(), path);
    environment.insert("VIRTUAL_ENV".into(), venv.into());
    environment.remove(OsStr::new("PYTHONHOME"));
    environment
        .entry("PYTHONUNBUFFERED".into())
        .or_insert_with(|| "1".into());
}

/// The interpreter of a venv.
pub(crate) fn interpreter_of(venv: &Path) -> PathBuf {
    bin(venv).join(format!("python{}", std::env::consts::EXE_SUFFIX))
}

/// The directory of a venv's commands.
pub(crate) fn bin(venv: &Path) -> PathBuf {
    venv.join(if std::env::consts::FAMILY == "windows" {
        "Scripts"
    } else {
        "bin"
    })
}
