//! The text of an env file → its entries, before unescaping and filling in variables.

/// `KEY=value`, or `KEY` alone.
pub(super) struct Assignment<'t> {
    pub(super) key: &'t str,
    pub(super) value: Value<'t>,
    /// Byte offset of the entry, including `export`.
    pub(super) start: usize,
    /// Byte offset of the value, including its quote; for a key without value, the end of the key.
    pub(super) value_at: usize,
    pub(super) export: bool,
    /// The separator is `:` instead of `=`.
    pub(super) colon: bool,
    /// There are spaces around the `=`.
    pub(super) spaced: bool,
    /// A comment (` #…`) was removed.
    pub(super) comment: bool,
    /// Text other than a comment follows the closing quote on the same line.
    pub(super) trailing: bool,
}

pub(super) enum Value<'t> {
    Inherited,
    Unquoted(&'t str),
    /// Single-quoted; only `\'` is unescaped.
    Single(String),
    /// Double-quoted; only `\"` is unescaped.
    Double(String),
}

/// A syntax error. Messages may show the text from `start` to `shown_to`, which never includes a value.
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) shown_to: usize,
    pub(super) message: String,
    pub(super) hints: Vec<String>,
}

impl Fault {
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Assignment<'_> {
    pub(super) fn fault(&self, message: String) -> Fault {
        Fault {
            start: self.start,
            shown_to: self.value_at,
            message,
            hints: Vec::new(),
        }
    }
}

/// The entries in file order. After a fault, scanning continues on the next line.
pub(super) fn scan(text: &str) -> Vec<Result<Assignment<'_>, Fault>> {
    let mut scanner = Scanner { text, at: 0 };
    let mut found = Vec::new();
    // Key, line and end of the last multi-line value. A fault right after it suggests that a quote was closed too late.
    let mut long: Option<(&str, usize, usize)> = None;
    while scanner.skip_to_entry() {
        let start = scanner.at;
        let entry = scanner.entry().map_err(|fault| match long {
            Some((key, line, end)) if !text[end..start].contains('\n') => {
                fault.hint(format!("close the quote that opens at `{key}` in line {line}"))
            }
            _ => fault,
        });
        match &entry {
            Ok(entry) if text[start..scanner.at].contains('\n') => {
                long = Some((entry.key, text[..start].matches('\n').count() + 1, scanner.at));
            }
            Ok(_) => {}
            Err(_) => scanner.at = end_of_line(text, start),
        }
        found.push(entry);
    }
    found
}

struct Scanner<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips blank lines and comments; `false` at the end of the text.
    fn skip_to_entry(&mut self) -> bool {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            self.at = end_of_line(self.text, self.at);
        }
    }

    fn entry(&mut self) -> Result<Assignment<'t>, Fault> {
        let start = self.at;
        let export = self.export();
        let from = self.at;
        let rest = self.rest();
        let length = rest.find(['=', ':', '\n']).unwrap_or(rest.len());
        let key = rest[..length].trim_end();
        if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || "_.-[]".contains(c)) {
            return Err(no_entry(start));
        }
        let separator = rest[length..].chars().next().filter(|c| *c != '\n');
        let after = &rest[length + separator.map_or(0, char::len_utf8)..];
        self.at = self.text.len() - after.len();
        let mut entry = Assignment {
            key,
            value: Value::Inherited,
            start,
            value_at: from + key.len(),
            export,
            colon: separator == Some(':'),
            spaced: false,
            comment: false,
            trailing: false,
        };
        if separator.is_some() {
            let value = after.trim_start_matches(blank);
            self.at = self.text.len() - value.len();
            entry.value_at = self.at;
            // A space after a colon is normal.
            entry.spaced = key.len() < length || (value.len() < after.len() && !entry.colon);
            self.value(&mut entry)?;
        }
        Ok(entry)
    }

    fn export(&mut self) -> bool {
        let after = self.rest().strip_prefix("export").unwrap_or_default();
        let name = after.trim_start_matches(blank);
        let export = name.len() < after.len() && !name.starts_with(['=', ':', '\n']) && !name.is_empty();
        if export {
            self.at = self.text.len() - name.len();
        }
        export
    }

    fn value(&mut self, entry: &mut Assignment<'t>) -> Result<(), Fault> {
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let Some((text, length)) = quoted(&rest[1..], quote) else {
                    let fault = entry.fault(format!("the value of `{}` has a quote that is not closed", entry.key));
                    return Err(fault.hint(format!("end it with `{quote}`")));
                };
                self.at += 1 + length;
                let after = self.text[self.at..end_of_line(self.text, self.at)].trim();
                entry.trailing = !after.is_empty() && !after.starts_with('#');
                entry.value = if quote == '"' {
                    Value::Double(text)
                } else {
                    Value::Single(text)
                };
            }
            _ => {
                let line = &self.text[self.at..end_of_line(self.text, self.at)];
                let value = line.find(" #").map_or(line, |comment| &line[..comment]);
                entry.comment = value.len() < line.len();
                entry.value = Value::Unquoted(value.trim_end());
                self.at += line.len();
            }
        }
        Ok(())
    }
}

/// The text up to the closing quote, and the number of bytes including that quote. Escaped quotes do not close.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, _) if c == quote => return Some((value, at + quote.len_utf8())),
            (false, _) => value.push(c),
            (true, _) => {
                if c != quote {
                    value.push('\\');
                }
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

/// White space other than a line feed. Compose also accepts a carriage return.
fn blank(c: char) -> bool {
    c.is_whitespace() && c != '\n'
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |end| from + end)
}

/// Shows nothing of the line: it may be part of a broken value.
fn no_entry(start: usize) -> Fault {
    Fault {
        start,
        shown_to: start,
        message: "the line does not begin with a variable's name and `=`".to_owned(),
        hints: Vec::new(),
    }
}
