//! Help and usage errors, as clap words them, in colour and in lines that fit.

use console::measure_text_width;

use super::paint::Paint;

/// Lines are not longer, however wide the terminal is.
const MAX_WIDTH: usize = 100;

/// A narrower column of descriptions is not readable.
const MIN_COLUMN: usize = 20;

/// Headings are bold. `error:` and `tip:` have the colours that they have in our own messages. Lines that are longer than
/// `width` are broken between words.
pub(crate) fn help(text: &str, paint: Paint, width: usize) -> String {
    let width = width.min(MAX_WIDTH);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let paragraphs = lines.chunk_by(|one, next| is_prose(one) && is_prose(next));
    let wrapped = paragraphs.map(|lines| {
        let fits = lines.iter().all(|line| measure_text_width(line.trim_end()) <= width);
        match fits {
            true => lines.concat(),
            false => wrap_line(&format!("{}\n", lines.concat().trim_end().replace('\n', " ")), width),
        }
    });
    wrapped
        .collect::<String>()
        .split_inclusive('\n')
        .map(|line| paint_line(line, paint))
        .collect()
}

/// A line of a text, which may be broken elsewhere: neither a heading nor a row of a list.
fn is_prose(line: &str) -> bool {
    !line.starts_with([' ', '\n']) && !line.trim_end().ends_with(':') && !line.starts_with("Usage:")
}

/// What follows stands below the description, if the line has one: the text after two spaces or more.
fn wrap_line(line: &str, width: usize) -> String {
    if measure_text_width(line.trim_end()) <= width {
        return line.to_owned();
    }
    let begin = line.len() - line.trim_start().len();
    let described = line[begin..].find("  ").map(|gap| begin + gap);
    let described = described.map(|gap| gap + line[gap..].len() - line[gap..].trim_start().len());
    let indent = described.unwrap_or(begin);
    let indent = if indent + MIN_COLUMN > width { begin + 2 } else { indent };
    let (mut wrapped, mut at) = (String::new(), 0);
    for word in line.trim_end().split(' ') {
        let length = measure_text_width(word);
        if at > indent && !word.is_empty() && at + length > width {
            wrapped.truncate(wrapped.trim_end().len());
            wrapped.push_str(&format!("\n{:indent$}", ""));
            at = indent;
        }
        wrapped.push_str(&format!("{word} "));
        at += length + 1;
    }
    wrapped.truncate(wrapped.trim_end().len());
    wrapped.push_str(&line[line.trim_end().len()..]);
    wrapped
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
