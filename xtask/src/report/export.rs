//! What `export` says beside the files: what was written, what is lost, what decided.

use std::path::{Path, PathBuf};

use super::paint::Paint;
use super::words;
use crate::export::{ExportFile, Loss, Target};
use crate::foreign::visible;

/// All files as one text, each under its name if there are several, as `systemctl cat` shows them.
pub(crate) fn files(files: &[ExportFile]) -> String {
    match files {
        [file] => file.text.clone(),
        files => {
            let texts: Vec<String> = files
                .iter()
                .map(|file| format!("# {}\n{}", file.name, file.text))
                .collect();
            texts.join("\n")
        }
    }
}

/// What the files lack, for stderr; nothing if nothing. What several services lose alike is one entry.
pub(crate) fn losses(losses: &[Loss], target: Target, paint: Paint) -> String {
    let mut entries: Vec<Vec<&Loss>> = Vec::new();
    for loss in losses {
        let is_alike = |entry: &&mut Vec<&Loss>| (entry[0].key, &entry[0].message) == (loss.key, &loss.message);
        match entries.iter_mut().find(is_alike) {
            Some(entry) => entry.push(loss),
            None => entries.push(vec![loss]),
        }
    }
    if entries.is_empty() {
        return String::new();
    }
    let mut out = format!("Not in {}:\n", target.title());
    for entry in entries {
        let names: Vec<String> = entry.iter().filter_map(|loss| loss.service.clone()).collect();
        let who = words::list(&names).unwrap_or_else(|| "the stack".to_owned());
        let (key, message) = (paint.bold(entry[0].key), &entry[0].message);
        out.push_str(&format!("  {key}  {who}\n      {message}\n"));
        // Said once if all have the same.
        let is_shared = entry.iter().all(|loss| loss.substitute == entry[0].substitute);
        let told = if is_shared { &entry[..1] } else { &entry[..] };
        for loss in told {
            let about = loss.service.as_ref().filter(|_| !is_shared);
            let about = about.map(|name| format!("{name}: ")).unwrap_or_default();
            if let Some(substitute) = &loss.substitute {
                out.push_str(&format!("      instead  {about}{substitute}\n"));
            }
        }
    }
    out
}

/// That these variables of the calling environment decided something.
pub(crate) fn from_calling(names: &[String]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (verb, pronoun) = if names.len() == 1 {
        ("comes", "it")
    } else {
        ("come", "they")
    };
    words::list(&quoted)
        .map(|names| format!("{names} {verb} from the environment of this shell: elsewhere {pronoun} may differ."))
}

/// What was done in a directory.
pub(crate) fn written(written: &[PathBuf], n_files: usize, directory: &Path) -> String {
    let directory = visible(&directory.display().to_string()).into_owned();
    match (written, n_files) {
        ([], 1) => format!("The file in {directory} is up to date."),
        ([], n) => format!("All {n} files in {directory} are up to date."),
        ([path], _) => format!("Wrote {}.", visible(&path.display().to_string())),
        (written, _) => format!("Wrote {} to {directory}.", words::count(written.len(), "file")),
    }
}
