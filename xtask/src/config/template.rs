//! A string with variables, parsed but not filled in: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `$$` and
//! references to other services (`${services.NAME.port}`).
//!
//! The other forms of Compose are supported too. Without the colon, a variable that is set but empty does not count as
//! missing. `${VAR:+text}` is `text` if the variable is set, and empty if it is missing.

mod parse;

use crate::diagnostic::Diagnostic;

/// Pieces in order, never two literals in a row. A lone `$` that starts none of the forms above is literal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Variable {
        name: String,
        missing_when: MissingWhen,
        otherwise: Otherwise,
    },
    Reference {
        service: String,
        part: TemplatePart,
    },
}

/// Whether an empty variable counts as missing: the colon in `${VAR:-default}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingWhen {
    Unset,
    UnsetOrEmpty,
}

/// What replaces a missing variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// `${VAR}`: a missing variable is a problem; an empty one stays empty.
    Nothing,
    /// `${VAR:-default}`; the default may contain variables.
    Default(Template),
    /// `${VAR:?message}`.
    Message(String),
    /// `${VAR:+text}`: replaces a variable that is set; a missing one is empty.
    Instead(Template),
}

/// The part of another service that a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    Port,
    PortKey(String),
    Url,
    /// Host and port.
    Address,
}

/// Why a text is not a valid template. The problem has no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// Number of characters before the invalid form.
    pub(crate) offset: usize,
    pub(crate) problem: Diagnostic,
}

/// Something that was missing when a template was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// `${VAR}`, which is not set.
    Variable(String),
    /// `${VAR:?message}`.
    Required { name: String, message: String },
    /// `${services.NAME.port}`, and why it could not be resolved.
    Reference {
        service: String,
        part: TemplatePart,
        why: String,
    },
}

type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;
type Refer<'l> = &'l dyn Fn(&str, &TemplatePart) -> Result<String, String>;

impl Template {
    /// A template without variables; `$` is literal.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        let mut template = Template::default();
        template.push_str(&text.into());
        template
    }

    /// The text, if the template has no variables or references.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable that controls the value: the first one outside of defaults.
    pub(crate) fn first_variable(&self) -> Option<&str> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(name.as_str()),
            Piece::Literal(_) | Piece::Reference { .. } => None,
        })
    }

    /// All variables, including those in defaults, in order.
    pub(crate) fn variables(&self) -> Vec<&str> {
        let mut variables = Vec::new();
        self.walk(&mut |piece| match piece {
            Piece::Variable { name, .. } => variables.push(name.as_str()),
            Piece::Literal(_) | Piece::Reference { .. } => {}
        });
        variables
    }

    /// All services and parts that the template may refer to, including those in defaults, in order.
    pub(crate) fn references(&self) -> Vec<(&str, &TemplatePart)> {
        let mut references = Vec::new();
        self.walk(&mut |piece| match piece {
            Piece::Reference { service, part } => references.push((service.as_str(), part)),
            Piece::Literal(_) | Piece::Variable { .. } => {}
        });
        references
    }

    /// Fills in variables with `lookup` and references with `refer`.
    ///
    /// # Errors
    /// Everything that is missing, in order. The content of a default counts only if the default is used.
    pub(crate) fn fill(&self, lookup: Lookup, refer: Refer) -> Result<String, Vec<Missing>> {
        let mut text = String::new();
        let mut missing = Vec::new();
        for piece in &self.pieces {
            match piece.fill(lookup, refer) {
                Ok(part) => text.push_str(&part),
                Err(more) => missing.extend(more),
            }
        }
        if missing.is_empty() { Ok(text) } else { Err(missing) }
    }

    pub(crate) fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Literal(text) => self.push_str(&text),
            Piece::Variable { .. } | Piece::Reference { .. } => self.pieces.push(piece),
        }
    }

    pub(crate) fn push_str(&mut self, more: &str) {
        match self.pieces.last_mut() {
            _ if more.is_empty() => {}
            Some(Piece::Literal(text)) => text.push_str(more),
            Some(Piece::Variable { .. } | Piece::Reference { .. }) | None => {
                self.pieces.push(Piece::Literal(more.to_owned()));
            }
        }
    }

    fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Piece)) {
        for piece in &self.pieces {
            visit(piece);
            if let Piece::Variable {
                otherwise: Otherwise::Default(inner) | Otherwise::Instead(inner),
                ..
            } = piece
            {
                inner.walk(visit);
            }
        }
    }
}

impl Piece {
    fn fill(&self, lookup: Lookup, refer: Refer) -> Result<String, Vec<Missing>> {
        match self {
            Piece::Literal(text) => Ok(text.clone()),
            Piece::Reference { service, part } => refer(service, part).map_err(|why| {
                vec![Missing::Reference {
                    service: service.clone(),
                    part: part.clone(),
                    why,
                }]
            }),
            Piece::Variable {
                name,
                missing_when,
                otherwise,
            } => {
                let value = lookup(name).filter(|value| match missing_when {
                    MissingWhen::Unset => true,
                    MissingWhen::UnsetOrEmpty => !value.is_empty(),
                });
                match (otherwise, value) {
                    (Otherwise::Instead(text), Some(_)) => text.fill(lookup, refer),
                    (Otherwise::Instead(_), None) => Ok(String::new()),
                    (_, Some(value)) => Ok(value),
                    (Otherwise::Nothing, None) => Err(vec![Missing::Variable(name.clone())]),
                    (Otherwise::Default(default), None) => default.fill(lookup, refer),
                    (Otherwise::Message(message), None) => Err(vec![Missing::Required {
                        name: name.clone(),
                        message: message.clone(),
                    }]),
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
