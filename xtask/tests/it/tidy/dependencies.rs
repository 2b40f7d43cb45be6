//! What a program that holds devtasks has to compile, and with which Rust.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::root;
use crate::sandbox::output;

/// What a host may be asked to compile, devtasks among them.
const MAX_CRATES: usize = 60;

#[track_caller]
fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let said = output(cargo.args(arguments).arg("--locked").current_dir(root()));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("names are UTF-8")
}

#[test]
fn a_host_compiles_few_crates() {
    let tree = [
        "tree",
        "--package",
        "devtasks",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let listed = cargo(&[&tree[..], &["--no-default-features", "--format", "{p}"]].concat());
    let crates: BTreeSet<&str> = listed.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(crates.len() > 30, "{crates:?}");
    assert!(crates.len() <= MAX_CRATES, "{}: {crates:?}", crates.len());
}

/// `1.88` and `1.88.0` as numbers.
fn version(text: &str) -> Vec<u64> {
    let parts = text.split('.').map(|part| part.parse().expect("a version has numbers"));
    parts.chain(std::iter::repeat(0)).take(3).collect()
}

#[test]
fn no_dependency_asks_for_a_newer_rust() {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let listed = cargo(&["metadata", "--format-version", "1", "--filter-platform", &platform]);
    let listed: Value = serde_json::from_str(&listed).expect("cargo prints JSON");
    let packages = listed["packages"].as_array().expect("it lists packages");
    let asked = |package: &Value| package["rust_version"].as_str().map(version);
    let is_ours = |package: &&Value| package["name"] == "devtasks";
    let ours = packages
        .iter()
        .find(is_ours)
        .and_then(asked)
        .expect("Cargo.toml says it");
    assert!(ours <= version("1.88"), "{ours:?}");
    let newer = packages.iter().filter(|package| asked(package) > Some(ours.clone()));
    let newer: Vec<&str> = newer.filter_map(|package| package["name"].as_str()).collect();
    assert!(newer.is_empty(), "{newer:?}");
}
