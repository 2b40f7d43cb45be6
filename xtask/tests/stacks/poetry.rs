//! A venv that Poetry fills, of its newest release.

use std::path::Path;

use xshell::{Shell, cmd};

use crate::it::sandbox::{Sandbox, output};

const CONFIG: &str = "[venvs.api]\npath = \"venvs/api\"\nproject = \"api\"\n[services.api]\n\
    command = \"python -c 'import itsdangerous'\"\nvenv = \"api\"\n";

#[test]
fn a_poetry_project_is_judged_and_synced_by_poetry() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("poetry");
    let (tools, wheels) = (place.join("venv"), place.join("wheels"));
    let shell = Shell::new().expect("a working directory");
    cmd!(shell, "python3 -m venv {tools}")
        .run()
        .expect("a venv can be made");
    let pip = tools.join("bin/pip");
    cmd!(shell, "{pip} install --quiet poetry")
        .run()
        .expect("Poetry can be had");
    cmd!(
        shell,
        "{pip} download --quiet --no-deps --dest {wheels} itsdangerous==2.2.0"
    )
    .run()
    .expect("the package can be had");
    let wheel = wheels.join("itsdangerous-2.2.0-py3-none-any.whl");

    let mut sandbox = Sandbox::new(CONFIG);
    let path = std::env::var("PATH").expect("there is a PATH");
    // Only Poetry, not the Python that it runs with.
    sandbox.write_script(
        "tools/poetry",
        &format!("exec {} \"$@\"", tools.join("bin/poetry").display()),
    );
    sandbox.set("PATH", &format!("{}:{path}", sandbox.project().join("tools").display()));
    let pyproject = format!(
        "[project]\nname = 'shop'\nversion = '0.1.0'\nrequires-python = '>=3.9'\n\
         dependencies = ['itsdangerous @ file://{}']\n[tool.poetry]\npackage-mode = false\n",
        wheel.display()
    );
    sandbox.write("api/pyproject.toml", &pyproject);
    let locked = output(sandbox.other("poetry").args(["lock", "--directory", "api"]));
    assert!(locked.status.success(), "{locked:?}");

    let ended = sandbox.run(&["venv", "sync"]).with(0);
    assert!(ended.stderr.contains("poetry install"), "{ended:?}");
    sandbox.run(&["venv", "check"]).with(0);
    let python = sandbox.project().join("venvs/api/bin/python");
    let removed = output(
        sandbox
            .other(python)
            .args(["-m", "pip", "uninstall", "--yes", "itsdangerous"]),
    );
    assert!(removed.status.success(), "{removed:?}");
    let ended = sandbox.run(&["venv", "check"]).with(5);
    assert!(ended.stdout.contains("lacks `itsdangerous==2.2.0`"), "{ended:?}");
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.run(&["up"]).with(0);
}
