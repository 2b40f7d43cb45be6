//! Events of the parser → one value, with anchors and merge keys filled in.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Values of a whole file, each use of an anchor counted. Anchors in anchors unfold without end.
const MAX_VALUES: usize = 100_000;

/// A list or table that is not complete.
enum Open {
    List(Vec<Value>, usize),
    /// Its pairs, and the key that waits for its value.
    Table(Vec<(String, Value)>, Option<String>, usize),
}

/// The first document; `None` if it is not valid.
pub(crate) fn value(text: &str) -> Option<Value> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Value> = BTreeMap::new();
    let mut left = MAX_VALUES;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.ok()?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor),
            Event::Alias(anchor) => (anchors.get(&anchor)?.clone(), 0),
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open::List(Vec::new(), anchor));
                continue;
            }
            Event::MappingStart(_, anchor, _) => {
                open.push(Open::Table(Vec::new(), None, anchor));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(values, anchor) => (Value::Array(values), anchor),
                Open::Table(pairs, _, anchor) => (Value::Object(merged(pairs)), anchor),
            },
            // The file is empty.
            Event::DocumentEnd | Event::StreamEnd => return None,
            // The crate may add events that are no values.
            _ => continue,
        };
        left = left.checked_sub(size(&value))?;
        if anchor != 0 {
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut() {
            None => return Some(value),
            Some(Open::List(values, _)) => values.push(value),
            Some(Open::Table(pairs, key, _)) => match key.take() {
                Some(name) => pairs.push((name, value)),
                None => *key = Some(name(&value)),
            },
        }
    }
    None
}

/// The table, with the tables of `<<` where it has no value of its own.
fn merged(pairs: Vec<(String, Value)>) -> Map<String, Value> {
    let (more, own): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == "<<");
    let mut table: Map<String, Value> = own.into_iter().collect();
    for (_, value) in more {
        let tables = match value {
            Value::Array(tables) => tables,
            one => vec![one],
        };
        for table_above in tables {
            if let Value::Object(above) = table_above {
                for (name, value) in above {
                    table.entry(name).or_insert(value);
                }
            }
        }
    }
    table
}

/// A key as text.
fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Source: YAML 1.2.2, section 10.3, the core schema, as far as Compose files use it.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        text => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(size).sum::<usize>(),
        Value::Object(table) => 1 + table.values().map(size).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
