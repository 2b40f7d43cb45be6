//! `completions`: a script that lets a shell complete commands, options and the names of the project. It asks this program
//! at each Tab.

mod candidates;
mod script;

use clap::ValueEnum;

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::config::DeclaredNames;
use crate::diagnostic::Exit;
use crate::run::project::declared_names;
use candidates::{Candidate, candidates};

/// Print a script that completes commands, options and the project's names in your shell
#[derive(clap::Args)]
#[command(after_help = "\
The script completes the form that you typed: `devtasks` and `cargo devtasks`, or `cargo xtask`.

Examples:
  source <(devtasks completions bash)        in ~/.bashrc
  source <(devtasks completions zsh)         in ~/.zshrc, after compinit
  devtasks completions fish | source         in ~/.config/fish/config.fish
  devtasks completions powershell | Out-String | Invoke-Expression     in $PROFILE

Exit codes:
  0    it is on stdout
  2    wrong usage")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    /// What was typed after the program's name, up to the cursor: what could stand there is printed instead.
    #[arg(last = true, hide = true)]
    words: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// `command` is that of the whole program.
pub(crate) fn run(args: &Args, command: clap::Command, context: &Context) -> CommandResult {
    let text = match args.words.as_slice() {
        [] => script::script(args.shell, &context.program, &script::Asked::this_program()),
        words => {
            let names = |file: Option<&str>| declared_names(file.map(std::path::Path::new)).unwrap_or_default();
            lines(&candidates(command, &typed(args.shell, words), &names))
        }
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

/// PowerShell 5 drops an empty argument, so its script puts a colon in front of the last one.
fn typed(shell: Shell, words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if shell == Shell::Powershell
        && let Some(last) = words.last_mut()
    {
        *last = last.trim_start_matches(':').to_owned();
    }
    words
}

/// One candidate a line, with a tab before what it means. `:files` and the like ask the shell for its own.
fn lines(candidates: &[Candidate]) -> String {
    let line = |candidate: &Candidate| match candidate {
        Candidate::Word { word, about } => format!("{word}\t{about}\n"),
        Candidate::Files => ":files\n".to_owned(),
        Candidate::Directories => ":directories\n".to_owned(),
        Candidate::Programs => ":programs\n".to_owned(),
    };
    candidates.iter().map(line).collect()
}
