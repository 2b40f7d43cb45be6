//! The output of `port ls --all-projects`: the ports that each checkout has reserved.

use std::path::PathBuf;

use serde::Serialize;

use super::card::RenderContext;
use super::{table, words};
use crate::config::Protocol;
use crate::foreign::{Foreign, visible};
use crate::ports::Endpoint;

/// The JSON document.
#[derive(Serialize)]
pub(crate) struct ReservationsDocument {
    pub(crate) schema_version: u32,
    pub(crate) reservations: Vec<Reserved>,
}

/// A reserved port of a checkout.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reserved {
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    pub(crate) project: Foreign,
    pub(crate) service: Foreign,
    /// The key of the port.
    pub(crate) port: String,
    pub(crate) why: NumberOrigin,
    /// The declared number that was busy, if the origin is `next`.
    pub(crate) instead_of: Option<u16>,
    pub(crate) checkout: Foreign<PathBuf>,
    pub(crate) branch: Option<Foreign>,
    /// `None` if unknown.
    pub(crate) held: Option<Occupancy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NumberOrigin {
    Declared,
    Auto,
    Next,
}

/// The current holder of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Occupancy {
    /// The service for which it is reserved.
    Ours,
    Other,
    Free,
}

impl Reserved {
    pub(crate) fn port(&self) -> Endpoint {
        Endpoint {
            number: self.number,
            host: None,
            protocol: self.protocol,
        }
    }

    /// `shop/api`, or `shop/api.admin` for one of several ports.
    fn name(&self) -> String {
        let key = match self.port.as_str() {
            "main" => String::new(),
            key => format!(".{key}"),
        };
        format!("{}/{}{}", self.project, self.service, visible(&key))
    }
}

const COLUMNS: [&str; 6] = ["PORT", "SERVICE", "SOURCE", "STATUS", "BRANCH", "CHECKOUT"];

/// Rows in the given order; ends with a line break.
pub(crate) fn table(reserved: &[Reserved], reader: &RenderContext) -> String {
    let mut rows = vec![COLUMNS.map(String::from).to_vec()];
    rows.extend(reserved.iter().map(|one| row(one, reader)));
    let mut widths = table::widths(&rows);
    // On a narrow terminal the less important columns are dropped.
    for name in ["SOURCE", "BRANCH", "STATUS"] {
        if table::whole(&widths) > reader.width
            && let Some(at) = rows[0].iter().position(|column| column == name)
        {
            table::remove_column(&mut rows, &mut widths, at);
        }
    }
    table::table(&rows, &widths, reader.paint, |_, column, cell| match column {
        0 => reader.paint.bold(&cell),
        _ => cell,
    })
}

/// The cells in the order of [`COLUMNS`].
fn row(one: &Reserved, reader: &RenderContext) -> Vec<String> {
    let why = match (one.why, one.instead_of) {
        (NumberOrigin::Declared, _) => "declared".to_owned(),
        (NumberOrigin::Auto, _) => "auto".to_owned(),
        (NumberOrigin::Next, Some(number)) => format!("next, instead of {number}"),
        (NumberOrigin::Next, None) => "next".to_owned(),
    };
    let now = match one.held {
        Some(Occupancy::Ours) => "ours",
        Some(Occupancy::Other) => "other",
        Some(Occupancy::Free) => "free",
        None => "unknown",
    };
    let branch = one.branch.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    vec![
        one.port().typed(),
        one.name(),
        why,
        now.to_owned(),
        branch,
        words::foreign_path(&one.checkout, reader.home),
    ]
}
