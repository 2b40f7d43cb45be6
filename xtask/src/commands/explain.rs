//! `explain`: what a code of a finding or a diagnosis means, and what to do about it.

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::config::is_name;
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::foreign::visible;
use crate::report::explanation::{self, Explanation};

/// Explain a code of a finding or a failure; what it means, how to see it, how to solve it
#[derive(clap::Args)]
#[command(after_help = "\
JSON has the codes: `doctor`, `port who`, `up` and `why` with `--format json`. Without CODE, all of them are listed. The
texts are those of docs/troubleshooting.md.

Examples:
  devtasks explain
  devtasks explain port.busy.foreign
  devtasks explain \"python package\"   which code belongs to these words of a message

Exit codes:
  0    it was explained
  2    there is no such code; the nearest are named")]
pub(crate) struct Args {
    /// The code, such as port.busy.foreign; without it, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let explained = args.code.as_deref().map(wanted).transpose()?;
    let (paint, width) = (context.paint(), context.terminals.width.min(MAX_WIDTH));
    let text = match (explained, context.json) {
        (Some(it), true) => explanation::json(&it, &context.program),
        (Some(it), false) => explanation::text(&it, &context.program, paint, width),
        (None, true) => explanation::json_list(),
        (None, false) => explanation::list(paint, width),
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

/// Longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// The most codes that are named for a word.
const MAX_NEAR: usize = 5;

fn wanted(code: &str) -> Result<Explanation, Diagnostic> {
    explanation::of(code).ok_or_else(|| {
        let near = explanation::near(code);
        let mut hints: Vec<Hint> = Vec::new();
        for code in near.iter().take(MAX_NEAR) {
            hints.push(Hint::run("type", format!("explain {code}")).or_after(&hints));
        }
        // Other programs explain what runs.
        if near.is_empty() && is_name(code) {
            hints.push(Hint::run(
                "if it is a service, see why it is in its state with",
                format!("why {code}"),
            ));
        }
        hints.push(Hint::run("see all codes with", "explain").or_after(&hints));
        let problem = Diagnostic::new(format!("there is no code `{}`", visible(code)));
        problem.hints(hints).exit(Exit::Usage)
    })
}
