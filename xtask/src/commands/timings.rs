//! `--timings` of `up` and `status`: the last start as a waterfall, and as a picture.

use std::path::{Path, PathBuf};

use crate::commands::as_argument;
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::report::timings::svg;
use crate::run::last_start;
use crate::supervise::timings::Timings;
use crate::system::new_file::{Readers, replace};
use crate::system::problem;
use crate::system::runs::StateDir;

/// The last start of the checkout.
pub(super) fn last(checkout: &Path) -> Option<Timings> {
    last_start::last(&StateDir::existing(checkout)?)
}

/// # Errors
/// It cannot be written.
pub(super) fn write_picture(timings: &Timings, project: &str, path: &Path) -> Result<(), Diagnostic> {
    replace(path, &svg(timings, project), Readers::Umask).map_err(|error| problem("write", path, &error))
}

/// Nothing was started yet, or what was is not known.
pub(super) fn none() -> Diagnostic {
    Diagnostic::new("no start of this checkout is known").hint(Hint::run("start the stack with", "up"))
}

/// The argument. Its name must tell what the file is: nothing else can be written.
pub(super) fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("svg"))
    {
        return Ok(path);
    }
    let problem = Diagnostic::new(format!("`{}` does not end with `.svg`", path.display())).exit(Exit::Usage);
    Err(as_argument(
        problem.hint("write an SVG picture, such as `--timings=start.svg`"),
    ))
}
