//! Help and usage errors, as clap words them, in colour.

use super::paint::Paint;

/// Headings are bold. `error:` and `tip:` have the colours that they have in our own messages.
pub(crate) fn help(text: &str, paint: Paint) -> String {
    text.split_inclusive('\n').map(|line| paint_line(line, paint)).collect()
}

fn paint_line(line: &str, paint: Paint) -> String {
    if let Some(rest) = line.strip_prefix("error:") {
        return format!("{}{rest}", paint.bad("error:"));
    }
    if let Some(rest) = line.strip_prefix("Usage:") {
        return format!("{}{rest}", paint.bold("Usage:"));
    }
    if let Some(rest) = line.strip_prefix("  tip:") {
        return format!("  {}{rest}", paint.hint("tip:"));
    }
    match line.strip_suffix('\n') {
        Some(heading) if heading.ends_with(':') && !heading.starts_with(' ') => format!("{}\n", paint.bold(heading)),
        _ => line.to_owned(),
    }
}
