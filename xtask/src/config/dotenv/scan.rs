//! The text of an env file → its entries, as they stand there: nothing is unescaped or filled in.

/// `KEY=value`, or `KEY` alone.
pub(super) struct Assignment<'t> {
    pub(super) key: &'t str,
    pub(super) value: Value<'t>,
    /// The byte at which it begins: that of `export`, if there is one.
    pub(super) start: usize,
    /// The byte at which the value begins, its quote included; for a key alone, where that ends.
    pub(super) value_at: usize,
    pub(super) export: bool,
    /// `:` stands for `=`.
    pub(super) colon: bool,
    /// Spaces stand around the `=`.
    pub(super) spaced: bool,
    /// A ` #…` was cut off.
    pub(super) comment: bool,
    /// Something other than a comment follows the closing quote in its line.
    pub(super) trailing: bool,
}

pub(super) enum Value<'t> {
    Inherited,
    Unquoted(&'t str),
    /// Between single quotes; only `\'` was replaced.
    Single(String),
    /// Between double quotes; only `\"` was replaced.
    Double(String),
}

/// What cannot be read, from `start` on. A name and what stands before the value may be shown: up to `shown_to`.
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

/// In the order of the file. After a fault it goes on with the next line.
pub(super) fn scan(text: &str) -> Vec<Result<Assignment<'_>, Fault>> {
    let mut scanner = Scanner { text, at: 0 };
    let mut found = Vec::new();
    // The key and line of the last value of several lines, and where it ends: what follows there may be a slip.
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

    /// Over blank lines and comments; `false` at the end of the text.
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
            // A colon is followed by a space in any case.
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

/// Up to the closing quote, and how many bytes that takes with it; an escaped quote does not close.
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

/// A space that does not end the line; Compose counts a carriage return too.
fn blank(c: char) -> bool {
    c.is_whitespace() && c != '\n'
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |end| from + end)
}

/// Nothing of the line is shown: a broken value may have spilled into it.
fn no_entry(start: usize) -> Fault {
    Fault {
        start,
        shown_to: start,
        message: "the line does not begin with a variable's name and `=`".to_owned(),
        hints: Vec::new(),
    }
}
