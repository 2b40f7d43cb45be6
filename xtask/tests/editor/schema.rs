//! The schema agrees with the program, in two validators that share no code: `check-jsonschema`, on Python's jsonschema, and
//! Taplo, which editors run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use xshell::{Shell, cmd};

use crate::bad::BAD;
use crate::it::sandbox::{Sandbox, output};

/// The `bin` of a venv with both validators.
fn validators() -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    let install = || {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor/validators");
        let shell = Shell::new().unwrap();
        cmd!(shell, "python3 -m venv {place}")
            .run()
            .expect("a venv can be made");
        let pip = place.join("bin/pip");
        cmd!(shell, "{pip} install --quiet check-jsonschema==0.39.0 taplo==0.9.3")
            .run()
            .expect("the packages can be had");
        place.join("bin")
    };
    BIN.get_or_init(install).clone()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn schema() -> PathBuf {
    root().join("docs/devtasks.schema.json")
}

/// The names of the files that `check-jsonschema` refuses.
fn refused_by_python(directory: &Path, files: &[String]) -> BTreeSet<String> {
    let mut check = Command::new(validators().join("check-jsonschema"));
    check
        .current_dir(directory)
        .args(["--output-format", "json", "--schemafile"]);
    let said = output(check.arg(schema()).args(files));
    let said: Value = serde_json::from_slice(&said.stdout).expect("check-jsonschema answers in JSON");
    assert_eq!(said["parse_errors"].as_array().map_or(0, Vec::len), 0, "{said:#}");
    let errors = said["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| error["filename"].as_str().unwrap().to_owned())
        .collect()
}

/// The same of Taplo, which finds the schema by the first line of each file.
fn refused_by_taplo(directory: &Path, files: &[String]) -> BTreeSet<String> {
    let refused = files.iter().filter(|file| {
        let mut lint = Command::new(validators().join("taplo"));
        let said = output(lint.current_dir(directory).args(["lint", file]));
        let text = String::from_utf8_lossy(&said.stderr);
        // A schema that cannot be read has no place in the file.
        let has_place = text.contains(&format!("/{file}:")) || text.contains("Schema validation errors");
        assert!(said.status.success() || has_place, "{file}: {text}");
        !said.status.success()
    });
    refused.cloned().collect()
}

/// A file whose first line names the schema.
fn with_schema(text: &str) -> String {
    format!("#:schema file://{}\n{text}", schema().display())
}

/// The TOML of every page that is a whole `devtasks.toml` for the program, by `PAGE-LINE.toml`, and the example files.
fn good(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let listed = output(
        Command::new("git")
            .current_dir(root())
            .args(["ls-files", "*.md", "*devtasks.toml"]),
    );
    for path in String::from_utf8(listed.stdout).unwrap().lines() {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let name = path.replace('/', "-");
        if path.ends_with(".toml") {
            files.push((name, text));
            continue;
        }
        let mut rest = text.as_str();
        while let Some((_, block)) = rest.split_once("\n```toml\n") {
            let (block, after) = block.split_once("\n```").expect("a block has an end");
            files.push((format!("{name}-{}.toml", files.len()), block.to_owned()));
            rest = after;
        }
    }
    files.retain(|(name, text)| {
        sandbox.write(name, text);
        !refused_by_program(sandbox, name)
    });
    files
}

/// Whether the program refuses to read it. A variable that is not set here is no matter.
fn refused_by_program(sandbox: &Sandbox, file: &str) -> bool {
    let ended = sandbox.run(&["doctor", "--format", "json", "--file", file]);
    let findings = ended.json();
    let messages = findings["findings"].as_array().into_iter().flatten();
    let mut messages = messages.filter_map(|it| it["message"].as_str());
    findings["project"].is_null() && !messages.all(|message| message.ends_with("is not set"))
}

#[test]
fn it_is_a_schema() {
    let mut check = Command::new(validators().join("check-jsonschema"));
    let said = output(check.arg("--check-metaschema").arg(schema()));
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn both_take_what_the_program_takes() {
    let sandbox = Sandbox::new("");
    let files = good(&sandbox);
    assert!(files.len() > 20, "{} files", files.len());
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    for (name, text) in &files {
        sandbox.write(name, &with_schema(text));
    }
    assert_eq!(refused_by_python(&sandbox.project(), &names), BTreeSet::new());
    assert_eq!(refused_by_taplo(&sandbox.project(), &names), BTreeSet::new());
}

#[test]
fn both_refuse_what_is_wrong() {
    let sandbox = Sandbox::new("");
    let name = |index: usize| format!("{index}.toml");
    for (index, (what, text)) in BAD.iter().enumerate() {
        sandbox.write(&name(index), &with_schema(text));
        assert!(refused_by_program(&sandbox, &name(index)), "the program takes {what}");
    }
    let names: Vec<String> = (0..BAD.len()).map(name).collect();
    let missed = |refused: BTreeSet<String>| -> Vec<&str> {
        let bad = BAD.iter().enumerate();
        let missed = bad.filter(|(index, _)| !refused.contains(&name(*index)));
        missed.map(|(_, (what, _))| *what).collect()
    };
    let none: Vec<&str> = Vec::new();
    assert_eq!(missed(refused_by_python(&sandbox.project(), &names)), none);
    assert_eq!(missed(refused_by_taplo(&sandbox.project(), &names)), none);
}
