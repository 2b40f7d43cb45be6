//! Facts about directories, commands, env files and venvs → findings as text.

use crate::diagnostic::Platform;
use crate::expected::Expected;
use expect_test::expect;
use std::path::{Path, PathBuf};

use super::{DirectoryFact, Facts, needs};
use crate::foreign::Foreign;
use crate::plan::planned::planned;
use crate::preflight::pidfile::StalePidfile;
use crate::preflight::recipe::{Recipe, Source};
use crate::preflight::{
    CommandFact, Lack, NodeFact, NodeState, PackageManager, ServiceFact, VenvContents, VenvFact, VenvState,
};

const API: &str = "[services.api]\ncommand = 'serve'\nworking_dir = 'back end'";

const WITH_VENV: &str = "[venvs.py]\npath = '.venv'\npython = '>=3.11'\n[services.api]\ncommand = 'serve'\nvenv = 'py'\n\
    [services.job]\ncommand = 'work'\nvenv = 'py'";

/// The project is in `/shop`. `fill` sets the facts that deviate; everything else is fine.
#[track_caller]
fn check(config: &str, fill: impl Fn(&mut Facts), expected: impl Expected) {
    let plan = planned(Path::new("/shop"), config);
    let mut facts = Facts::default();
    for service in &plan.services {
        let fact = ServiceFact {
            working_dir: DirectoryFact::Found,
            command: CommandFact::Found(PathBuf::from("/bin/true")),
            node: None,
            pidfile: None,
        };
        facts.services.insert(service.name.clone(), fact);
    }
    fill(&mut facts);
    let mut seen = Vec::new();
    for finding in needs(&plan, &facts) {
        let place = finding.place.as_ref().map(|at| format!("{}:{}", at.line, at.column));
        seen.push(format!(
            "{} {} {:?} {} {}: {}",
            finding.exit.code(),
            finding.code.name(),
            finding.level,
            finding.subject.service.as_deref().unwrap_or("-"),
            place.unwrap_or_default(),
            finding.message
        ));
        seen.extend(
            finding
                .hints
                .iter()
                .map(|hint| format!("hint: {}", hint.render_on(Platform::Linux, "cargo xtask"))),
        );
        assert!(finding.subject.port.is_none() && finding.subject.owners.is_empty());
    }
    expected.check(&seen.join("\n"));
}

fn of_api(facts: &mut Facts) -> &mut ServiceFact {
    facts.services.get_mut("api").unwrap()
}

#[track_caller]
fn check_command(config: &str, fact: CommandFact, expected: impl Expected) {
    check(config, |facts| of_api(facts).command = fact.clone(), expected);
}

#[track_caller]
fn check_venv(state: VenvState, requirements: Option<&str>, expected: impl Expected) {
    let files = requirements.map(|file| vec![PathBuf::from(file)]);
    let fact = VenvFact {
        state,
        contents: VenvContents::NotLookedAt,
        recipe: Recipe {
            source: files.map_or(Source::Nothing, Source::Requirements),
            python: Some("python3.11".to_owned()),
            ..Recipe::default()
        },
    };
    let fill = |facts: &mut Facts| drop(facts.venvs.insert("/shop/.venv".into(), fact.clone()));
    check(WITH_VENV, fill, expected);
}

#[test]
fn when_all_is_there_nothing_is_said() {
    check(API, |_| {}, expect![""]);
    let version = vec![3, 12, 4];
    check_venv(
        VenvState::Works { version },
        Some("/shop/requirements.txt"),
        expect![""],
    );
}

#[test]
fn a_working_directory_must_be_one() {
    for (fact, expected) in [
        (DirectoryFact::Missing { near: None }, MISSING),
        (DirectoryFact::NotADirectory, NOT_A_DIRECTORY),
        (DirectoryFact::Denied, DENIED),
    ] {
        let fill = |facts: &mut Facts| {
            of_api(facts).working_dir = fact.clone();
            // Seen from there, nothing is to be found.
            of_api(facts).command = CommandFact::NotFound { near: None };
        };
        check(API, fill, expected);
    }
}

const MISSING: &str = "
    5 working_dir.missing Fail api 3:15: working directory `back end` does not exist
    hint: create it with `mkdir -p 'back end'`, or change `working_dir` of `api`
";

const NOT_A_DIRECTORY: &str = "
    5 working_dir.missing Fail api 3:15: working directory `back end` is not a directory
    hint: change `working_dir` of `api`
";

const DENIED: &str = "
    5 working_dir.missing Fail api 3:15: no permission to enter working directory `back end`
    hint: look at its permissions with `ls -ld 'back end'`
