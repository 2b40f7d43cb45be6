//! Files of systemd socket units.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ports::Endpoint;
use crate::system::os::parse::units::listens;

/// The socket unit by which systemd listens on the port; only enabled units if `is_enabled`. `None` for system units if
/// systemd is not running.
///
/// Source: man 5 systemd.unit, "Unit File Load Path": the first directory that contains a unit wins; an enabled unit
/// has a link in a directory `….wants`; man 3 `sd_booted`.
pub(crate) fn socket_unit(port: &Endpoint, is_users: bool, is_enabled: bool) -> Option<String> {
    if !is_users && !Path::new("/run/systemd/system").is_dir() {
        return None;
    }
    let directories: Vec<PathBuf> = if is_users {
        let home = etcetera::home_dir().ok().map(|home| home.join(".config/systemd/user"));
        let systems = ["/etc/systemd/user", "/run/systemd/user", "/usr/lib/systemd/user"];
        home.into_iter().chain(systems.map(PathBuf::from)).collect()
    } else {
        const DIRECTORIES: [&str; 6] = [
            "/etc/systemd/system",
            "/run/systemd/system",
            "/run/systemd/transient",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ];
        DIRECTORIES.map(PathBuf::from).to_vec()
    };
    let mut seen = Vec::new();
    directories
        .iter()
        .flat_map(|directory| units(directory))
        .find_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            if seen.contains(&name) {
                return None;
            }
            seen.push(name.clone());
            let is_meant =
                listens(&text(&path), port.number, port.protocol) && (!is_enabled || is_wanted(&name, &directories));
            is_meant.then_some(name)
        })
}

/// Whether the unit is enabled. A transient unit was started explicitly.
fn is_wanted(name: &str, directories: &[PathBuf]) -> bool {
    directories.iter().any(|directory| {
        let is_transient = directory.ends_with("transient") && directory.join(name).exists();
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut wants = entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "wants"));
        is_transient || wants.any(|entry| entry.path().join(name).symlink_metadata().is_ok())
    })
}

fn units(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut units: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "socket"))
        .collect();
    units.sort();
    units
}

/// The text of a unit and its drop-in files.
fn text(unit: &Path) -> String {
    let mut text = fs::read_to_string(unit).unwrap_or_default();
    let mut directory = unit.as_os_str().to_owned();
    directory.push(".d");
    for more in fs::read_dir(directory).into_iter().flatten().flatten() {
        text.push('\n');
        text.push_str(&fs::read_to_string(more.path()).unwrap_or_default());
    }
    text
}
