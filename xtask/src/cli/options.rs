//! The options that every command has.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::commands::doctor;
use crate::diagnostic::{Diagnostic, Exit};
use crate::report::environment::Dialect;
use crate::system::terminal::Colour;

#[derive(clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The project's file; without it, the nearest devtasks.toml from here upwards
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,
    /// Text for people (the default), or JSON for programs on stdout
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "human|json",
        hide_possible_values = true
    )]
    pub(super) format: Option<Format>,
    /// When to use colour; `auto`, the default, respects NO_COLOR and CLICOLOR_FORCE
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "auto|always|never",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) color: When,
    /// Print errors only
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Say more: what is run and where, and which checks are fine
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    // What one command alone knows is not offered for all.
    /// Of `env` only.
    #[value(hide = true)]
    Shell,
    /// Of `env` only.
    #[value(hide = true)]
    Dotenv,
    /// Of `doctor` only.
    #[value(hide = true)]
    Github,
    /// Of `doctor` only.
    #[value(hide = true)]
    Junit,
}

impl From<Format> for Dialect {
    fn from(format: Format) -> Self {
        match format {
            Format::Human | Format::Shell | Format::Github | Format::Junit => Dialect::Shell,
            Format::Dotenv => Dialect::Dotenv,
            Format::Json => Dialect::Json,
        }
    }
}

impl From<Format> for doctor::Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Human | Format::Shell | Format::Dotenv => doctor::Form::Human,
            Format::Json => doctor::Form::Json,
            Format::Github => doctor::Form::Github,
            Format::Junit => doctor::Form::Junit,
        }
    }
}

pub(super) fn only_for(one: &str, other: &str, command: &str) -> Diagnostic {
    Diagnostic::new(format!(
        "`--format {one}` and `--format {other}` are for `{command}` only"
    ))
    .hint("write `--format json`, or leave it out")
    .exit(Exit::Usage)
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

impl From<When> for Colour {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Colour::Auto,
            When::Always => Colour::Always,
            When::Never => Colour::Never,
        }
    }
}