";

#[test]
fn a_command_must_be_found() {
    check_command(
        API,
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 2:11: command `serve` was not found
            hint: install `serve`, correct `command` of `api`, or set `venv` if it lives in one"#]],
    );
    check_command(
        &API.replace("serve", "./bin/serve"),
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 2:11: command `./bin/serve` was not found
            hint: correct the path `./bin/serve`, which begins at `back end`"#]],
    );
    check_command(
        WITH_VENV,
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 5:11: command `serve` was not found
            hint: install the package that has `serve` into venv `.venv`, or correct `command` of `api`"#]],
    );
    check_command(
        &WITH_VENV.replace(
            "path = '.venv'",
            "path = '.venv'\nrequirements = 'back/requirements.txt'",
        ),
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 6:11: command `serve` was not found
            hint: correct `command` of `api`, or list the package that has `serve` in `back/requirements.txt` and type `cargo xtask venv sync py`"#]],
    );
    check_command(
        &WITH_VENV.replace("serve", "./serve"),
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 5:11: command `./serve` was not found
            hint: correct the path `./serve`, which begins at the project's directory"#]],
    );
}

#[test]
fn what_only_a_shell_understands_is_told_as_such() {
    check_command(
        &API.replace("serve", "PORT=1 serve"),
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 2:11: `PORT=1` is for a shell, and `command` is run without one
            hint: write `environment = { PORT = "1" }` and `command = "serve"`"#]],
    );
    check_command(
        &API.replace("serve", "serve && sleep 1"),
        CommandFact::Found(PathBuf::from("/bin/serve")),
        expect![[r#"
            5 command.shell_syntax Warn api 2:11: `&&` is for a shell; here it is passed on as an argument
            hint: add `shell = true`, which runs the command in a shell"#]],
    );
    check_command(
        &API.replace("serve", "~/bin/serve"),
        CommandFact::NotFound { near: None },
        expect![[r#"
            5 command.not_found Fail api 2:11: command `~/bin/serve` was not found
            hint: write `${HOME}/bin/serve`: no shell fills in `~`"#]],
    );
    check(
        &API.replace("back end", "~/shop"),
        |facts| of_api(facts).working_dir = DirectoryFact::Missing { near: None },
        expect![[r#"
            5 working_dir.missing Fail api 3:15: working directory `~/shop` does not exist
            hint: write `${HOME}/shop`: no shell fills in `~`"#]],
    );
}

#[test]
fn a_near_name_is_proposed_and_nothing_is_installed_by_a_mistyped_name() {
    let near = |near: &str| CommandFact::NotFound {
        near: Some(near.to_owned()),
    };
    check_command(
        &WITH_VENV.replace("serve", "gunicron"),
        near("gunicorn"),
        expect![[r#"
            5 command.not_found Fail api 5:11: command `gunicron` was not found
            hint: did you mean `gunicorn`?"#]],
    );
    check_command(
        &API.replace("serve", "node_modules/.bin/vit"),
        near("node_modules/.bin/vite"),
        expect![[r#"
            5 command.not_found Fail api 2:11: command `node_modules/.bin/vit` was not found
            hint: did you mean `node_modules/.bin/vite`?"#]],
    );
    check(
        API,
        |facts| {
            of_api(facts).working_dir = DirectoryFact::Missing {
                near: Some(PathBuf::from("/shop/backend")),
            }
        },
        expect![[r#"
            5 working_dir.missing Fail api 3:15: working directory `back end` does not exist
            hint: did you mean `backend`?"#]],
    );
}

#[test]
fn a_stale_pid_file_is_told_and_does_not_stop_the_start() {
    let stale = |taken_by: Option<&str>| StalePidfile {
        path: PathBuf::from("/shop/back end/tmp/server.pid"),
        pid: 4242,
        taken_by: taken_by.map(Foreign::from),
    };
    check(
        API,
        |facts| of_api(facts).pidfile = Some(stale(None)),
        expect![
            "0 pidfile.stale Warn api 1:11: pid file `back end/tmp/server.pid` is stale: there is no process 4242; it is removed before the start"
        ],
    );
    check(
        API,
        |facts| of_api(facts).pidfile = Some(stale(Some("sleep"))),
        expect![
            "0 pidfile.stale Warn api 1:11: pid file `back end/tmp/server.pid` is stale: process 4242 is now `sleep`, which started later; it is removed before the start"
        ],
    );
}

#[test]
fn missing_packages_of_node_are_told_instead_of_the_command() {
    let fact = |manager, directory: &str, state| NodeFact {
        directory: PathBuf::from(directory),
        manager,
        has_lock: directory != "/shop",
        state,
    };
    let fill = |fact: NodeFact| {
        move |facts: &mut Facts| {
            for service in facts.services.values_mut() {
                service.command = CommandFact::NotFound { near: None };
                service.node = Some(fact.clone());
            }
        }
    };
    let both = "[services.api]\ncommand = 'npm run dev'\n[services.web]\ncommand = 'npx vite'";
    let missing = |manager, directory| fill(fact(manager, directory, NodeState::Missing));
    check(
        both,
        missing(PackageManager::Npm, "/shop/my web"),
        expect![[r#"
            5 node_modules.missing Fail api 2:11: `my web/node_modules` is missing
            hint: install its packages with `npm ci --prefix 'my web'`"#]],
    );
    check(
        both,
        missing(PackageManager::Npm, "/shop"),
        expect![[r#"
            5 node_modules.missing Fail api 2:11: `node_modules` is missing
            hint: install its packages with `npm install`"#]],
    );
    check(
        both,
        missing(PackageManager::Pnpm, "/shop/web"),
        expect![[r#"
        5 node_modules.missing Fail api 2:11: `web/node_modules` is missing
        hint: install its packages with `pnpm --dir web install --frozen-lockfile`"#]],
    );
    check(
        both,
        missing(PackageManager::YarnClassic, "/shop/web"),
        expect![[r#"
            5 node_modules.missing Fail api 2:11: `web/node_modules` is missing
            hint: install its packages with `yarn --cwd web install --frozen-lockfile`"#]],
    );
    check(
        both,
        missing(PackageManager::YarnBerry, "/shop/web"),
        expect![[r#"
        5 node_modules.missing Fail api 2:11: `web/node_modules` is missing
        hint: install its packages with `yarn --cwd web install --immutable`"#]],
    );
    check(
        both,
        missing(PackageManager::Bun, "/shop/web"),
        expect![[r#"
            5 node_modules.missing Fail api 2:11: `web/node_modules` is missing
            hint: install its packages with `bun install --cwd web --frozen-lockfile`"#]],
    );
    let installed_first =
        "[tasks.install]\ncommand = 'npm ci'\n[services.web]\ncommand = 'true'\ndepends_on = ['install']";
    check(
        installed_first,
        missing(PackageManager::Bun, "/shop"),
        expect![[r#"
            5 command.not_found Fail install 2:11: command `npm` was not found
            hint: install `npm`
            5 command.not_found Fail web 4:11: command `true` was not found
            hint: install `true`, correct `command` of `web`, or set `venv` if it lives in one"#]],
    );
    let lock = PathBuf::from("/shop/package-lock.json");
    let fact = fact(PackageManager::Npm, "/shop", NodeState::Older { lock });
    check(
        both,
        fill(fact),
        expect![[r#"
            5 node_modules.missing Warn api 2:11: `node_modules` is older than `package-lock.json`
            hint: install its packages with `npm install`
            5 command.not_found Fail api 2:11: command `npm` was not found
            hint: install `npm`
            5 command.not_found Fail web 4:11: command `npx` was not found
            hint: install `npx`"#]],
    );
}

#[test]
fn a_command_must_be_executable() {
    check_command(
        API,
        CommandFact::NotExecutable("/shop/back end/serve".into()),
        expect![[r#"
            5 command.not_executable Fail api 2:11: command `serve` is not executable
            hint: run `chmod +x 'back end/serve'`"#]],
    );
    let script = PathBuf::from("/opt/serve");
    let interpreter = PathBuf::from("/usr/bin/python2");
    check_command(
        API,
        CommandFact::InterpreterMissing { script, interpreter },
        expect![[r#"
        5 command.not_executable Fail api 2:11: command `/opt/serve` cannot run: its interpreter `/usr/bin/python2` does not exist
        hint: install it again, or correct the first line of `/opt/serve`"#]],
    );
}

#[test]
fn a_missing_env_file_is_told_once_and_of_whom_it_is() {
    let config = "[project]\nenv_file = 'all.env'\n[services.api]\ncommand = 'a'\nenv_file = ['own.env', 'two.env']\n\
        [services.web]\ncommand = 'w'\nenv_file = 'two.env'";
    let fill = |facts: &mut Facts| {
        facts.missing_files = ["all.env", "own.env", "two.env"]
            .map(|name| (Path::new("/shop").join(name), None))
            .into();
        let main = Path::new("/main/two.env").to_owned();
        facts.missing_files.insert("/shop/two.env".into(), Some(main));
    };
    check(
        config,
        fill,
        expect![[r#"
            5 env.file_missing Fail - 2:12: env file `all.env` is missing
            hint: create `all.env`, or remove it from `env_file`
            5 env.file_missing Fail api 5:13: env file `own.env` is missing
            hint: create `own.env`, or remove it from `env_file`
            5 env.file_missing Fail api 5:24: env file `two.env` is missing
            hint: copy `two.env` from the main checkout with `cp /main/two.env two.env`"#]],
    );
}

#[test]
fn a_venv_is_told_once_and_its_commands_not_at_all() {
    let fill = |facts: &mut Facts| {
        of_api(facts).command = CommandFact::NotFound { near: None };
        let fact = VenvFact {
            state: VenvState::Missing,
            contents: VenvContents::NotLookedAt,
            recipe: Recipe::default(),
        };
        facts.venvs.insert("/shop/.venv".into(), fact);
    };
    check(
        WITH_VENV,
        fill,
        expect![[r#"
            5 venv.missing Fail api 2:8: venv `.venv` does not exist
            hint: install a Python that is `>=3.11`, then make it with `python3.11 -m venv .venv`"#]],
    );
}

#[test]
fn every_way_a_venv_can_be_broken_has_words() {
    check_venv(
        VenvState::Missing,
        Some("/shop/requirements.txt"),
        expect![[r#"
            5 venv.missing Fail api 2:8: venv `.venv` does not exist
            hint: make it with `python3.11 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt`"#]],
    );
    let target = Some(PathBuf::from("/opt/python3.10/bin/python3"));
    check_venv(
        VenvState::InterpreterMissing { target },
        None,
        expect![[r#"
        5 venv.interpreter_missing Fail api 2:8: venv `.venv`: interpreter `/opt/python3.10/bin/python3` no longer exists
        hint: recreate it with `python3.11 -m venv --clear .venv`"#]],
    );
    check_venv(
        VenvState::InterpreterMissing { target: None },
        None,
        expect![[r#"
            5 venv.interpreter_missing Fail api 2:8: venv `.venv` has no Python
            hint: recreate it with `python3.11 -m venv --clear .venv`"#]],
    );
    let made_at = PathBuf::from("/home/kim/old/.venv");
    check_venv(
        VenvState::Moved { made_at },
        None,
        expect![[r#"
            5 venv.moved Fail api 2:8: venv `.venv` was moved from `/home/kim/old/.venv`; a venv cannot be moved
            hint: recreate it with `python3.11 -m venv --clear .venv`"#]],
    );
    let said = "cannot open shared object file".to_owned();
    check_venv(
        VenvState::Broken { said },
        None,
        expect![[r#"
            5 venv.interpreter_missing Fail api 2:8: the Python of venv `.venv` does not run: cannot open shared object file
            hint: recreate it with `python3.11 -m venv --clear .venv`"#]],
    );
    let version = vec![3, 9, 1];
    check_venv(
        VenvState::Works { version },
        None,
        expect![[r#"
            5 venv.python_version Fail api 2:8: venv `.venv` has Python 3.9.1, and `>=3.11` is asked for
            hint: recreate it with `python3.11 -m venv --clear .venv`"#]],
    );
}

/// A venv of the file that says what belongs in it, with this state and these contents.
#[track_caller]
fn check_contents(sync: bool, state: VenvState, contents: VenvContents, expected: impl Expected) {
    let fact = VenvFact {
        state,
        contents,
        recipe: Recipe::default(),
    };
    let fill = |facts: &mut Facts| {
        of_api(facts).command = CommandFact::NotFound { near: None };
        facts.venvs.insert("/shop/.venv".into(), fact.clone());
    };
    let config = WITH_VENV.replace("python = '>=3.11'", &format!("requirements = 'all.txt'\nsync = {sync}"));
    check(&config, fill, expected);
}

fn works() -> VenvState {
    VenvState::Works { version: vec![3, 12] }
}

fn lack(requirement: &str, installed: Option<&str>) -> Lack {
    Lack {
        requirement: requirement.to_owned(),
        installed: installed.map(str::to_owned),
    }
}

#[test]
fn packages_that_are_missing_or_old_are_named_and_our_own_command_installs_them() {
    check_contents(
        false,
        works(),
        VenvContents::Complete,
        expect![[r#"
            5 command.not_found Fail api 6:11: command `serve` was not found
            hint: correct `command` of `api`, or list the package that has `serve` in `all.txt` and type `cargo xtask venv sync py`"#]],
    );
    let lacks = vec![lack("fastapi>=0.110", None), lack("celery<6", Some("6.0.1"))];
    check_contents(
        false,
        works(),
        VenvContents::Incomplete(lacks),
        expect![[r#"
        5 venv.requirements Fail api 2:8: venv `.venv` lacks `fastapi>=0.110`; has version 6.0.1 where `celery<6` is asked for
        hint: install it with `cargo xtask venv sync py`"#]],
    );
    let many = (0..8).map(|n| lack(&format!("package{n}"), None)).collect();
    check_contents(
        false,
        works(),
        VenvContents::Incomplete(many),
        expect![[r#"
        5 venv.requirements Fail api 2:8: venv `.venv` lacks `package0`, `package1`, `package2`, `package3`, `package4`; and 3 more packages
        hint: install it with `cargo xtask venv sync py`"#]],
    );
    check_contents(
        false,
        VenvState::Missing,
        VenvContents::NotLookedAt,
        expect![[r#"
        5 venv.missing Fail api 2:8: venv `.venv` does not exist
        hint: make it with `cargo xtask venv sync py`"#]],
    );
    check_contents(
        false,
        VenvState::LinkLoop,
        VenvContents::NotLookedAt,
        expect![[r#"
        5 venv.interpreter_missing Fail api 2:8: venv `.venv` has no Python: its `python` is a link that leads back to itself
        hint: recreate it with `cargo xtask venv sync py`"#]],
    );
}

#[test]
fn what_up_cures_is_a_note() {
    let lacks = vec![lack("fastapi>=0.110", None)];
    check_contents(
        true,
        works(),
        VenvContents::Incomplete(lacks),
        expect!["0 venv.requirements Ok api 2:8: venv `.venv` lacks `fastapi>=0.110`; `up` installs that"],
    );
    check_contents(
        true,
        VenvState::Missing,
        VenvContents::NotLookedAt,
        expect!["0 venv.missing Ok api 2:8: venv `.venv` does not exist; `up` makes it"],
    );
    check_contents(
        true,
        VenvState::LinkLoop,
        VenvContents::NotLookedAt,
        expect![
            "0 venv.interpreter_missing Ok api 2:8: venv `.venv` has no Python: its `python` is a link that leads back to itself; `up` makes it again"
        ],
    );
    check_contents(
        true,
        VenvState::NotAVenv,
        VenvContents::NotLookedAt,
        expect![[r#"
        5 venv.missing Fail api 2:8: `.venv` is not a venv: it has no `pyvenv.cfg`
        hint: change `path` of [venvs.py]: only an empty or missing directory becomes a venv"#]],
    );
}

#[test]
fn what_cannot_be_told_or_read_is_said() {
    let why = "`poetry` is not in the PATH".to_owned();
    check_contents(
        true,
        works(),
        VenvContents::Unknown(why),
        expect![[r#"
            0 venv.requirements Unknown api 2:8: whether venv `.venv` holds what is asked for cannot be told: `poetry` is not in the PATH
            5 command.not_found Fail api 6:11: command `serve` was not found
            hint: correct `command` of `api`, or list the package that has `serve` in `all.txt` and type `cargo xtask venv sync py`"#]],
    );
    let missing = VenvContents::InputMissing("/shop/all.txt".into());
    check_contents(
        true,
        works(),
        missing,
        expect![[r#"
        5 venv.requirements Fail api 2:8: venv `.venv`: `all.txt`, which lists its packages, does not exist
        hint: create `all.txt`, or correct `requirements` of [venvs.py]"#]],
    );
}

#[test]
fn windows_makes_and_looks_at_directories_with_other_commands() {
    let plan = planned(Path::new("/shop"), API);
    for (fact, expected) in [
        (
            DirectoryFact::Missing { near: None },
            "create it with `mkdir \"back end\"`, or change `working_dir` of `api`",
        ),
        (
            DirectoryFact::Denied,
            "look at its permissions with `icacls \"back end\"`",
        ),
    ] {
        let service = ServiceFact {
            working_dir: fact,
            command: CommandFact::Found(PathBuf::from("/bin/true")),
            node: None,
            pidfile: None,
        };
        let facts = Facts {
            services: [("api".to_owned(), service)].into(),
            ..Facts::default()
        };
        let hint = needs(&plan, &facts)[0].hints[0].render_on(Platform::Windows, "");
        assert_eq!(hint, expected);
    }
}
