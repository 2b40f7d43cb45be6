//! `package.json`, and which program installs what it lists.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::detect::repository::{Repository, join, parent, upwards};

/// One `package.json`.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) directory: String,
    pub(crate) name: String,
    pub(crate) main: Option<String>,
    pub(crate) scripts: BTreeMap<String, String>,
    /// Of every kind.
    pub(crate) dependencies: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Manifest {
    name: serde_json::Value,
    main: serde_json::Value,
    scripts: BTreeMap<String, serde_json::Value>,
    dependencies: BTreeMap<String, serde_json::Value>,
    dev_dependencies: BTreeMap<String, serde_json::Value>,
    package_manager: serde_json::Value,
    workspaces: serde_json::Value,
}

impl Package {
    pub(crate) fn file(&self) -> String {
        join(&self.directory, "package.json")
    }

    pub(crate) fn depends_on(&self, name: &str) -> bool {
        self.dependencies.contains(name)
    }
}

/// All packages, those at the top first.
pub(crate) fn packages(repository: &Repository) -> Vec<Package> {
    let read = |(path, text): (&str, &str)| {
        let manifest: Manifest = serde_json::from_str(text).ok()?;
        let scripts = manifest.scripts.into_iter();
        Some(Package {
            directory: parent(path).to_owned(),
            name: manifest.name.as_str().unwrap_or_default().to_owned(),
            main: manifest.main.as_str().map(str::to_owned),
            scripts: scripts
                .filter_map(|(name, line)| Some((name, line.as_str()?.to_owned())))
                .collect(),
            dependencies: manifest
                .dependencies
                .into_keys()
                .chain(manifest.dev_dependencies.into_keys())
                .collect(),
        })
    };
    repository.named("package.json").into_iter().filter_map(read).collect()
}

/// The program that installs packages, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installer {
    pub(crate) program: &'static str,
    /// That of the lock file, in a workspace the one above.
    pub(crate) directory: String,
    /// `None` if there is none.
    pub(crate) lock: Option<&'static str>,
    /// Yarn 2 and later.
    is_berry: bool,
}

/// Lock files, and whose they are.
pub(crate) const LOCK_FILES: [(&str, &str); 6] = [
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
];

/// Who installs the package in this directory: the lock file tells, else `packageManager`, else it is npm. A package of a
/// workspace is installed with the others, at its top.
pub(crate) fn installer(repository: &Repository, directory: &str) -> Installer {
    let manifest =
        |above: &str| -> Option<Manifest> { serde_json::from_str(repository.text(&join(above, "package.json"))?).ok() };
    let is_workspace = |above: &str| {
        let is_listed = || manifest(above).is_some_and(|manifest| !manifest.workspaces.is_null());
        repository.has(&join(above, "pnpm-workspace.yaml")) || is_listed()
    };
    let lock = |above: &str| {
        LOCK_FILES
            .into_iter()
            .find(|(lock, _)| repository.has(&join(above, lock)))
    };
    let is_home = |above: &&str| *above == directory && lock(above).is_some() || is_workspace(above);
    let home = upwards(directory).find(is_home).unwrap_or(directory);
    if let Some((name, program)) = lock(home) {
        return Installer {
            program,
            directory: home.to_owned(),
            lock: Some(name),
            is_berry: repository.has(&join(home, ".yarnrc.yml")),
        };
    }
    let manager = |above: &str| {
        let manifest = manifest(above)?;
        let wanted = manifest.package_manager.as_str()?.to_owned();
        ["npm", "pnpm", "yarn", "bun"]
            .into_iter()
            .find(|name| wanted.starts_with(name))
    };
    Installer {
        program: upwards(directory).find_map(manager).unwrap_or("npm"),
        directory: home.to_owned(),
        lock: None,
        is_berry: false,
    }
}

impl Installer {
    /// The command that installs exactly what the lock file lists.
    pub(crate) fn install(&self) -> String {
        let arguments = match (self.program, self.lock.is_some()) {
            ("npm", true) => "ci",
            ("yarn", true) if self.is_berry => "install --immutable",
            (_, true) => "install --frozen-lockfile",
            (_, false) => "install",
        };
        format!("{} {arguments}", self.program)
    }

    /// Installs only if something has changed since the last time. The file that is looked at is written at the end of
    /// an installation, so one that was interrupted is done again.
    pub(crate) fn install_if_needed(&self) -> String {
        let done = match self.program {
            "npm" => ".package-lock.json",
            "pnpm" => ".modules.yaml",
            "yarn" => ".yarn-integrity",
            // Bun writes none.
            _ => ".installed",
        };
        let file = self.lock.unwrap_or("package.json");
        match self.is_berry {
            // It may work without node_modules.
            true => self.install(),
            false => format!(
                "test node_modules/{done} -nt {file} || {{ {} && touch node_modules/{done}; }}",
                self.install()
            ),
        }
    }

    /// What runs a program of node_modules.
    pub(crate) fn runner(&self) -> &'static [&'static str] {
        match self.program {
            "pnpm" => &["pnpm", "exec"],
            "yarn" => &["yarn", "run"],
            "bun" => &["bunx"],
            _ => &["npx"],
        }
    }
}
