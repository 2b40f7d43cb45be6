//! The schema that is committed is the one of this program. `tests/editor` tries it with validators.

use expect_test::expect_file;
use serde_json::Value;

use super::schema;
use crate::config::keys::{Key, keys};

#[test]
fn the_committed_schema_is_this_one() {
    expect_file!["../../../../docs/devtasks.schema.json"].assert_eq(&schema());
}

/// How many properties of the schema are called so and described as the key is.
fn count(schema: &Value, key: &Key) -> usize {
    let own = schema["properties"][key.name]["description"].as_str();
    let own = usize::from(own.is_some_and(|text| text.to_lowercase().starts_with(&key.about.to_lowercase())));
    let children: Box<dyn Iterator<Item = &Value>> = match schema {
        Value::Object(entries) => Box::new(entries.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    };
    own + children.map(|child| count(child, key)).sum::<usize>()
}

#[test]
fn every_supported_key_is_described() {
    let schema: Value = serde_json::from_str(&schema()).expect("it is JSON");
    for key in keys() {
        let found = count(&schema, key);
        assert_eq!(found > 0, key.supported, "`{}` of `{}`", key.name, key.table);
    }
}
