//! The table of keys agrees with itself.

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
            super::HEALTHCHECK
        ]
    );
}
