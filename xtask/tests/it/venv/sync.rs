//! `venv sync`: what it makes, what a failure leaves, and what it never touches.

use std::fs;
use std::net::TcpListener;

use expect_test::{Expect, expect};
use rustix::process::Signal;
use serde_json::json;

use super::{WITH_REQUIREMENTS, pip, project, real_project};
use crate::sandbox::{Ended, Sandbox, eventually, signal};

/// Both outputs, without what differs between runs.
#[track_caller]
fn check(sandbox: &Sandbox, arguments: &[&str], exit: i32, expected: Expect) {
    let ended = sandbox.run(arguments).with(exit);
    // A line without indentation, which `expect!` would take away.
    expected.assert_eq(&format!("$ {}\n{}", arguments.join(" "), plain(sandbox, &ended)));
}

fn plain(sandbox: &Sandbox, ended: &Ended) -> String {
    let text = sandbox.plain(&format!("{}{}", ended.stdout, ended.stderr));
    let replaced = [
        (r"Python 3\.\d+\.\d+", "[version]"),
        // A column as wide as the version.
        (r"PYTHON +STATE", "PYTHON STATE"),
        (r"3\.\d+\.\d+ +ok", "[version] ok"),
        (r"`[^`]*\.log`", "`[log]`"),
    ];
    replaced.iter().fold(text, |text, (pattern, with)| {
        let pattern = regex_lite::Regex::new(pattern).unwrap();
        pattern.replace_all(&text, *with).into_owned()
    })
}

