//! What collectors of log lines share: the file of JSON lines that they follow.

use super::Request;
use super::loss::Loss;
use crate::plan::LogTarget;

/// The file that `log_export` writes, or would write.
pub(super) fn of_file(request: &Request) -> String {
    let file = request.plan.log_export.iter().find_map(|target| match target {
        LogTarget::File(path) => Some(path.display().to_string()),
        LogTarget::Otlp(_) | LogTarget::Syslog(_) | LogTarget::Journald => None,
    });
    file.unwrap_or_else(|| format!("{}/{}", request.plan.checkout.display(), name(request)))
}

/// That nothing writes it.
pub(super) fn no_file(request: &Request) -> Option<Loss> {
    let is_written = request
        .plan
        .log_export
        .iter()
        .any(|target| matches!(target, LogTarget::File(_)));
    (!is_written).then(|| Loss {
        service: None,
        key: "log_export",
        message: format!(
            "nothing writes the file that is followed: add `log_export = [{{ file = \"{}\" }}]` to [project]",
            name(request)
        ),
        substitute: None,
    })
}

fn name(request: &Request) -> String {
    format!("tmp/{}.jsonl", super::file_name(&request.plan.project))
}
