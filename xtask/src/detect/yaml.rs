//! YAML as JSON values, for Compose files that no engine has read.

use serde_json::Value;

/// `None` if it is not valid, or this program was built without YAML.
#[cfg(feature = "yaml")]
pub(crate) fn value(text: &str) -> Option<Value> {
    serde_saphyr::from_str(text).ok()
}

#[cfg(not(feature = "yaml"))]
pub(crate) fn value(_text: &str) -> Option<Value> {
    None
}
