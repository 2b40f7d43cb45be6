//! The table of keys agrees with itself and with `docs/devtasks-toml.md`.

use super::KEYS;

#[test]
fn a_key_is_listed_once_and_another_name_means_one_key() {
    let mut seen = Vec::new();
    for key in KEYS {
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
    for key in KEYS {
        assert!(!key.kind.is_empty(), "{}", key.name);
        assert!(!key.about.is_empty() && !key.about.ends_with('.'), "{}", key.name);
    }
}

#[test]
fn keys_of_a_table_stand_together() {
    let mut tables: Vec<&str> = KEYS.iter().map(|key| key.table).collect();
    tables.dedup();
    assert_eq!(
        tables,
        [
            "",
            super::PROJECT,
            super::VENV,
            super::SERVICE,
            super::PORT,
            super::DEPENDENCY,
            super::HEALTHCHECK,
            super::TASK
        ]
    );
}

/// The rows of every table in `docs/devtasks-toml.md` that begins with `heading`, each after the title above it.
fn documented(heading: &str) -> Vec<String> {
    let text = include_str!("../../../../docs/devtasks-toml.md");
    let (mut title, mut in_table) = ("", false);
    let mut rows = Vec::new();
    for line in text.lines() {
        title = line.strip_prefix("## ").unwrap_or(title);
        in_table = line == heading || in_table && line.starts_with('|');
        if in_table && line != heading && !line.starts_with("|---") {
            rows.push(format!("{title}: {line}"));
        }
    }
    rows
}

fn title(table: &str) -> String {
    match table {
        "" => "The file".to_owned(),
        super::PORT => "`port`, and each of `ports`".to_owned(),
        super::DEPENDENCY => "each of `depends_on`".to_owned(),
        super::HEALTHCHECK => "`healthcheck`".to_owned(),
        table => format!("`[{table}]`"),
    }
}

#[test]
fn the_documentation_lists_what_the_code_knows() {
    let row = |key: &super::Key| {
        let default = if key.default.is_empty() { "none" } else { key.default };
        let title = title(key.table);
        format!("{title}: | `{}` | {} | {default} | {} |", key.name, key.kind, key.about)
    };
    let known: Vec<String> = KEYS.iter().filter(|key| key.supported).map(row).collect();
    assert_eq!(documented("| key | may be | default | is |"), known);
}

#[test]
fn the_documentation_lists_what_is_not_supported_yet() {
    let row = |key: &super::Key| {
        let table = title(key.table).replace("The file", "the file");
        format!("Not supported yet: | `{}` | {table} | {} |", key.name, key.about)
    };
    let known: Vec<String> = KEYS.iter().filter(|key| !key.supported).map(row).collect();
    assert_eq!(documented("| key | of | is |"), known);
}
