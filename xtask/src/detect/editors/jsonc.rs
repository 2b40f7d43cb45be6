//! JSON with comments and trailing commas, as VS Code reads it.

/// The same text as JSON.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(letter) = rest.chars().next() {
        if letter == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else {
            if letter == ']' || letter == '}' {
                let without = out.trim_end().strip_suffix(',').map(str::len);
                out.truncate(without.unwrap_or(out.len()));
            }
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

/// Where the string ends that the text begins with.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn comments_and_trailing_commas_go() {
        let text = "{ // a \"b\"\n \"c\": [1, 2, /* , */ ], \"d\": \"// no \\\" comment\", }";
        assert_eq!(plain(text), "{ \n \"c\": [1, 2], \"d\": \"// no \\\" comment\"}");
        assert_eq!(plain("\"open"), "\"open");
    }
}
