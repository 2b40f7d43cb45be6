//! `watch`: the files whose change restarts a service.

use super::item::Item;
use super::reader::TomlReader;
use crate::config::Located;
use crate::diagnostic::Diagnostic;

pub(super) fn watch<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<Vec<String>>> {
    if !cfg!(feature = "watch") {
        let problem = Diagnostic::new("this build cannot watch files");
        let hint = "build devtasks with its feature `watch`, or remove the key `watch`";
        reader.report(item.at_key(), problem.hint(hint));
        return None;
    }
    let mut globs = Vec::new();
    for item in reader.one_or_list(item, "a string or a list of strings") {
        let Some(glob) = reader.plain(&item).filter(|glob| !glob.value.is_empty()) else {
            continue;
        };
        if let Some(why) = flaw(&glob.value) {
            let problem = Diagnostic::new(format!("invalid glob `{}`: {why}", glob.value));
            let hint = "write it as seen from `working_dir`, such as `src/**/*.py`";
            reader.report(item.at_value(), problem.hint(hint));
        }
        globs.push(glob.value);
    }
    if !globs.is_empty() && globs.iter().all(|glob| glob.starts_with('!')) {
        let problem = Diagnostic::new("`watch` only excludes files");
        reader.report(
            item.at_value(),
            problem.hint("add a glob of what is watched, such as `\"src\"`"),
        );
    }
    (!globs.is_empty()).then(|| reader.at(item, globs))
}

#[cfg(feature = "watch")]
fn flaw(glob: &str) -> Option<String> {
    use std::path::Path;
    crate::config::globs::Globs::new(Path::new("."), &[glob]).err()
}

#[cfg(not(feature = "watch"))]
fn flaw(_: &str) -> Option<String> {
    None
}
