//! A Procfile, as foreman and honcho read it: one line of shell for each service.
//!
//! Both start everything at once, end everything when one process exits, and set `PORT` themselves. Source: their READMEs
//! and what they did: foreman replaces `$NAME` of its own variables even inside of quotes.

use super::gate::{self, gated, script};
use super::loss::{self, Loss};
use super::{ExportFile, Exported, Request, Target, header, shell};
use crate::diagnostic::Diagnostic;
use crate::plan::{Restart, Service};

const TARGET: Target = Target::Procfile;

/// # Errors
/// As [`gated`].
pub(super) fn export(request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    let gated = gated(request)?;
    let mut text = header(TARGET, request, "# ");
    for it in &gated {
        let line = format!("{}{}", it.gate(), script(&it.process));
        let line = shell::without(line, is_forbidden);
        text.push_str(&format!("{}: {line}\n", it.process.service.name));
    }
    let mut losses = loss::everywhere(request, TARGET);
    losses.extend(gate::losses(&gated, request, TARGET));
    losses.extend(gated.iter().filter_map(|it| restart(it.process.service)));
    Ok(Exported {
        files: vec![ExportFile {
            name: "Procfile".to_owned(),
            text,
            has_variables: true,
        }],
        losses,
    })
}

fn restart(service: &Service) -> Option<Loss> {
    let message = "when it ends, everything ends with it";
    (service.restart != Restart::No).then(|| Loss::new(service, "restart", message))
}

/// The end of a line ends the command, and foreman replaces names after `$`.
fn is_forbidden(_: &str, letter: char, rest: &str) -> bool {
    let is_name = |first: char| first.is_ascii_alphabetic() || first == '_';
    let is_foremans =
        letter == '$' && rest.starts_with(is_name) && !rest.starts_with("end ]") && !rest.starts_with("PATH\"");
    letter.is_control() || is_foremans
}
