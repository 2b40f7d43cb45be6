//! `[export]`.

use super::item::Item;
use super::reader::TomlReader;
use crate::config::keys::EXPORT;
use crate::config::{ExportSettings, Located};
use crate::diagnostic::Diagnostic;

pub(super) fn export<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<ExportSettings> {
    let table = reader.known_table(item, EXPORT)?;
    Some(ExportSettings {
        root: table.get("root").and_then(|item| root(reader, &item)),
        user: table.get("user").and_then(|item| user(reader, &item)),
    })
}

/// Targets are Unix, whatever this system is.
fn root<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<String>> {
    let path = reader.plain(item)?;
    if !path.value.starts_with('/') || path.value.chars().any(char::is_control) {
        let problem = Diagnostic::new(format!("`{}` is not an absolute path", path.value.escape_debug()));
        reader.report(
            item.at_value(),
            problem.hint("write the project's directory on the server, such as `/srv/shop`"),
        );
        return None;
    }
    Some(path)
}

/// Source: man 5 passwd of shadow, "NAME"; systemd.io/USER_NAMES.
fn user<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<String>> {
    let name = reader.plain(item)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if name.value.starts_with('-') || !name.value.chars().all(allowed) {
        let problem = Diagnostic::new(format!("`{}` cannot name a user", name.value.escape_debug()));
        reader.report(
            item.at_value(),
            problem.hint("use letters, digits, `_`, `-` and `.`, with no `-` in front"),
        );
        return None;
    }
    Some(name)
}
