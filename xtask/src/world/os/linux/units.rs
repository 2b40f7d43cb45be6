//! The files of systemd's socket units.

use std::fs;
use std::path::{Path, PathBuf};

use crate::preflight::PortRef;
use crate::world::os::parse::units::listens;

/// The socket unit by which systemd would listen on the port; `None` also where no systemd runs.
///
/// Source: man 5 systemd.unit, "Unit File Load Path": the first folder that has a unit wins; man 3 `sd_booted`.
pub(crate) fn socket_unit(port: &PortRef, is_users: bool) -> Option<String> {
    if !is_users && !Path::new("/run/systemd/system").is_dir() {
        return None;
    }
    let folders: Vec<PathBuf> = if is_users {
        let home = etcetera::home_dir().ok().map(|home| home.join(".config/systemd/user"));
        let systems = ["/etc/systemd/user", "/run/systemd/user", "/usr/lib/systemd/user"];
        home.into_iter().chain(systems.map(PathBuf::from)).collect()
    } else {
        const FOLDERS: [&str; 6] = [
            "/etc/systemd/system",
            "/run/systemd/system",
            "/run/systemd/transient",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ];
        FOLDERS.map(PathBuf::from).to_vec()
    };
    let mut seen = Vec::new();
    folders.iter().flat_map(|folder| units(folder)).find_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        if seen.contains(&name) {
            return None;
        }
        seen.push(name.clone());
        listens(&text(&path), port.number, port.protocol).then_some(name)
    })
}

fn units(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut units: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "socket"))
        .collect();
    units.sort();
    units
}

/// The unit, and what the administrator has put beside it.
fn text(unit: &Path) -> String {
    let mut text = fs::read_to_string(unit).unwrap_or_default();
    let mut folder = unit.as_os_str().to_owned();
    folder.push(".d");
    for more in fs::read_dir(folder).into_iter().flatten().flatten() {
        text.push('\n');
        text.push_str(&fs::read_to_string(more.path()).unwrap_or_default());
    }
    text
}
