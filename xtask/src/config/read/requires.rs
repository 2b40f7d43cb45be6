//! `requires`: the versions of this program that may read the file. It is judged before everything else, for another
//! version may know other keys.

use super::item::{Item, Table};
use super::reader::TomlReader;
use crate::config::source::SourceText;
use crate::config::{VersionOperator, Versions};
use crate::diagnostic::{Diagnostic, Exit};

/// The release numbers of this program: `[0, 3, 1]`, also of `0.3.1-rc.1`.
fn this_version() -> Vec<u32> {
    let release = env!("CARGO_PKG_VERSION").split(['-', '+']).next().unwrap_or_default();
    release.split('.').filter_map(|number| number.parse().ok()).collect()
}

/// That the file is for other versions. A value that is no condition is a mistake like others.
pub(super) fn another_version(source: &SourceText, root: &Table) -> Option<Diagnostic> {
    let item = root.get("project")?.as_table()?.get("requires")?;
    let wanted = Versions::parse(item.value.as_str()?).ok()?;
    if wanted.allows(&this_version()) {
        return None;
    }
    let text = &wanted.text;
    let message = format!(
        "this project needs devtasks `{text}`, and this is {}",
        env!("CARGO_PKG_VERSION")
    );
    let place = source.place(item.span.clone(), &item.table);
    let problem = Diagnostic::new(message).at(&place).exit(Exit::Usage);
    Some(problem.hint(match wanted.bounds.as_slice() {
        [(VersionOperator::AtLeast, _)] => {
            format!("update devtasks to {} or later", text.trim_start_matches(">=").trim())
        }
        _ => format!("install a version of devtasks that is `{text}`"),
    }))
}

pub(super) fn requires<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Versions> {
    let text = reader.string(item)?;
    let versions = Versions::parse(text).map_err(|_| no_condition(text));
    reader.parsed(item, versions)
}

fn no_condition(text: &str) -> Diagnostic {
    Diagnostic::new(format!("`{text}` is not a version specifier"))
        .hint("write it like `>=0.2`, `>=0.2,<1` or `~=0.3`")
        .exit(Exit::Usage)
}
