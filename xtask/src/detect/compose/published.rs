//! A published port: `"127.0.0.1:${DB_PORT:-5432}:5432"`.

use serde_json::Value;

/// The side of this machine, and that of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) number: u16,
    /// `DB_PORT` of `${DB_PORT:-5432}`.
    pub(crate) variable: Option<String>,
    pub(crate) container: u16,
}

impl Published {
    /// `None` if this machine's side has no fixed number.
    pub(super) fn read(value: &Value) -> Option<Published> {
        match value {
            Value::String(text) => of_text(text),
            Value::Object(long) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let (number, variable) = side(&text(long.get("published")?))?;
                let container = side(&text(long.get("target")?)).map_or(number, |(container, _)| container);
                Some(Published {
                    number,
                    variable,
                    container,
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }
}

fn of_text(text: &str) -> Option<Published> {
    let text = text.split('/').next()?;
    let sides = split_outside_braces(text);
    let [.., host, container] = sides.as_slice() else {
        return None;
    };
    let (number, variable) = side(host)?;
    let container = side(container).map_or(number, |(container, _)| container);
    Some(Published {
        number,
        variable,
        container,
    })
}

/// `5432`, or `${DB_PORT:-5432}`.
fn side(text: &str) -> Option<(u16, Option<String>)> {
    if let Ok(number) = text.parse() {
        return Some((number, None)).filter(|(number, _)| *number > 0);
    }
    let inside = text.strip_prefix("${")?.strip_suffix('}')?;
    let (name, default) = inside.split_once(":-").or_else(|| inside.split_once('-'))?;
    Some((default.parse().ok()?, Some(name.to_owned())))
}

fn split_outside_braces(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ':' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Published;

    #[track_caller]
    fn check(value: serde_json::Value, expected: Option<(u16, Option<&str>, u16)>) {
        let seen = Published::read(&value);
        let seen = seen
            .as_ref()
            .map(|it| (it.number, it.variable.as_deref(), it.container));
        assert_eq!(seen, expected, "{value}");
    }

    #[test]
    fn both_forms_are_read() {
        check(json!("5432:5432"), Some((5432, None, 5432)));
        check(
            json!("127.0.0.1:${DB_PORT:-5433}:5432"),
            Some((5433, Some("DB_PORT"), 5432)),
        );
        check(json!("6379:6379/tcp"), Some((6379, None, 6379)));
        check(json!({"published": "8025", "target": 8025}), Some((8025, None, 8025)));
        check(json!({"published": 8025, "target": 80}), Some((8025, None, 80)));
        check(json!("5432"), None);
        check(json!("${DB_PORT}:5432"), None);
        check(json!("3000-3005:3000-3005"), None);
    }
}
