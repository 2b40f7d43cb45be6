//! Consistency of the table of keys, and the tables generated from it in `docs/devtasks-toml.md`.

use expect_test::expect_file;

use std::path::Path;

use super::{Key, Kind, SIGNALS, keys};
use crate::config;
use crate::diagnostic::Diagnostic;

#[test]
fn a_key_is_listed_once_and_another_name_means_one_key() {
    let mut seen = Vec::new();
    for key in keys() {
        for name in key.also.iter().chain([&key.name]) {
            assert!(
                !seen.contains(&(key.table, *name)),
                "`{name}` of `{}` is listed twice",
                key.table
            );
            seen.push((key.table, *name));
        }
    }
}

#[test]
fn every_key_says_what_it_is() {
    for key in keys() {
        assert!(!key.about.is_empty() && !key.about.ends_with('.'), "{}", key.name);
    }
}

#[test]
fn keys_of_a_table_stand_together() {
    let mut tables: Vec<&str> = keys().map(|key| key.table).collect();
    tables.dedup();
    assert_eq!(
        tables,
        [
            "",
            super::PROJECT,
            super::LOG_EXPORT,
            super::VENV,
            super::SERVICE,
            super::PORT,
            super::DEPENDENCY,
            super::HEALTHCHECK,
            super::TASK,
            super::EXPORT,
            super::COMPOSE,
            super::COMPOSE_OF,
            super::KUBERNETES,
            super::KUBERNETES_OF
        ]
    );
}

/// A file in which this key has a date, which no key takes.
fn with_a_date(key: &Key) -> String {
    let name = key.name;
    let service = |line: &str| format!("[services.t]\ncommand = 'x'\n[services.s]\ncommand = 'x'\nport = 1\n{line}\n");
    let date = format!("{name} = 1979-05-27");
    match key.table {
        super::SERVICE if ["command", "port"].contains(&name) => format!("[services.s]\n{date}"),
        super::SERVICE => service(&date),
        super::PORT => service(&format!("ports.x = {{ {date} }}")).replace("port = 1\n", ""),
        super::DEPENDENCY => service(&format!("depends_on.t = {{ {date} }}")),
        super::HEALTHCHECK => service(&format!("healthcheck = {{ {date} }}")),
        super::LOG_EXPORT => format!("[project]\nlog_export = [{{ {date} }}]"),
        table => format!("[{}]\n{date}", table.replace("NAME", "s")),
    }
}

#[test]
fn every_supported_key_is_read() {
    for key in keys().filter(|key| key.supported && !key.table.is_empty()) {
        let text = with_a_date(key);
        let problems = config::read(Path::new("devtasks.toml"), &text).expect_err(&text);
        let is_about_it = |problem: &Diagnostic| problem.message.contains(&format!("`{}`", key.name));
        assert!(problems.iter().any(is_about_it), "{text}\n{problems:#?}");
    }
}

/// The section of `docs/devtasks-toml.md` that describes a table.
fn title(table: &str) -> String {
    match table {
        "" => "The file".to_owned(),
        super::PORT => "`port` and `ports`".to_owned(),
        super::DEPENDENCY => "`depends_on`".to_owned(),
        super::HEALTHCHECK => "`healthcheck`".to_owned(),
        super::LOG_EXPORT => "`log_export`".to_owned(),
        table => format!("`[{table}]`"),
    }
}

/// A type as the documentation says it.
fn words(kind: Kind) -> String {
    let text = match kind {
        Kind::Table => "table",
        Kind::Tables => "table of tables",
        Kind::ListOfTables => "list of tables",
        Kind::Boolean => "boolean",
        Kind::True => "`true`",
        Kind::Integer | Kind::Positive => "integer",
        Kind::String | Kind::Scheme | Kind::Address | Kind::User => "string",
        Kind::Path | Kind::PlainPath => "path",
        Kind::Paths | Kind::PlainPaths => "path or list of paths",
        Kind::AbsolutePath => "absolute path",
        Kind::Globs => "glob or list of globs",
        Kind::Names => "list of strings",
        Kind::Words(words) => return one_of(words),
        Kind::Signal => return one_of(SIGNALS),
        Kind::Duration | Kind::Time => "duration",
        Kind::Command => "string or list of strings",
        Kind::Venv => "name of a venv, `\"auto\"` or `false`",
        Kind::Versions => "version specifier",
        Kind::Url(_) => "URL",
        Kind::PathOrUrl => "path or URL",
        Kind::IpAddress => "IP address",
        Kind::Port => "integer, string or table",
        Kind::Ports => "table of integers, strings or tables",
        Kind::PortNumber => "integer, string or `\"auto\"`",
        Kind::PortBase => "integer or string",
        Kind::Environment => "table of strings, numbers or booleans",
        Kind::DependsOn => "list of services and tasks, or table of such to a condition or a table",
        Kind::Quantity => "quantity of Kubernetes",
    };
    text.to_owned()
}

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    match quoted.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}

/// The first two lines of a table of keys.
const KEYS_HEAD: &str = "| key | type | default | meaning |\n|---|---|---|---|\n";
const UNSUPPORTED_HEAD: &str = "| key | table | meaning |\n|---|---|---|\n";

/// The rows of the table of keys in the section `section`.
fn rows(section: &str) -> String {
    let of_section = keys().filter(|key| key.supported && title(key.table) == section);
    let row = |key: &Key| {
        let default = if key.default.is_empty() { "none" } else { key.default };
        format!("| `{}` | {} | {default} | {} |\n", key.name, words(key.kind), key.about)
    };
    of_section.map(row).collect()
}

fn unsupported_rows() -> String {
    let row = |key: &Key| {
        let table = title(key.table).replace("The file", "the file");
        format!("| `{}` | {table} | {} |\n", key.name, key.about)
    };
    keys().filter(|key| !key.supported).map(row).collect()
}

/// `section` with `rows` in its table that begins with `head`.
fn with_rows(section: &str, head: &str, rows: &str) -> String {
    let (before, table) = section.split_once(head).expect("the section has this table");
    let after = table.split_inclusive('\n').skip_while(|line| line.starts_with('|'));
    [before, head, rows].into_iter().chain(after).collect()
}

/// The page with every table generated from [`keys`].
fn with_tables(page: &str) -> String {
    let sections = page.split("\n## ").map(|section| {
        let title = section.lines().next().unwrap_or_default();
        match rows(title) {
            rows if !rows.is_empty() => with_rows(section, KEYS_HEAD, &rows),
            _ if title == "Not supported yet" => with_rows(section, UNSUPPORTED_HEAD, &unsupported_rows()),
            _ => section.to_owned(),
        }
    });
    let sections: Vec<String> = sections.collect();
    sections.join("\n## ")
}

#[test]
fn the_documentation_has_a_section_for_every_table() {
    let page = include_str!("../../../../docs/devtasks-toml.md");
    for key in keys() {
        let heading = format!("\n## {}\n", title(key.table));
        assert!(page.contains(&heading), "docs/devtasks-toml.md has no{heading}");
    }
}

#[test]
fn the_documentation_lists_what_the_code_knows() {
    let page = include_str!("../../../../docs/devtasks-toml.md");
    let file = expect_file!["../../../../docs/devtasks-toml.md"];
    file.assert_eq(&with_tables(page));
}
