//! Original name → displayed text.

use super::*;

#[test]
fn nothing_foreign_is_printed_as_it_is() {
    let name = Foreign::from("\x1b]0;P\x07\u{9b}41m\u{202e}");
    assert_eq!(name.to_string(), r"\x1b]0;P\x07\u{9b}41m\u{202e}");
    assert_eq!(format!("{name:<32}|"), r"\x1b]0;P\x07\u{9b}41m\u{202e}   |");
    assert_eq!(name, "\x1b]0;P\x07\u{9b}41m\u{202e}");
    assert!(!format!("{name:?}").contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']));
    let path = Foreign::from(Path::new("/a\nb"));
    assert_eq!(
        (path.to_string(), path.raw().as_path()),
        (r"/a\nb".to_owned(), Path::new("/a\nb"))
    );
    let command = Foreign::from(vec!["sh".to_owned(), "-c".to_owned(), "a b".to_owned()]);
    assert_eq!(command.to_string(), "sh -c 'a b'");
}

#[test]
fn our_own_notes_keep_it_as_it_is() {
    let name = Foreign::from("a\u{9b}\x1bb");
    let note = serde_json::to_string(&name).unwrap();
    assert_eq!(serde_json::from_str::<Foreign>(&note).unwrap(), name);
}
