//! The npm package and the wheel, made from the program of these tests, installed from the files and run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::Signal;
use xshell::{Shell, cmd};

use crate::it::sandbox::{Ended, Running, Sandbox, Terminal, output, port, signal};
use crate::uv;

/// Needs half a second to end as it should.
const SLOW_TO_END: &str = r#"
[services.api]
command = '''sh -c "trap 'sleep 0.5; echo said goodbye; exit' TERM; while :; do sleep 0.1; done"'''
"#;

/// The directory of packed packages: `launcher.tgz`, `program.tgz`, one wheel.
fn packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        let shell = Shell::new().expect("a working directory");
        shell.remove_path(&place).expect("it is ours");
        shell.create_dir(&place).expect("a directory can be made");
        let program = place.join("devtasks");
        // Debug information is most of it.
        let built = env!("CARGO_BIN_EXE_devtasks");
        cmd!(shell, "strip -o {program} {built}")
            .run()
            .expect("binutils are there");
        let build = concat!(env!("CARGO_MANIFEST_DIR"), "/packages/build.py");
        let target = format!("{}-unknown-linux-gnu={}", std::env::consts::ARCH, program.display());
        cmd!(shell, "python3 {build} {place} {target}")
            .run()
            .expect("packages can be made");
        let made = shell.read_dir(place.join("npm")).expect("it was written");
        for package in made {
            let is_launcher = package.ends_with("devtasks");
            shell.change_dir(&package);
            let packed = cmd!(shell, "npm pack --silent").read().expect("npm packs it");
            let name = if is_launcher { "launcher.tgz" } else { "program.tgz" };
            shell
                .copy_file(package.join(packed.trim()), place.join(name))
                .expect("it was packed");
        }
        place
    })
}

fn wheel() -> PathBuf {
    let shell = Shell::new().expect("a working directory");
    let wheels = shell.read_dir(packages().join("wheels")).expect("it was written");
    wheels.into_iter().next().expect("there is one")
}

/// A project in which npm has installed the launcher, and perhaps the program.
fn npm_project(config: &str, with_program: bool) -> Sandbox {
    let sandbox = Sandbox::new(config);
    sandbox.write("package.json", r#"{"name": "shop", "private": true}"#);
    let names = ["launcher.tgz", "program.tgz"]
        .iter()
        .take(if with_program { 2 } else { 1 });
    let files = names.map(|name| packages().join(name));
    let mut npm = sandbox.other("npm");
    npm.args(["install", "--silent", "--offline", "--no-audit", "--no-fund"]);
    install(npm.args(files));
    sandbox
}

/// However long it takes.
#[track_caller]
fn install(command: &mut Command) {
    let ended = output(command);
    assert!(ended.status.success(), "{ended:?}");
}

fn npx(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.other("npx");
    command.args(["--offline", "devtasks"]).args(arguments);
    command
}

fn launcher(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.other("node_modules/.bin/devtasks");
    command.args(arguments);
    command
}

#[track_caller]
fn ended(command: Command, code: i32) -> Ended {
    let ended = Running::start(command).wait();
    assert_eq!(ended.code, Some(code), "{ended:?}");
    ended
}

const VERSION: &str = concat!("devtasks ", env!("CARGO_PKG_VERSION"), "\n");

/// Somebody else's server, and what the program says that it would do about it.
#[track_caller]
fn tells_who_has_a_port(sandbox: &Sandbox, program: impl FnOnce(&[&str]) -> Command) {
    let port = port();
    let mut server = sandbox.other("python3");
    server.args(["-u", "-m", "http.server", &port.to_string()]);
    let server = Running::start(server);
    server.wait_for("Serving HTTP");
    let told = ended(program(&["port", "kill", &port.to_string(), "--dry-run"]), 0);
    let pid = format!("{}", server.pid());
    assert!(format!("{}{}", told.stdout, told.stderr).contains(&pid), "{told:?}");
    assert!(!server.has_ended());
    server.kill_alone();
}

#[test]
fn what_npm_installs_is_the_program() {
    let sandbox = npm_project("", true);
    assert_eq!(ended(npx(&sandbox, &["--version"]), 0).stdout, VERSION);
    assert!(ended(npx(&sandbox, &["upp"]), 2).stderr.contains("`devtasks up`"));
    tells_who_has_a_port(&sandbox, |arguments| npx(&sandbox, arguments));
    assert_eq!(ended(launcher(&sandbox, &["--version"]), 0).stdout, VERSION);
}

/// One Ctrl-C: a second would kill the service before it has said goodbye. What shells show as 130 is the program's own
/// code, or the end of a runner such as `npx` by SIGINT.
#[track_caller]
fn ends_by_ctrl_c(sandbox: &Sandbox, command: &Command, code: Option<i32>) {
    let terminal = Terminal::start(command);
    terminal.wait_for_screen("eady in ");
    terminal.press("\x03");
    let ended = terminal.wait();
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.stdout.contains("said goodbye"), "{ended:?}");
    sandbox.nothing_is_left_soon();
}

#[test]
fn ctrl_c_reaches_the_program_of_npm_once() {
    let sandbox = npm_project(SLOW_TO_END, true);
    ends_by_ctrl_c(&sandbox, &launcher(&sandbox, &["up"]), Some(130));
    ends_by_ctrl_c(&sandbox, &npx(&sandbox, &["up"]), None);
}

#[test]
fn who_ends_the_launcher_of_npm_ends_the_program() {
    let sandbox = npm_project(SLOW_TO_END, true);
    for sent in [Signal::TERM, Signal::INT] {
        let up = Running::start(launcher(&sandbox, &["up"]));
        up.wait_for("eady in ");
        signal(up.pid(), sent);
        let ended = up.wait();
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert!(ended.stdout.contains("said goodbye"), "{ended:?}");
        sandbox.nothing_is_left_soon();
    }
}

#[test]
fn npm_without_the_program_of_this_system_says_so() {
    let sandbox = npm_project("", false);
    let told = ended(launcher(&sandbox, &["up"]), 5).stderr;
    assert!(told.contains("is not installed"), "{told}");
    assert!(told.contains("\nhint: install without `--omit=optional`"), "{told}");
}

#[test]
fn what_pip_installs_is_the_program() {
    let sandbox = Sandbox::new("");
    install(sandbox.other("python3").args(["-m", "venv", "tools"]));
    let mut pip = sandbox.other("tools/bin/pip");
    install(pip.args(["install", "--quiet", "--no-index"]).arg(wheel()));
    let program = |arguments: &[&str]| {
        let mut command = sandbox.other("tools/bin/devtasks");
        command.args(arguments);
        command
    };
    assert_eq!(ended(program(&["--version"]), 0).stdout, VERSION);
    tells_who_has_a_port(&sandbox, program);
    assert!(sandbox.project().join("tools/share/man/man1/devtasks.1").exists());
}

#[test]
fn uvx_brings_a_stack_up() {
    let sandbox = uv::project(SLOW_TO_END);
    let uvx = |arguments: &[&str]| {
        let mut command = sandbox.other("uv");
        command.args(["tool", "run", "--from"]).arg(wheel());
        command.arg("devtasks").args(arguments);
        command
    };
    assert_eq!(ended(uvx(&["--version"]), 0).stdout, VERSION);
    ended(uvx(&["up", "--detach"]), 0);
    ended(uvx(&["status"]), 0);
    ended(uvx(&["down"]), 0);
    sandbox.nothing_is_left_soon();
    ends_by_ctrl_c(&sandbox, &uvx(&["up"]), Some(130));
}
