//! Text → [`Template`].

use super::{MissingWhen, Otherwise, Piece, Template, TemplateError, TemplatePart};
use crate::diagnostic::{Diagnostic, Exit};

impl Template {
    /// Parses a value of `devtasks.toml`.
    ///
    /// # Errors
    /// A `${` that is not closed or starts none of the forms.
    pub(crate) fn parse(text: &str) -> Result<Template, TemplateError> {
        whole(text, Dialect::Config)
    }

    /// Parses a value of a Compose env file: `$VAR` is a variable too, a missing one is empty, and there are no
    /// references.
    ///
    /// # Errors
    /// As for [`Template::parse`].
    pub(crate) fn parse_env(text: &str) -> Result<Template, TemplateError> {
        whole(text, Dialect::Env)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Config,
    Env,
}

/// Maximum depth of defaults within defaults; bounds the recursion.
const MAX_DEPTH: usize = 50;

fn whole(text: &str, dialect: Dialect) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        dialect,
    };
    parser.template()
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
    /// Number of open `${`.
    depth: usize,
    dialect: Dialect,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Parses up to the end of the text or, within `${`, up to the closing `}`, which the caller consumes.
    fn template(&mut self) -> Result<Template, TemplateError> {
        let mut template = Template::default();
        // Plain braces in a default are matched, as in Compose: `${A:-{"b":1}}`.
        let mut braces = 0;
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("$$") {
                template.push_str("$");
                self.at += 2;
            } else if rest.starts_with("${") {
                template.push(self.braced()?);
            } else if next == '$' && self.dialect == Dialect::Env && name_length(&rest[1..]) > 0 {
                self.at += 1;
                let name = self.name();
                template.push(self.plain_variable(name));
            } else if next == '}' && self.depth > 0 && braces == 0 {
                break;
            } else {
                match next {
                    '{' if self.depth > 0 => braces += 1,
                    '}' if self.depth > 0 => braces -= 1,
                    _ => {}
                }
                template.push_str(&rest[..next.len_utf8()]);
                self.at += next.len_utf8();
            }
        }
        Ok(template)
    }

    /// Parses from `${` to the closing `}`, inclusive.
    fn braced(&mut self) -> Result<Piece, TemplateError> {
        let start = self.at;
        self.at += 2;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(start, "defaults are nested too deep".to_owned(), "use fewer `${…:-${…`"));
        }
        let piece = if self.dialect == Dialect::Config && self.rest().starts_with("services.") {
            self.reference(start)?
        } else {
            self.variable(start)?
        };
        if !self.rest().starts_with('}') {
            return Err(self.unclosed(start));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(piece)
    }

    /// Parses up to the `}`.
    fn variable(&mut self, start: usize) -> Result<Piece, TemplateError> {
        const OPERATORS: [&str; 6] = [":-", ":?", ":+", "-", "?", "+"];
        let name = self.name();
        if !name.is_empty() && (self.rest().is_empty() || self.rest().starts_with('}')) {
            return Ok(self.plain_variable(name));
        }
        let operator = OPERATORS.into_iter().find(|operator| self.rest().starts_with(operator));
        let Some(operator) = operator.filter(|_| !name.is_empty()) else {
            return Err(self.no_variable(start));
        };
        self.at += operator.len();
        let from = self.at;
        let inner = self.template()?;
        let (missing_when, letter) = match operator.strip_prefix(':') {
            Some(letter) => (MissingWhen::UnsetOrEmpty, letter),
            None => (MissingWhen::Unset, operator),
        };
        let otherwise = match letter {
            "-" => Otherwise::Default(inner),
            "+" => Otherwise::Instead(inner),
            _ => Otherwise::Message(self.text[from..self.at].to_owned()),
        };
        Ok(Piece::Variable {
            name,
            missing_when,
            otherwise,
        })
    }

    fn plain_variable(&self, name: String) -> Piece {
        Piece::Variable {
            name,
            missing_when: MissingWhen::Unset,
            otherwise: match self.dialect {
                Dialect::Config => Otherwise::Nothing,
                Dialect::Env => Otherwise::Default(Template::default()),
            },
        }
    }

    /// Parses up to the `}`.
    fn reference(&mut self, start: usize) -> Result<Piece, TemplateError> {
        let Some(length) = self.rest().find('}') else {
            return Err(self.unclosed(start));
        };
        let path: Vec<&str> = self.rest()[..length].split('.').collect();
        let (service, part) = match path.as_slice() {
            [_, service, "port"] => (service, TemplatePart::Port),
            [_, service, "ports", key] if !key.is_empty() => (service, TemplatePart::PortKey((*key).to_owned())),
            [_, service, "url"] => (service, TemplatePart::Url),
            [_, service, "address"] => (service, TemplatePart::Address),
            _ => return Err(self.no_reference(start)),
        };
        if service.is_empty() {
            return Err(self.no_reference(start));
        }
        self.at += length;
        Ok(Piece::Reference {
            service: (*service).to_owned(),
            part,
        })
    }

    fn name(&mut self) -> String {
        let length = name_length(self.rest());
        let name = self.rest()[..length].to_owned();
        self.at += length;
        name
    }

    fn unclosed(&self, start: usize) -> TemplateError {
        self.fault(
            start,
            "`${` has no closing `}`".to_owned(),
            "close it, or write `$$` for a plain `$`",
        )
    }

    fn no_variable(&self, start: usize) -> TemplateError {
        let form = self.form(start);
        if form == "${}" {
            return self.fault(
                start,
                "`${}` names no variable".to_owned(),
                "write `$$` for a plain `$`",
            );
        }
        self.fault(
            start,
            format!("`{form}` is not a variable"),
            "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`, or `$$` for a plain `$`",
        )
    }

    fn no_reference(&self, start: usize) -> TemplateError {
        self.fault(
            start,
            format!("`{}` refers to nothing", self.form(start)),
            "write `${services.NAME.port}`, `.ports.KEY`, `.address` or `.url`",
        )
    }

    /// The text from `start` to the next `}`.
    fn form(&self, start: usize) -> &str {
        let text = &self.text[start..];
        text.find('}').map_or(text, |end| &text[..=end])
    }

    fn fault(&self, start: usize, message: String, hint: &str) -> TemplateError {
        TemplateError {
            offset: self.text[..start].chars().count(),
            problem: Diagnostic::new(message).hint(hint).exit(Exit::Usage),
        }
    }
}

/// Length in bytes of the variable name at the start of `text`: letters, digits and `_`, no leading digit.
fn name_length(text: &str) -> usize {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !word(c)).unwrap_or(text.len())
}
