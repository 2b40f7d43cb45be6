//! The forms of `doctor` for CI: annotations of GitHub, and JUnit, which another parser reads.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Running, Sandbox, output, port};

/// A command that is missing, in line 4, and a warning.
fn with_trouble() -> Sandbox {
    let sandbox = Sandbox::new("# The stack: 100%\n\n[services.api]\ncommand = \"no-such-command\"\n");
    sandbox.write(".env.example", "TOKEN=\n");
    sandbox
}

const ERROR: &str = "::error file=devtasks.toml,line=4,col=11,title=command.not_found::command `no-such-command` was \
    not found%0Ahint: install `no-such-command`, correct `command` of `api`, or set `venv` if it lives in one\n";
const WARNING: &str = "::warning title=env.example::`.env` does not exist, and `.env.example` sets `TOKEN`%0Ahint: run \
    `cp .env.example .env`, and fill it in\n";

#[test]
fn github_gets_annotations_on_the_lines_of_the_file() {
    let sandbox = with_trouble();
    let ended = sandbox.run(&["doctor", "--format", "github"]).with(1);
    assert_eq!(ended.stdout, format!("{ERROR}{WARNING}1 check failed, 1 warning.\n"));
    assert_eq!(ended.stderr, "");
}

#[test]
fn in_a_step_of_github_that_is_the_form_and_the_summary_is_written() {
    let mut sandbox = with_trouble();
    let summary = sandbox.home().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("GITHUB_STEP_SUMMARY", &summary.display().to_string());
    let above = sandbox.project().join("..").canonicalize().unwrap();
    sandbox.set("GITHUB_WORKSPACE", &above.display().to_string());
    let ended = sandbox.run(&["doctor"]).with(1);
    let error = ERROR.replace("file=", "file=project/");
    assert_eq!(ended.stdout, format!("{error}{WARNING}1 check failed, 1 warning.\n"));
    let written = fs::read_to_string(&summary).unwrap();
    assert!(
        written.starts_with("before\n<h3>devtasks doctor: project</h3>\n"),
        "{written}"
    );
    assert!(written.contains("<code>command.not_found</code>"), "{written}");
    // A form that is asked for counts, and only GitHub's writes the summary.
    let ended = sandbox.run(&["doctor", "--format", "human"]).with(1);
    assert!(
        ended
            .stdout
            .contains("\nerror: command `no-such-command` was not found\n"),
        "{ended:?}"
    );
    assert_eq!(fs::read_to_string(&summary).unwrap(), written);
}

#[test]
fn all_well_is_one_line_and_a_broken_file_an_annotation() {
    let (mut sandbox, _) = Sandbox::with_api();
    sandbox.set("GITHUB_ACTIONS", "true");
    let ended = sandbox.run(&["doctor", "--strict"]).with(0);
    assert_eq!(
        ended.stdout,
        "All checks passed: 1 port free, 1 command, 0 env files, 0 leftovers.\n"
    );
    sandbox.write("devtasks.toml", "[services.api]\ncomand = \"x\"\n");
    let ended = sandbox.run(&["doctor"]).with(2);
    assert!(
        ended
            .stdout
            .starts_with("::error file=devtasks.toml,line=2,col=1,title=config::"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_name_of_a_process_is_no_command_of_github() {
    let port = port();
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"sleep 1\"\nport = {port}\n"));
    let mut odd = sandbox.other("bash");
    let script = "exec -a $'x\\n::error::y' SERVICE --listen 127.0.0.1:PORT --announce here";
    sandbox.write("odd.sh", &script.replace("PORT", &port.to_string()));
    odd.arg("odd.sh");
    let odd = Running::start(odd);
    odd.wait_for("here");
    let ended = sandbox.run(&["doctor", "--format", "github"]).with(1);
    let commands: Vec<&str> = ended
        .stdout
        .lines()
        .filter(|line| line.trim_start().starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 1, "{ended:?}");
    assert!(commands[0].contains("title=port.busy.foreign"), "{ended:?}");
}

/// The document as the XML parser of Python reads it: suites with their cases.
fn junit(sandbox: &Sandbox, arguments: &[&str], exit: i32) -> Value {
    let ended = sandbox
        .run(&[&["doctor", "--format", "junit"], arguments].concat())
        .with(exit);
    sandbox.write("doctor.xml", &ended.stdout);
    let read = "
import json, sys, xml.etree.ElementTree as tree
root = tree.parse('doctor.xml').getroot()
case = lambda it: [it.get('name'), it.get('file'), it.get('line'), [[e.tag, e.get('type')] for e in it]]
suites = {s.get('name'): [case(it) for it in s] for s in root}
print(json.dumps({'tests': root.get('tests'), 'failures': root.get('failures'), 'suites': suites}))
";
    let read = output(sandbox.other("python3").args(["-c", read]));
    assert!(read.status.success(), "{read:?}");
    serde_json::from_slice(&read.stdout).unwrap()
}

#[test]
fn junit_is_xml_with_a_case_for_each_check() {
    let sandbox = with_trouble();
    let failure = json!([["failure", "command.not_found"]]);
    let mut expected = json!({
        "tests": "5", "failures": "1", "suites": {
            "directories": [[".: is there", null, null, []]],
            "commands": [["api: command.not_found", "devtasks.toml", "4", failure]],
            "env files": [["env.example", null, null, [["system-out", null]]]],
            "processes": [["earlier runs: left nothing", null, null, []]],
            "machine": [],
        },
    });
    let mut seen = junit(&sandbox, &[], 1);
    let limit = seen["suites"]["machine"][0][0].take();
    assert!(limit.as_str().unwrap().starts_with("open files: "), "{limit}");
    seen["suites"]["machine"] = json!([]);
    assert_eq!(seen, expected);
    expected["failures"] = json!("2");
    assert_eq!(junit(&sandbox, &["--strict"], 1)["failures"], expected["failures"]);
    sandbox.write("devtasks.toml", "[services.api]\ncomand = \"x\"\n");
    assert_eq!(junit(&sandbox, &[], 2)["failures"], json!("1"));
}

#[test]
fn other_commands_do_not_know_these_forms() {
    let (sandbox, _) = Sandbox::with_api();
    for form in ["github", "junit"] {
        let ended = sandbox.run(&["status", "--format", form]).with(2);
        assert!(ended.stderr.contains("are for `doctor` only"), "{ended:?}");
    }
}
