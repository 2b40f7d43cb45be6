//! Tables whose columns are as wide as their widest cell.

use super::paint::Paint;

/// The width of each column; the first row contains the headings.
pub(super) fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let width = |at: usize| {
        rows.iter()
            .map(|row| console::measure_text_width(&row[at]))
            .max()
            .unwrap_or(0)
    };
    (0..rows[0].len()).map(width).collect()
}

/// The width of the table, including two spaces before each column.
pub(super) fn whole(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + 2).sum()
}

pub(super) fn remove_column(rows: &mut [Vec<String>], widths: &mut Vec<usize>, at: usize) {
    rows.iter_mut().for_each(|row| drop(row.remove(at)));
    widths.remove(at);
}

/// The lines, indented by two. `paint_cell` gets the row (0 is the first below the headings), column and padded cell.
pub(super) fn table(
    rows: &[Vec<String>],
    widths: &[usize],
    paint: Paint,
    paint_cell: impl Fn(usize, usize, String) -> String,
) -> String {
    let mut text = String::new();
    for (line, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            let cell = console::pad_str(cell, *width, console::Alignment::Left, None).into_owned();
            match line.checked_sub(1) {
                None => paint.dim(&cell),
                Some(row) => paint_cell(row, column, cell),
            }
        });
        text.push_str(format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end());
        text.push('\n');
    }
    text
}