#[test]
fn it_makes_a_venv_once() {
    let sandbox = real_project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "lamp==2.0\n");
    check(
        &sandbox,
        &["venv"],
        0,
        expect![[r#"
            $ venv
              NAME  PATH            PYTHON STATE    SERVICES
              api   back end/.venv  -       missing  api
        "#]],
    );
    check(
        &sandbox,
        &["venv", "check"],
        5,
        expect![[r#"
            $ venv check
            error: venv `back end/.venv` does not exist
              --> devtasks.toml:3:8  [venvs.api]

            hint: make it with `xtask venv sync api`
        "#]],
    );
    check(
        &sandbox,
        &["venv", "sync", "--dry-run"],
        0,
        expect![[r#"
            $ venv sync --dry-run
            api: would run
              python3 -m venv 'back end/.venv'
              'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'
        "#]],
    );
    let preview = sandbox.run(&["venv", "sync", "--dry-run", "--format", "json"]);
    let python = "'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'";
    let commands = json!(["python3 -m venv 'back end/.venv'", python]);
    assert_eq!(preview.json()["venvs"][0]["commands"], commands);
    check(
        &sandbox,
        &["venv", "sync"],
        0,
        expect![[r#"
            $ venv sync
              api  python3 -m venv 'back end/.venv'
              api  'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'
              api  in order ([version]), [time]
        "#]],
    );
    check(
        &sandbox,
        &["venv", "sync", "api"],
        0,
        expect![[r#"
            $ venv sync api
              api  up to date ([version])
        "#]],
    );
    check(
        &sandbox,
        &["venv", "list", "back end/.venv"],
        0,
        expect![[r#"
            $ venv list back end/.venv
              NAME  PATH            PYTHON STATE  SERVICES
              api   back end/.venv  [version] ok     api
        "#]],
    );
    check(
        &sandbox,
        &["venv", "check"],
        0,
        expect![[r#"
            $ venv check
            In order: api ([version])
        "#]],
    );
    check(
        &sandbox,
        &["venv", "sync", "apo"],
        2,
        expect![[r#"
            $ venv sync apo
            error: unknown venv `apo`

            hint: did you mean `api`?
        "#]],
    );
}

#[test]
fn a_failure_says_what_it_leaves() {
    let sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "lamp\n");
    sandbox.run(&["venv", "sync"]).with(0);
    // In place.
    sandbox.write("back end/requirements.txt", "nowhere\n");
    check(
        &sandbox,
        &["venv", "sync"],
        1,
        expect![[r#"
            $ venv sync
              api  'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'
              Looking in links: [project]/wheels
              ERROR: Could not find a version that satisfies the requirement nowhere (from versions: none)
              ERROR: No matching distribution found for nowhere

            error: `'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'` failed with exit code 1; nothing in `back end/.venv` has changed

            hint: read its whole output in `[log]`
        "#]],
    );
    pip(&sandbox, &["show", "lamp"]);
    // A broken one.
    fs::remove_file(sandbox.project().join("back end/.venv/bin/python")).unwrap();
    sandbox.write("back end/.venv/share/mine", "mine");
    check(
        &sandbox,
        &["venv", "sync"],
        1,
        expect![[r#"
            $ venv sync
              api  python3 -m venv 'back end/.venv'
              api  'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'
              Looking in links: [project]/wheels
              ERROR: Could not find a version that satisfies the requirement nowhere (from versions: none)
              ERROR: No matching distribution found for nowhere

            error: `'back end/.venv/bin/python' -m pip install -r 'back end/requirements.txt'` failed with exit code 1; the old venv was put back

            hint: read its whole output in `[log]`
        "#]],
    );
    assert!(sandbox.project().join("back end/.venv/share/mine").exists());
    let left: Vec<_> = fs::read_dir(sandbox.project().join("back end"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    // An input that is missing.
    fs::remove_file(sandbox.project().join("back end/requirements.txt")).unwrap();
    check(
        &sandbox,
        &["venv", "sync"],
        5,
        expect![[r#"
            $ venv sync
            error: venv `back end/.venv`: `back end/requirements.txt`, which lists its packages, does not exist
              --> devtasks.toml:3:8  [venvs.api]
               |
             3 | path = "back end/.venv"
               |        ^^^^^^^^^^^^^^^^

            hint: create `back end/requirements.txt`, or correct `requirements` of [venvs.api]
        "#]],
    );
}

#[test]
fn what_is_no_venv_is_never_touched() {
    let sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "lamp\n");
    sandbox.write("back end/.venv/work.txt", "mine");
    check(
        &sandbox,
        &["venv", "sync"],
        5,
        expect![[r#"
            $ venv sync
            error: `back end/.venv` is not a venv: it has no `pyvenv.cfg`
              --> devtasks.toml:3:8  [venvs.api]
               |
             3 | path = "back end/.venv"
               |        ^^^^^^^^^^^^^^^^

            hint: change `path` of [venvs.api]: only an empty or missing directory becomes a venv
        "#]],
    );
    // Like an environment of conda.
    sandbox.write_script("back end/.venv/bin/python", "exit 1");
    check(
        &sandbox,
        &["venv", "sync"],
        5,
        expect![[r#"
            $ venv sync
            error: `[project]/back end/.venv` was not made by `venv`, `virtualenv` or uv: it has no `pyvenv.cfg`, so it is left alone
              --> devtasks.toml:3:8  [venvs.api]
               |
             3 | path = "back end/.venv"
               |        ^^^^^^^^^^^^^^^^

            hint: repair it with the tool that made it, such as conda; or name another directory as `path`
        "#]],
    );
    assert!(sandbox.project().join("back end/.venv/work.txt").exists());
}

#[test]
fn a_broken_venv_with_somebodys_work_in_it_is_not_made_again() {
    let sandbox = project(&WITH_REQUIREMENTS.replace("back end/.venv", "back end"));
    sandbox.write("back end/requirements.txt", "lamp\n");
    sandbox.write("back end/pyvenv.cfg", "");
    sandbox.write_script("back end/bin/python", "exit 1");
    check(
        &sandbox,
        &["venv", "sync"],
        5,
        expect![[r#"
        $ venv sync
        error: the Python of venv `back end` does not run: it says nothing; it is not made again, for `requirements.txt` in it is of no venv
          --> devtasks.toml:3:8  [venvs.api]
           |
         3 | path = "back end"
           |        ^^^^^^^^^^

        hint: move `back end/requirements.txt` out of it, or let `path` be a directory of its own
    "#]],
    );
    // Nor would a shell.
    let config = WITH_REQUIREMENTS.replace("back end/.venv", "back end");
    sandbox.write(
        "devtasks.toml",
        &config.replace("requirements = \"back end/requirements.txt\"\n", ""),
    );
    check(
        &sandbox,
        &["venv", "check"],
        5,
        expect![[r#"
        $ venv check
        error: the Python of venv `back end` does not run: it says nothing; it is not made again, for `requirements.txt` in it is of no venv
          --> devtasks.toml:3:8  [venvs.api]

        hint: move `back end/requirements.txt` out of it, or let `path` be a directory of its own
    "#]],
    );
    assert!(sandbox.project().join("back end/requirements.txt").exists());
}

#[test]
fn without_a_python_that_fits_it_says_so() {
    let sandbox = project(&WITH_REQUIREMENTS.replace("requirements =", "python = \">=3.99\"\nrequirements ="));
    sandbox.write("back end/requirements.txt", "lamp\n");
    check(
        &sandbox,
        &["venv", "sync"],
        5,
        expect![[r#"
            $ venv sync
            error: no Python in the PATH is `>=3.99`
              --> devtasks.toml:3:8  [venvs.api]
               |
             3 | path = "back end/.venv"
               |        ^^^^^^^^^^^^^^^^

            hint: install one; or install `uv`, which brings its own
        "#]],
    );
}

#[test]
fn what_a_killed_sync_has_set_aside_is_put_back_or_removed() {
    let sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "nowhere\n");
    // As after `kill -9` between the rename and the first step.
    let aside = sandbox.project().join("back end/.venv.devtasks-replaced");
    let place = sandbox.project().join("back end/.venv");
    sandbox.write("back end/.venv.devtasks-replaced/pyvenv.cfg", "");
    sandbox.write("back end/.venv.devtasks-replaced/share/mine", "mine");
    let ended = sandbox.run(&["venv", "sync"]).with(1);
    assert!(ended.stderr.contains("the old venv was put back"), "{ended:?}");
    assert!(place.join("share/mine").exists() && !aside.exists());
    fs::rename(&place, &aside).unwrap();
    sandbox.write("back end/requirements.txt", "lamp\n");
    sandbox.run(&["venv", "sync"]).with(0);
    assert!(!place.join("share/mine").exists() && !aside.exists());
}

/// Where pip looks for packages: it takes connections, and never answers.
fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn an_interrupt_ends_a_pip_that_hangs_and_another_sync_waits_for_it() {
    let mut sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "");
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.write("back end/requirements.txt", "lamp\n");
    let silent = silent();
    sandbox.set("PIP_FIND_LINKS", &format!("http://{}/", silent.local_addr().unwrap()));
    for with in [Signal::INT, Signal::TERM] {
        let sync = sandbox.start(&["venv", "sync"]);
        sync.wait_for("pip install");
        let _asked = silent.accept().unwrap();
        let other = sandbox.start(&["venv", "sync"]);
        other.wait_for("another sync");
        signal(other.pid(), with);
        let ended = other.wait().with(130);
        assert!(
            ended.stderr.ends_with("Interrupted; nothing was changed.\n"),
            "{ended:?}"
        );
        signal(sync.pid(), with);
        let ended = sync.wait().with(130);
        let state = "Interrupted; nothing in `back end/.venv` has changed.\n";
        assert!(ended.stderr.ends_with(state), "{ended:?}");
        sandbox.nothing_is_left_soon();
    }
}

#[test]
fn an_interrupt_ends_also_what_a_step_has_started() {
    let sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "");
    let hangs = "[ \"$2\" != venv ] && echo 3.12.1 && exit\n/bin/sleep 1000 &\n/bin/sleep 1000";
    sandbox.write_script("tools/python3", hangs);
    let sync = sandbox.start(&["venv", "sync"]);
    eventually(|| "its start".to_owned(), || sandbox.processes().len() >= 4);
    sync.interrupt();
    let ended = sync.wait().with(130);
    assert!(ended.stderr.ends_with("has changed.\n"), "{ended:?}");
    sandbox.nothing_is_left_soon();
    assert!(!sandbox.project().join("back end/.venv").exists());
}

/// A venv whose interpreter notes that it was run.
fn counting(sandbox: &Sandbox) {
    sandbox.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
    let answer = "{\"lacks\": [], \"files\": [\"requirements.txt\"], \"missing_file\": null, \"why\": null}";
    let answer = answer.replace(
        "requirements.txt",
        &sandbox.project().join("requirements.txt").display().to_string(),
    );
    let script = format!(
        "echo >> {}/runs\necho 3.12.4\necho '{answer}'",
        sandbox.project().display()
    );
    sandbox.write_script(".venv/bin/python", &script);
}

#[test]
fn what_has_not_changed_is_not_asked_again() {
    let sandbox = Sandbox::new(
        "[venvs.v]\npath = '.venv'\nrequirements = 'requirements.txt'\n[services.a]\ncommand = 'SERVICE'\nvenv = 'v'",
    );
    sandbox.write("requirements.txt", "lamp\n");
    sandbox.write(".venv/lib/python3.12/site-packages/pip/a.py", "");
    counting(&sandbox);
    let runs = || {
        fs::read_to_string(sandbox.project().join("runs"))
            .unwrap_or_default()
            .len()
    };
    let up = || {
        let up = sandbox.up(&[]);
        up.interrupt();
        up.wait().with(130);
    };
    sandbox.run(&["venv", "sync"]).with(0);
    assert_eq!(runs(), 1);
    sandbox.run(&["venv", "sync"]).with(0);
    up();
    assert_eq!(runs(), 1);
    // Those who want to know believe nothing.
    sandbox.run(&["doctor"]).with(0);
    sandbox.run(&["venv", "check"]).with(0);
    assert_eq!(runs(), 3);
    sandbox.write("requirements.txt", "lamp\nchair\n");
    up();
    up();
    assert_eq!(runs(), 4);
    sandbox.write(".venv/lib/python3.12/site-packages/chair-1.0.dist-info/METADATA", "");
    up();
    assert_eq!(runs(), 5);
    counting(&sandbox);
    up();
    up();
    assert_eq!(runs(), 6);
}

#[test]
fn ctrl_c_ends_the_look_at_an_interpreter_that_never_answers() {
    for arguments in [
        &["venv"][..],
        &["venv", "check"],
        &["venv", "sync"],
        &["venv", "sync", "--dry-run"],
    ] {
        let sandbox = project(WITH_REQUIREMENTS);
        sandbox.write("back end/requirements.txt", "");
        sandbox.write("back end/.venv/pyvenv.cfg", "");
        sandbox.write_script("back end/.venv/bin/python", "/bin/sleep 1000 & /bin/sleep 1000");
        let look = sandbox.start(arguments);
        eventually(|| "its start".to_owned(), || sandbox.processes().len() >= 4);
        look.interrupt();
        look.wait().with(130);
        sandbox.nothing_is_left_soon();
    }
}

#[test]
fn an_interpreter_that_never_answers_is_ended() {
    let sandbox = project(WITH_REQUIREMENTS);
    sandbox.write("back end/requirements.txt", "");
    sandbox.write("back end/.venv/pyvenv.cfg", "");
    sandbox.write_script("back end/.venv/bin/python", "/bin/sleep 1000 & /bin/sleep 1000");
    let check = sandbox.start(&["venv", "check"]);
    eventually(|| "its start".to_owned(), || sandbox.processes().len() >= 3);
    let ended = check.wait().with(5);
    assert!(ended.stdout.contains("does not run: no answer in 10 s"), "{ended:?}");
    sandbox.nothing_is_left_soon();
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.run(&["venv", "check"]).with(0);
}

#[test]
fn a_path_cannot_steer_the_terminal() {
    let sandbox = project("[venvs.api]\npath = \"a\\u001b[31m\"\n[services.api]\ncommand = 'true'\nvenv = 'api'");
    for arguments in [
        &["venv"][..],
        &["venv", "check"],
        &["venv", "sync", "--dry-run"],
        &["venv", "sync"],
    ] {
        let ended = sandbox.run(arguments);
        assert!(
            !format!("{}{}", ended.stdout, ended.stderr).contains('\x1b'),
            "{ended:?}"
        );
    }
    let listed = sandbox.run(&["venv"]).with(0).stdout;
    assert!(listed.contains("a\\x1b[31m"), "{listed}");
}
