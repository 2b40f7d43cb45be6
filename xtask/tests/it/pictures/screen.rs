//! A terminal's screen as a picture.

use anstyle_svg::Term;
use clap::builder::styling::RgbColor;
use vt100::{Color, Screen};

/// One place of the screen: what it shows, and how.
#[derive(Clone)]
struct Cell {
    letter: char,
    /// The parameters of its escape code (ECMA-48, SGR).
    looks: String,
}

/// What a number of this run is in the picture, which is the same in each run.
pub(crate) type Shown = (String, &'static str);

/// A duration in the picture.
const SHORT: &str = "0.2 s";

/// The letters, the ground, and the colours 0 to 7 of a terminal.
struct Palette {
    letters: u32,
    ground: u32,
    colours: [u32; 8],
}

/// Readable on a white page.
const LIGHT: Palette = Palette {
    letters: 0x24292f,
    ground: 0xf6f8fa,
    colours: [
        0x24292f, 0xcf222e, 0x1a7f37, 0x9a6700, 0x0969da, 0x8250df, 0x1b7c83, 0x6e7781,
    ],
};

const DARK: Palette = Palette {
    letters: 0xc9d1d9,
    ground: 0x0d1117,
    colours: [
        0x484f58, 0xff7b72, 0x3fb950, 0xd29922, 0x58a6ff, 0xbc8cff, 0x39c5cf, 0xb1bac4,
    ],
};

/// Which process adopts an orphan depends on the machine.
const ADOPTED: &str = "  from      systemd (1), or an orphan that it took over";

/// What is on the screen, without what differs between runs.
pub(crate) struct Picture {
    ansi: String,
}

impl Picture {
    pub(crate) fn new(screen: &Screen, numbers: &[Shown]) -> Self {
        let (n_rows, n_columns) = screen.size();
        let row = |row| {
            (0..n_columns.get())
                .map(move |column| cell(screen, row, column))
                .collect()
        };
        let rows = (0..n_rows.get()).map(|at| match ansi(&stable(row(at), numbers)) {
            adopted if adopted.contains("or an orphan that it took over") => ADOPTED.to_owned(),
            other => other,
        });
        let ansi = rows.collect::<Vec<_>>().join("\n").trim_end().to_owned();
        Picture { ansi }
    }

    pub(crate) fn light(&self) -> String {
        self.svg(&LIGHT)
    }

    pub(crate) fn dark(&self) -> String {
        self.svg(&DARK)
    }

    fn svg(&self, palette: &Palette) -> String {
        let colours = palette.colours.map(rgb);
        let sixteen = std::array::from_fn(|index| colours[index % 8]);
        let terminal = Term::new()
            .palette(anstyle_svg::Palette(sixteen))
            .fg_color(rgb(palette.letters).into())
            .bg_color(rgb(palette.ground).into());
        terminal.render_svg(&self.ansi)
    }
}

/// `0xRRGGBB`.
fn rgb(number: u32) -> RgbColor {
    let [_, red, green, blue] = number.to_be_bytes();
    RgbColor(red, green, blue)
}

fn cell(screen: &Screen, row: u16, column: u16) -> Cell {
    let cell = screen.cell(row, column).expect("it is on the screen");
    let colour = |base: u8, colour| match colour {
        Color::Idx(index @ 0..8) => Some((base + index).to_string()),
        Color::Idx(index @ 8..16) => Some((base + 52 + index).to_string()),
        Color::Default | Color::Idx(_) | Color::Rgb(..) => None,
    };
    let looks = [
        Some("0".to_owned()),
        cell.bold().then(|| "1".to_owned()),
        cell.dim().then(|| "2".to_owned()),
        cell.inverse().then(|| "7".to_owned()),
        colour(30, cell.fgcolor()),
        colour(40, cell.bgcolor()),
    ];
    Cell {
        letter: cell.contents().chars().next().unwrap_or(' '),
        looks: looks.into_iter().flatten().collect::<Vec<_>>().join(";"),
    }
}

/// The row with other numbers.
fn stable(mut row: Vec<Cell>, numbers: &[Shown]) -> Vec<Cell> {
    let mut at = 0;
    while at < row.len() {
        let text = |from: usize| row[from..].iter().map(|cell| cell.letter).collect::<String>();
        let rest = text(at);
        let number: String = rest
            .chars()
            .take_while(|it| it.is_ascii_digit() || *it == '.')
            .collect();
        let before = at.checked_sub(1).map_or(' ', |before| row[before].letter);
        if number.is_empty() || before.is_alphanumeric() || before == '.' {
            at += 1;
            continue;
        }
        let after = &rest[number.len()..];
        let is_unit = |unit: &&str| {
            let after = after.strip_prefix(unit);
            after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        };
        let unit = [" ms", " s"].into_iter().find(is_unit);
        let known = numbers.iter().find(|(real, _)| *real == number);
        let (length, new) = match (known, unit) {
            (Some((_, shown)), _) => (number.len(), *shown),
            // A limit, which does not depend on the run.
            (None, Some(unit)) if number != "10" => (number.len() + unit.len(), SHORT),
            (None, _) => (number.len(), number.as_str()),
        };
        let like = row[at].clone();
        let new: Vec<Cell> = new.chars().map(|letter| Cell { letter, ..like.clone() }).collect();
        let n_new = new.len();
        let n_spaces = row[at + length..].iter().take_while(|cell| cell.letter == ' ').count();
        // Between columns, whose width depends on the number.
        let spaces = n_spaces.min(3);
        let space = Cell {
            letter: ' ',
            ..row.get(at + length).unwrap_or(&like).clone()
        };
        row.splice(
            at..at + length + n_spaces,
            new.into_iter().chain(std::iter::repeat_n(space, spaces)),
        );
        at += n_new.max(1);
    }
    row
}

fn ansi(row: &[Cell]) -> String {
    let n_cells = row
        .iter()
        .rposition(|cell| cell.letter != ' ')
        .map_or(0, |last| last + 1);
    let row = &row[..n_cells];
    let mut ansi = String::new();
    for (before, cell) in std::iter::once(None).chain(row.iter().map(Some)).zip(row) {
        if before.is_none_or(|before| before.looks != cell.looks) {
            ansi.push_str(&format!("\x1b[{}m", cell.looks));
        }
        ansi.push(cell.letter);
    }
    if !row.is_empty() {
        ansi.push_str("\x1b[0m");
    }
    ansi
}
