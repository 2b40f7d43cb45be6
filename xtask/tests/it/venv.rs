//! `venv`: what a venv should hold, what it holds, and how it is made.

mod judge;
mod pyproject;
mod repair;
mod sync;
mod up;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::sandbox::{Sandbox, output};

/// A project whose Python makes venvs with a link to pip, because its installation takes seconds.
fn project(config: &str) -> Sandbox {
    let python = python();
    let pip = PIP.get_or_init(|| unpacked_pip(&python));
    let script = format!(
        "case \"$1 $2\" in '-m venv') ;; *) exec {python} \"$@\" ;; esac\n\
         shift 2\n{python} -m venv --without-pip \"$@\" || exit\n\
         for last; do :; done\ncd \"$last\"/lib/python3*/site-packages && exec /bin/ln -s {} pip",
        pip.display()
    );
    with_python(config, &python, &script)
}

/// What `doctor -v` says of the venvs, of which one is a note.
#[track_caller]
fn notes_of_doctor(sandbox: &Sandbox) -> String {
    let said = sandbox.run(&["doctor", "--verbose"]).with(0).stdout;
    let note = said.split_once("venvs\n\n").map(|(_, note)| note).unwrap_or(&said);
    let (note, _) = note.split_once("\n\n").expect("other kinds follow");
    sandbox.plain(&format!("{note}\n"))
}

/// A project with the Python of this machine.
fn real_project(config: &str) -> Sandbox {
    let python = python();
    with_python(config, &python, &format!("exec {python} \"$@\""))
}

fn python() -> String {
    let python = output(Command::new("python3").args(["-c", "import sys; print(sys.executable)"])).stdout;
    String::from_utf8(python).unwrap().trim().to_owned()
}

/// The directory of pip, from the wheel that Python brings. All tests share it.
static PIP: OnceLock<PathBuf> = OnceLock::new();

fn unpacked_pip(python: &str) -> PathBuf {
    let unpack = "import ensurepip, glob, os, sys, zipfile\n\
        wheels = os.path.join(os.path.dirname(ensurepip.__file__), '_bundled', 'pip-*.whl')\n\
        wheel, = glob.glob(wheels) or glob.glob('/usr/share/python-wheels/pip-*.whl')\n\
        place = os.path.join(sys.argv[1], os.path.basename(wheel))\n\
        if not os.path.isdir(place):\n    zipfile.ZipFile(wheel).extractall(place + '.new')\n    os.rename(place + '.new', place)\n\
        print(os.path.join(place, 'pip'))";
    let unpacked = output(Command::new(python).args(["-c", unpack, env!("CARGO_TARGET_TMPDIR")]));
    assert!(unpacked.status.success(), "{unpacked:?}");
    String::from_utf8(unpacked.stdout).unwrap().trim().into()
}

/// A project in whose `PATH` there is Python and nothing else, and wheels that pip finds without the internet: `lamp`
/// 1.0 and 2.0, `chair`, and `desk`, which needs `lamp`, and `chair` with the extra `office`.
fn with_python(config: &str, python: &str, script: &str) -> Sandbox {
    let mut sandbox = Sandbox::new(config);
    sandbox.write_script("tools/python3", script);
    sandbox.set("PATH", &sandbox.project().join("tools").display().to_string());
    let wheels = sandbox.project().join("wheels");
    std::fs::create_dir(&wheels).unwrap();
    let made = output(sandbox.other(python).args(["-c", WHEELS]).arg(&wheels));
    assert!(made.status.success(), "{made:?}");
    sandbox.set("PIP_NO_INDEX", "1");
    sandbox.set("PIP_FIND_LINKS", &wheels.display().to_string());
    // Nobody waits for what is not run.
    sandbox.set("PIP_NO_COMPILE", "1");
    sandbox
}

/// Source: packaging.python.org, "Binary distribution format".
const WHEELS: &str = r#"
import sys, zipfile
def wheel(name, version, *more):
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{info}/METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more, ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}-{version}-py3-none-any.whl", "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
wheel("lamp", "1.0")
wheel("lamp", "2.0")
wheel("chair", "1.0")
wheel("desk", "1.0", "Provides-Extra: office", "Requires-Dist: lamp>=1", "Requires-Dist: chair; extra == 'office'")
"#;

/// A service in a venv with requirements.
const WITH_REQUIREMENTS: &str = r#"
[venvs.api]
path = "back end/.venv"
requirements = "back end/requirements.txt"
[services.api]
command = "python -c 'import lamp; print(lamp.version, flush=True); import time; time.sleep(1000)'"
venv = "api"
"#;

/// Runs a program of the venv.
#[track_caller]
fn pip(sandbox: &Sandbox, arguments: &[&str]) {
    let python = sandbox.project().join("back end/.venv/bin/python");
    let ended = output(sandbox.other(python).args(["-m", "pip", "--quiet"]).args(arguments));
    assert!(ended.status.success(), "{ended:?}");
}

/// The hints of the only finding.
#[track_caller]
fn hints(sandbox: &Sandbox) -> Vec<String> {
    let document = sandbox.run(&["doctor", "--format", "json"]).json();
    let [finding] = &document["findings"].as_array().unwrap()[..] else {
        panic!("{document}")
    };
    let hints = finding["hints"].as_array().unwrap().iter();
    hints.map(|hint| hint.as_str().unwrap().to_owned()).collect()
}

/// Runs the command of a hint in a shell, exactly as it is printed.
#[track_caller]
fn do_as_told(sandbox: &Sandbox, hint: &str) {
    let (_, command) = hint.split_once('`').unwrap();
    let command = command.split('`').next().unwrap();
    // The program is not in the PATH under its name.
    let function = format!("xtask() {{ '{}' \"$@\"; }}\n", env!("CARGO_BIN_EXE_xtask"));
    let ended = output(sandbox.other("/bin/sh").arg("-c").arg(format!("{function}{command}")));
    assert!(ended.status.success(), "{command}\n{ended:?}");
}
