//! What `init` and `import` do with a proposal: check it, write it or show it, and say what it is.

use crate::commands::{CommandResult, Context, exit_after_print, tell};
use crate::config;
use crate::detect::{Proposal, text};
use crate::diagnostic::{Diagnostics, Exit};
use crate::report;
use crate::report::json;
use crate::run::project::NewFile;

/// Writes the file or, with `print`, shows its text. `command` is the one that was typed.
pub(super) fn finish(
    proposal: &Proposal,
    file: &NewFile,
    command: &str,
    print: bool,
    context: &Context,
) -> CommandResult {
    let text = text(proposal, &format!("{} {command}", context.program));
    config::read(&file.shown, &text).map_err(|problems| our_mistake(problems, command))?;
    if !print {
        file.write(&text)?;
    }
    let answer = if context.json {
        json::line(&json::proposal(proposal, &file.file, !print, &text))
    } else if print {
        text
    } else if context.quiet {
        String::new()
    } else {
        let shown = file.shown.display().to_string();
        report::proposal::summary(proposal, &shown, &context.program, context.paint())
    };
    let printed = context.print(&answer);
    if !context.quiet && !context.json {
        tell(&report::proposal::left(proposal));
        if let (false, Some(hidden)) = (print, file.hidden()) {
            tell(&report::proposal::hides(&hidden, &file.directory));
        }
    }
    Ok(exit_after_print(printed, Exit::Done))
}

/// What we would write is not what we read. Nothing is written then.
fn our_mistake(mut problems: Vec<crate::diagnostic::Diagnostic>, command: &str) -> Diagnostics {
    for problem in &mut problems {
        problem.message = format!(
            "`{command}` would write a file that it cannot read itself, which is a bug in devtasks: {}",
            problem.message
        );
        problem.hints = vec![
            format!("report it with the output of `devtasks {command}`, and write the file yourself meanwhile").into(),
        ];
        problem.exit = Exit::Failed;
    }
    problems.into()
}
