//! `docs/devtasks.1`, the man page in archives and packages, from the parser that other programs get.

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use devtasks::clap::{Args, Command};
use expect_test::expect_file;

/// The options of every command, by their names in the parser.
const SHARED: [&str; 5] = ["file", "format", "color", "quiet", "verbose"];

/// What every part begins with: how an apostrophe is written.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

fn page() -> String {
    let command = devtasks::Args::augment_args(Command::new("devtasks"));
    let mut command = command
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .version(env!("CARGO_PKG_VERSION"))
        .bin_name("devtasks")
        .disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    // Without a date, which would change the page every day.
    let man = Man::new(command.clone()).section("1").date("").manual("devtasks");
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_options_section(&mut page).unwrap();
    heading("COMMANDS").to_writer(&mut page).unwrap();
    write_commands(&command, &mut page);
    heading("EXAMPLES AND EXIT STATUS").to_writer(&mut page).unwrap();
    write_text(&command, &mut page);
    let page = String::from_utf8(page).unwrap();
    format!("{PREAMBLE}{}", page.replace(PREAMBLE, ""))
}

fn heading(text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [text]);
    roff
}

fn write_commands(parent: &Command, page: &mut Vec<u8>) {
    for command in parent.get_subcommands().filter(|it| !it.is_hide_set()) {
        let is_ours = |name: &str| SHARED.contains(&name) || name == "help";
        let command = command.clone().mut_args(|arg| match is_ours(arg.get_id().as_str()) {
            true => arg.hide(true),
            false => arg,
        });
        let typed = command.get_bin_name().expect("it was built").to_owned();
        let mut roff = Roff::new();
        roff.control("SS", [typed.as_str()]);
        roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
        roff.to_writer(page).unwrap();
        let mut sections = Vec::new();
        let man = Man::new(command.clone());
        man.render_synopsis_section(&mut sections).unwrap();
        if command.get_arguments().any(|arg| !arg.is_hide_set()) {
            man.render_options_section(&mut sections).unwrap();
        }
        // What clap makes a section is a paragraph here.
        let sections = String::from_utf8(sections).unwrap();
        let sections = sections
            .replace(".SH SYNOPSIS\n", ".PP\n")
            .replace(".SH OPTIONS\n", ".PP\n");
        page.extend(sections.bytes());
        write_text(&command, page);
        write_commands(&command, page);
    }
}

/// What stands below the options, with its lines and columns.
fn write_text(command: &Command, page: &mut Vec<u8>) {
    let Some(text) = command.get_after_help() else { return };
    let mut roff = Roff::new();
    roff.control("PP", []).control("nf", []);
    for line in text.to_string().lines() {
        match line.ends_with(':') && !line.starts_with(' ') {
            true => roff.text([bold(line)]),
            false => roff.text([roman(line)]),
        };
        roff.control("br", []);
    }
    roff.control("fi", []);
    roff.to_writer(page).unwrap();
}

#[test]
fn the_man_page_has_every_command() {
    expect_file!["../../../../docs/devtasks.1"].assert_eq(&page());
}
