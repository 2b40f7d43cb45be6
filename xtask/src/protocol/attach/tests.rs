//! Bytes → a line of JSON → the same bytes.

use super::*;

#[test]
fn every_byte_arrives_unchanged() {
    let all = Bytes((0..=255).collect());
    let line = serde_json::to_string(&all).unwrap();
    assert!(!line.contains('\n'), "{line}");
    assert_eq!(serde_json::from_str::<Bytes>(&line).unwrap(), all);
}

#[test]
fn text_stays_readable() {
    let typed = Input::Typed(Bytes(b"p x\n\x03".to_vec()));
    assert_eq!(serde_json::to_string(&typed).unwrap(), r#"{"Typed":"p x\n\u0003"}"#);
}

#[test]
fn what_is_no_byte_is_refused() {
    assert!(serde_json::from_str::<Bytes>("\"\u{100}\"").is_err());
}
