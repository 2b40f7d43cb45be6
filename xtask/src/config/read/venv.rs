//! `[venvs.NAME]`.

use super::item::{Item, Table};
use super::reader::TomlReader;
use crate::config::keys::VENV;
use crate::config::{VenvInputs, VenvSettings, Versions};
use crate::diagnostic::Diagnostic;

pub(super) fn venv<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<VenvSettings> {
    let table = reader.known_table(item, VENV)?;
    let python = table.get("python").and_then(|item| {
        let text = reader.string(&item)?;
        reader
            .parsed(&item, Versions::parse(text))
            .map(|versions| reader.at(&item, versions))
    });
    let inputs = inputs(reader, &table);
    let sync = table.get("sync").and_then(|item| reader.boolean(&item));
    let Some(path) = table.get("path") else {
        let hint = format!("add `path = \".venv\"` to [{}]", table.path);
        reader.report_absent(
            item.head(),
            Diagnostic::new(format!("venv `{}` has no `path`", item.key)).hint(hint),
        );
        return None;
    };
    Some(VenvSettings {
        name: item.key.to_owned(),
        path: reader.path(&path)?,
        python,
        inputs,
        sync: sync.unwrap_or(false),
    })
}

fn inputs<'t>(reader: &mut TomlReader<'t>, table: &Table<'t>) -> VenvInputs {
    let files = table.get("requirements").map(|item| {
        let files = reader.one_or_list(&item, "a string or a list of strings");
        files.iter().filter_map(|file| reader.path(file)).collect::<Vec<_>>()
    });
    let Some(item) = table.get("project") else {
        return match files {
            Some(files) if !files.is_empty() => VenvInputs::Requirements(files),
            Some(_) | None => VenvInputs::Unknown,
        };
    };
    if files.is_some() {
        let problem = Diagnostic::new("`project` and `requirements` cannot be combined")
            .hint("keep `project`, and let its `pyproject.toml` or lock file list everything; or keep `requirements`");
        reader.report(item.at_key(), problem);
    }
    reader.path(&item).map_or(VenvInputs::Unknown, VenvInputs::Project)
}
