//! YAML as JSON values, for Compose files that no engine has read.

#[cfg(feature = "yaml")]
mod build;

#[cfg(feature = "yaml")]
pub(crate) use build::value;

/// This program was built without YAML.
#[cfg(not(feature = "yaml"))]
pub(crate) fn value(_text: &str) -> Option<serde_json::Value> {
    None
}

#[cfg(all(test, feature = "yaml"))]
mod tests;
