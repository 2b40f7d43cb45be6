//! What is asked for, compared with what is installed, by the interpreter of a real venv.

use std::fs;

use expect_test::{Expect, expect};

use super::{WITH_REQUIREMENTS, project};
use crate::sandbox::{Sandbox, output};

/// A venv without pip, which takes no time to make.
fn bare() -> Sandbox {
    let sandbox = project(WITH_REQUIREMENTS);
    let venv = sandbox.project().join("back end/.venv");
    let made = output(sandbox.other("python3").args(["-m", "venv", "--without-pip"]).arg(venv));
    assert!(made.status.success(), "{made:?}");
    sandbox
}

/// Lets a package be installed, as far as its metadata tells; returns the directory of that.
fn install(sandbox: &Sandbox, name: &str, version: &str, more: &str) -> String {
    let library = sandbox.project().join("back end/.venv/lib");
    let python = fs::read_dir(library).unwrap().next().unwrap().unwrap().file_name();
    let site = format!("back end/.venv/lib/{}/site-packages", python.to_string_lossy());
    let directory = format!("{site}/{}-{version}.dist-info", name.replace(['-', '.'], "_"));
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}");
    sandbox.write(&format!("{directory}/METADATA"), &metadata);
    directory
}

/// The verdict on each of these requirement files.
#[track_caller]
fn check(sandbox: &Sandbox, files: &[&str], expected: Expect) {
    let mut verdicts = String::new();
    for file in files {
        sandbox.write("back end/requirements.txt", file);
        let document = sandbox.run(&["venv", "check", "--format", "json"]).json();
        let venv = &document["venvs"][0];
        let message = venv["findings"][0]["message"].as_str().unwrap_or_default();
        let message = message.replace(&sandbox.project().display().to_string(), "[project]");
        let state = venv["state"].as_str().unwrap();
        verdicts.push_str(&format!(
            "{}\n  {state} {message}\n",
            file.trim_end().replace('\n', " / ")
        ));
    }
    expected.assert_eq(&verdicts.replace(" \n", "\n"));
}

#[test]
fn versions_names_and_markers() {
    let sandbox = bare();
    install(&sandbox, "Flask-Lamp.Shade", "2.1", "");
    install(&sandbox, "early", "3.0rc1", "");
    let gone = install(&sandbox, "gone", "1.0", "");
    fs::remove_file(sandbox.project().join(gone).join("METADATA")).unwrap();
    check(
        &sandbox,
        &[
            "flask_lamp-shade\n",
            "flask-lamp-shade>=2,<3  # a comment\n",
            "flask-lamp-shade~=2.2\n",
            "early>=2\n",
            "absent\n",
            "absent; python_version < '3'\nabsent ; sys_platform == 'other'\n",
            "absent==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n",
            "--index-url http://127.0.0.1:1/\n--no-binary :all:\nearly==3.0rc1\n",
            "${NOT_SET}early\n",
            "gone\n",
        ],
        expect![[r#"
            flask_lamp-shade
              ok
            flask-lamp-shade>=2,<3  # a comment
              ok
            flask-lamp-shade~=2.2
              incomplete venv `back end/.venv` has version 2.1 where `flask-lamp-shade~=2.2` is asked for
            early>=2
              ok
            absent
              incomplete venv `back end/.venv` lacks `absent`
            absent; python_version < '3' / absent ; sys_platform == 'other'
              ok
            absent==1.0 \ /     --hash=sha256:00 \ /     --hash=sha256:11
              incomplete venv `back end/.venv` lacks `absent==1.0`
            --index-url http://127.0.0.1:1/ / --no-binary :all: / early==3.0rc1
              ok
            ${NOT_SET}early
              ok
            gone
              incomplete venv `back end/.venv` lacks `gone`
        "#]],
    );
}

#[test]
fn a_file_of_a_windows_shell_is_read() {
    let sandbox = bare();
    let text = "\u{feff}absent==1.0\r\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    sandbox.write_bytes("back end/requirements.txt", &bytes);
    let ended = sandbox.run(&["venv", "check"]).with(5);
    assert!(ended.stdout.contains("lacks `absent==1.0`"), "{ended:?}");
}

#[test]
fn includes_and_constraints() {
    let sandbox = bare();
    install(&sandbox, "lamp", "1.0", "");
    sandbox.write("back end/more/base.txt", "-r ../deep.txt\nlamp\n");
    sandbox.write("back end/deep.txt", "chair\n-r more/base.txt\n");
    sandbox.write("back end/limits.txt", "lamp>=2\nchair<9\n");
    check(
        &sandbox,
        &[
            "-r more/base.txt\n",
            "--requirement=deep.txt\n",
            "-c limits.txt\nlamp\n",
            "--constraint limits.txt\n",
            "-r nowhere.txt\n",
        ],
        expect![[r#"
            -r more/base.txt
              incomplete venv `back end/.venv` lacks `chair`
            --requirement=deep.txt
              incomplete venv `back end/.venv` lacks `chair`
            -c limits.txt / lamp
              incomplete venv `back end/.venv` has version 1.0 where `lamp>=2` is asked for
            --constraint limits.txt
              ok
            -r nowhere.txt
              incomplete venv `back end/.venv`: `back end/nowhere.txt`, which lists its packages, does not exist
        "#]],
    );
}

#[test]
fn extras() {
    let sandbox = bare();
    install(
        &sandbox,
        "desk",
        "1.0",
        "Provides-Extra: office\nProvides-Extra: all\nRequires-Dist: lamp\n\
         Requires-Dist: chair>=1; extra == 'office'\nRequires-Dist: desk[office]; extra == 'all'\n",
    );
    check(
        &sandbox,
        &["desk\n", "desk[office]\n", "desk[all]\n", "desk[unknown]\n"],
        expect![[r#"
            desk
              ok
            desk[office]
              incomplete venv `back end/.venv` lacks `chair>=1`
            desk[all]
              incomplete venv `back end/.venv` lacks `chair>=1`
            desk[unknown]
              ok
        "#]],
    );
}

#[test]
fn what_cannot_be_judged_is_left_alone() {
    let sandbox = bare();
    install(&sandbox, "lamp", "0.0.dev1", "");
    check(
        &sandbox,
        &[
            "-e .\n",
            "./wheels/chair.whl\n",
            "http://127.0.0.1:1/chair.zip\n",
            "git+https://example.com/chair.git\n",
            "lamp @ http://127.0.0.1:1/lamp.zip\n",
            "chair @ http://127.0.0.1:1/chair.zip\n",
            "this is no requirement\n",
        ],
        expect![[r#"
            -e .
              ok
            ./wheels/chair.whl
              ok
            http://127.0.0.1:1/chair.zip
              ok
            git+https://example.com/chair.git
              ok
            lamp @ http://127.0.0.1:1/lamp.zip
              ok
            chair @ http://127.0.0.1:1/chair.zip
              incomplete venv `back end/.venv` lacks `chair`
            this is no requirement
              ok
        "#]],
    );
}
