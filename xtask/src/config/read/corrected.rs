//! What a value of the wrong shape was probably meant to be, as a line that can be pasted.

use toml::de::DeValue;

use super::item::Item;

/// `depends_on = ["db"]` for `depends_on = "db"`; `None` if the value does not show what was meant.
pub(super) fn line(item: &Item, expected: &str) -> Option<String> {
    let value = match (item.key, item.value) {
        ("depends_on" | "profiles", DeValue::String(name)) => format!("[{}]", quoted(name)),
        ("healthcheck", DeValue::String(text)) => health_check(text),
        ("environment", DeValue::Array(_)) => variables(&item.elements()?)?,
        ("ports", DeValue::Array(_)) => return ports(&item.elements()?),
        (_, DeValue::Float(number)) if expected.contains("integer") => {
            number.as_str().split('.').next()?.parse::<u16>().ok()?.to_string()
        }
        (_, DeValue::String(text)) if expected == "an integer" => text.parse::<u32>().ok()?.to_string(),
        (_, DeValue::String(text)) if expected == "`true` or `false`" => match text.as_ref() {
            "true" | "yes" | "on" => "true".to_owned(),
            "false" | "no" | "off" => "false".to_owned(),
            _ => return None,
        },
        (_, DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)) => return None,
        (_, DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_)) => return None,
    };
    Some(format!("{} = {value}", item.key))
}

/// A string of JSON is one of TOML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn health_check(text: &str) -> String {
    match text {
        "tcp" => "{ tcp = true }".to_owned(),
        target if target.starts_with('/') || target.starts_with("http://") => {
            format!("{{ http = {} }}", quoted(target))
        }
        command => format!("{{ command = {} }}", quoted(command)),
    }
}

/// `["A=b"]`, as Compose also allows.
fn variables(elements: &[Item]) -> Option<String> {
    let mut pairs = Vec::new();
    for element in elements {
        let (name, value) = element.value.as_str()?.split_once('=')?;
        let is_bare = name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && !name.is_empty();
        let name = if is_bare { name.to_owned() } else { quoted(name) };
        pairs.push(format!("{name} = {}", quoted(value)));
    }
    (!pairs.is_empty()).then(|| format!("{{ {} }}", pairs.join(", ")))
}

/// A list of ports, as in Compose: numbers, or strings such as `"8000:80"`.
fn ports(elements: &[Item]) -> Option<String> {
    let number = |element: &Item| match element.value {
        DeValue::Integer(number) => number.as_str().parse::<u16>().ok(),
        // `HOST:CONTAINER` or `ADDRESS:HOST:CONTAINER`: the port of this machine.
        DeValue::String(text) => {
            let mut parts = text.split(':').rev();
            let (container, host) = (parts.next()?, parts.next());
            host.unwrap_or(container).parse().ok()
        }
        DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => None,
        DeValue::Array(_) | DeValue::Table(_) => None,
    };
    let numbers: Vec<u16> = elements.iter().map(number).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [] => None,
        [only] => Some(format!("port = {only}")),
        [first, others @ ..] => {
            let others = others.iter().map(|number| format!(", p{number} = {number}"));
            Some(format!("ports = {{ main = {first}{} }}", others.collect::<String>()))
        }
    }
}
