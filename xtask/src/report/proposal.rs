//! What `init` and `import` say: what was found, what was written, what to type next, and what was left out.

use std::path::Path;

use super::paint::Paint;
use crate::detect::Proposal;
use crate::foreign::visible;

/// Of a list in a sentence, at most.
const MAX_NAMES: usize = 6;

/// Three lines: found, written, next. `file` is the path as the user would write it.
pub(crate) fn summary(proposal: &Proposal, file: &str, program: &str, paint: Paint) -> String {
    let services: Vec<&str> = proposal.services.iter().map(|service| service.name.as_str()).collect();
    let tasks: Vec<&str> = proposal.tasks.iter().map(|task| task.name.as_str()).collect();
    let venvs: Vec<&str> = proposal.venvs.iter().map(|venv| venv.path.as_str()).collect();
    let parts = [
        counted(&services, "service"),
        counted(&tasks, "task"),
        counted(&venvs, "venv"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let found: Vec<&str> = proposal.found.iter().map(String::as_str).collect();
    // Nothing waits for it, so it would be forgotten.
    let migrate = match tasks.contains(&"migrate") {
        true => format!(", {}", paint.bold(&format!("`{program} run migrate`"))),
        false => String::new(),
    };
    format!(
        "Found {}.\nWrote {}: {}.\nNext: {}{migrate}   (`{program} doctor` checks it first)\n",
        visible(&names(&found)),
        paint.bold(&visible(file)),
        visible(&parts.join(", ")),
        paint.bold(&format!("`{program} up`")),
    )
}

/// What was left out, for stderr; nothing if nothing was.
pub(crate) fn left(proposal: &Proposal) -> String {
    match proposal.left.as_slice() {
        [] => String::new(),
        left => {
            let lines: String = left.iter().map(|it| format!("  - {}\n", visible(it))).collect();
            format!("\nNot carried over, or left to you:\n{lines}")
        }
    }
}

/// That commands in `directory` no longer use the file above, for stderr.
pub(crate) fn hides(above: &Path, directory: &Path) -> String {
    let (above, directory) = (above.display().to_string(), directory.display().to_string());
    format!(
        "\nIn `{}`, commands used `{}` until now. It is unchanged; name it with `--file`.\n",
        visible(&directory),
        visible(&above)
    )
}

/// What was found, in one line.
pub(crate) fn names(found: &[&str]) -> String {
    let shown = found.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", ");
    match found.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        n => format!("{shown} and {n} more"),
    }
}

/// `2 services (backend, frontend)`; `None` for none.
fn counted(names: &[&str], one: &str) -> Option<String> {
    let many = if names.len() == 1 { "" } else { "s" };
    (!names.is_empty()).then(|| format!("{} {one}{many} ({})", names.len(), names.join(", ")))
}
