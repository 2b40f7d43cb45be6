//! A string with variables in it, parsed but not filled in: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `$$`
//! and references to other services (`${services.NAME.port}`).

/// Pieces in order. A lone `$` that opens none of the forms above is literal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Variable { name: String, otherwise: Otherwise },
    Reference { service: String, part: Part },
}

/// What stands for a variable that is missing (or, as in Compose, empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// `${VAR}`: missing is a problem, empty is empty.
    Nothing,
    /// `${VAR:-default}`; the default may hold variables itself.
    Default(Template),
    /// `${VAR:?message}`.
    Message(String),
}

/// What of another service is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Port,
    PortKey(String),
    Url,
}
