//! What only a shell understands in a `command` that runs without one, and the keys that say the same.

use std::mem::take;

use super::corrected::quoted;
use crate::config::ShellSyntax;

/// Commands of the shell itself: no program could do what they do.
const BUILTINS: [&str; 5] = ["cd", "source", ".", "export", "unset"];

/// Words that a shell takes as operators.
const OPERATORS: [&str; 11] = ["&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>"];

/// Looks at the string as written, because quotes decide what is an operator.
pub(super) fn shell_syntax(text: &str) -> Option<ShellSyntax> {
    let steps = steps(&raw_words(text));
    let is_builtin = |word: &&String| BUILTINS.contains(&word.as_str());
    let first = steps.first().and_then(|step| step.words.first());
    let builtin = first.filter(is_builtin).cloned();
    let operator = || steps.iter().find_map(|step| step.operator.clone());
    let is_assignment = || first.is_some_and(|word| assignment(word).is_some());
    let found = builtin
        .clone()
        .or_else(operator)
        .or_else(|| first.filter(|_| is_assignment()).cloned())?;
    Some(ShellSyntax {
        cannot_run: builtin.is_some() || is_assignment(),
        found,
        instead: instead(steps),
    })
}

/// Words between operators, and the operator behind them.
#[derive(Default)]
struct Step {
    words: Vec<String>,
    operator: Option<String>,
}

/// Words with their quotes.
fn raw_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, blank) if blank.is_whitespace() => words.extend(Some(take(&mut word)).filter(|it| !it.is_empty())),
            (None | Some('"'), '\\') => word.extend(std::iter::once(letter).chain(letters.next())),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.push(letter);
            }
            (open, letter) => {
                word.push(letter);
                quote = open.filter(|open| *open != letter);
            }
        }
    }
    words.extend(Some(word).filter(|it| !it.is_empty()));
    words
}

fn steps(words: &[String]) -> Vec<Step> {
    let mut steps = vec![Step::default()];
    let end = |steps: &mut Vec<Step>, operator: &str| {
        let last = steps.last_mut().expect("there is always one");
        last.operator = Some(operator.to_owned());
        steps.push(Step::default());
    };
    for word in words {
        let last = steps.last_mut().expect("there is always one");
        match word.strip_suffix(';') {
            _ if OPERATORS.contains(&word.as_str()) => end(&mut steps, word),
            Some(word) if !word.is_empty() && !word.ends_with('\\') => {
                last.words.push(word.to_owned());
                end(&mut steps, ";");
            }
            Some(_) | None => last.words.push(word.clone()),
        }
    }
    steps
}

/// Name and value of `PORT=8000`, with quotes.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (is_name && name.starts_with(|it: char| !it.is_ascii_digit())).then_some((name, value))
}

/// The keys that stand for `cd DIR && source BIN/activate && export A=b && A=b exec COMMAND`, ready to paste. `None` for
/// everything else.
fn instead(mut steps: Vec<Step>) -> Option<Vec<String>> {
    let last = steps.pop()?;
    let (mut working_dir, mut venv, mut variables) = (None, false, Vec::new());
    for Step { words, operator } in &steps {
        if !matches!(operator.as_deref(), Some("&&" | ";")) {
            return None;
        }
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["cd", directory] if working_dir.is_none() => working_dir = Some(unquoted(directory)?),
            // `venv = "auto"` searches upward, so only what lies here or above is certain to be found.
            ["source" | ".", script] if ends_in_activate(script) => venv = true,
            ["export", assigned @ ..] if !assigned.is_empty() => variables.extend(pairs(assigned)?),
            assigned => variables.extend(pairs(assigned)?),
        }
    }
    let n_assigned = last.words.iter().take_while(|word| assignment(word).is_some()).count();
    let (assigned, command) = last.words.split_at(n_assigned);
    variables.extend(pairs(&assigned.iter().map(String::as_str).collect::<Vec<_>>())?);
    let command = match command {
        [exec, command @ ..] if exec == "exec" => command,
        command => command,
    };
    if last.operator.is_some() || command.is_empty() || BUILTINS.contains(&command[0].as_str()) {
        return None;
    }
    let mut lines = Vec::new();
    lines.extend(working_dir.map(|directory| format!("working_dir = {}", quoted(&directory))));
    lines.extend(venv.then(|| "venv = \"auto\"".to_owned()));
    lines.extend((!variables.is_empty()).then(|| format!("environment = {{ {} }}", variables.join(", "))));
    lines.push(format!("command = {}", quoted(&command.join(" "))));
    Some(lines)
}

fn ends_in_activate(script: &str) -> bool {
    matches!(script.rsplit('/').take(3).collect::<Vec<_>>().as_slice(),
        ["activate", "bin", venv] if [".venv", "venv", "env"].contains(venv))
        && script.trim_start_matches("../").split('/').count() == 3
}

fn pairs(words: &[&str]) -> Option<Vec<String>> {
    let pair = |word: &&str| {
        let (name, value) = assignment(word)?;
        Some(format!("{name} = {}", quoted(&unquoted(value)?)))
    };
    words.iter().map(pair).collect()
}

/// One word without its quotes.
fn unquoted(word: &str) -> Option<String> {
    match shell_words::split(word).ok()?.as_slice() {
        [] => Some(String::new()),
        [only] => Some(only.clone()),
        [_, _, ..] => None,
    }
}

#[cfg(test)]
mod tests;
