//! What the targets get of a whole `devtasks.toml`, as text.

mod collectors;
mod compose;
mod kubernetes;
mod monitoring;
mod pm2;
mod procfile;
mod supervisor;
mod systemd;
mod yaml;

use std::path::Path;

use expect_test::{Expect, expect_file};

use super::{Exported, Loss, Request, Target, export};
use crate::diagnostic::Diagnostic;
use crate::plan::planned;

/// Services that have to do with each other in every way that `devtasks.toml` knows.
const SHOP: &str = include_str!("../../../docs/examples/deploy/devtasks.toml");

/// The files of the example are in `docs/examples/deploy`, to be read; `losses` is what they lack.
#[track_caller]
fn check_example(target: Target, losses: Expect) {
    let exported = exported(target, "/srv/shop", SHOP).expect("the example can be exported");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/examples/deploy")
        .join(target.name());
    for file in &exported.files {
        expect_file![directory.join(&file.name)].assert_eq(&file.text);
    }
    losses.assert_eq(&exported.losses.iter().map(lost).collect::<String>());
}

/// The files of `file` in `/srv/shop`, each under its name, then what is lost.
#[track_caller]
fn check(target: Target, file: &str, expected: Expect) {
    expected.assert_eq(&text_of(target, "/srv/shop", file));
}

/// The same in another directory.
fn text_of(target: Target, root: &str, file: &str) -> String {
    let mut text = String::new();
    match exported(target, root, file) {
        Ok(exported) => {
            for file in &exported.files {
                let access = if file.has_variables { ", for its owner" } else { "" };
                text.push_str(&format!("=== {}{access}\n{}", file.name, file.text));
            }
            text.extend(exported.losses.iter().map(lost));
        }
        Err(problems) => text.extend(problems.iter().map(|problem| format!("error: {}\n", problem.message))),
    }
    text
}

/// Targets with another root of their own have that, unless the file says `root`.
fn exported(target: Target, root: &str, file: &str) -> Result<Exported, Vec<Diagnostic>> {
    let config = planned::read(file);
    let written = config.export.root.as_ref().map(|root| root.value.as_str());
    let root = written.or(target.root()).unwrap_or(root);
    let plan = planned::plan_of(&config, Path::new(root), &target.selection(&[]), &target.address());
    let request = Request {
        plan: &plan,
        made_from: &["devtasks.toml".to_owned()],
        metrics: Some(([127, 0, 0, 1], 9464).into()),
        config: &config,
        to_project: Path::new(".."),
    };
    export(target, &request)
}

fn lost(loss: &Loss) -> String {
    let service = loss.service.as_deref().unwrap_or("the stack");
    let substitute = loss.substitute.iter().map(|it| format!("    instead: {it}\n"));
    format!(
        "lost: {service}, {}: {}\n{}",
        loss.key,
        loss.message,
        substitute.collect::<String>()
    )
}
