//! Networks and processes of their own, and programs that run as nobody. All of it needs root.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use super::Zoo;
use crate::sandbox::{Ended, Running, service};

/// Nobody's user and group.
const NOBODY: u32 = 65534;

/// A network, or a process table, that lives as long as the sandbox.
pub(super) struct Namespace {
    enter: Vec<String>,
}

impl Namespace {
    /// With nothing but a loopback of its own, so that any number may be used in it.
    #[track_caller]
    pub(super) fn network(zoo: &mut Zoo, setting: &str) -> Self {
        begin(zoo, &["--net"], &format!("ip link set lo up && {setting}"));
        let pid = zoo.pid("namespace").to_string();
        Namespace {
            enter: ["--target", &pid, "--net"].map(str::to_owned).to_vec(),
        }
    }

    /// With numbers of its own, and a `/proc` that shows them.
    #[track_caller]
    pub(super) fn processes(zoo: &mut Zoo) -> Self {
        begin(zoo, &["--pid", "--fork", "--mount-proc"], "true");
        zoo.name_the_others(&["init"]);
        let pid = zoo.pid("init").to_string();
        Namespace {
            enter: ["--target", &pid, "--pid", "--mount", "--wd"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// A program inside. For one among other processes, nsenter(1) stays outside as its parent.
    pub(super) fn inside(&self, zoo: &Zoo, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = zoo.sandbox.other("nsenter");
        command.args(&self.enter).arg(program);
        command
    }
}

#[track_caller]
fn begin(zoo: &mut Zoo, kinds: &[&str], setting: &str) {
    let mut command = zoo.sandbox.other("unshare");
    command.args(kinds);
    command.args(["sh", "-c", &format!("{setting} && echo open && exec sleep infinity")]);
    zoo.follow("namespace", command);
}

/// Lets nobody run the program in the project: the sandbox becomes theirs, and holds a copy of what is needed.
pub(super) fn give_to_nobody(zoo: &Zoo) {
    let project = zoo.sandbox.project();
    let root = project.parent().unwrap();
    fs::set_permissions(root, PermissionsExt::from_mode(0o755)).unwrap();
    for directory in [&project, &zoo.sandbox.home()] {
        chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // By a process of its own: a file that is open for writing anywhere in this one cannot be run.
    let mut copy = zoo.sandbox.other("cp");
    copy.arg(env!("CARGO_BIN_EXE_xtask")).arg(service()).arg(&project);
    let copied = Running::start(copy).wait();
    assert_eq!(copied.code, Some(0), "{copied:?}");
    let config = fs::read_to_string(project.join("devtasks.toml")).unwrap();
    let config = config.replace(&service().display().to_string(), "./service");
    fs::write(project.join("devtasks.toml"), config).unwrap();
}

/// Runs the program as nobody, after `through` and its arguments.
#[track_caller]
pub(super) fn as_nobody(zoo: &Zoo, mut through: Command, arguments: &[&str]) -> Ended {
    let nobody = NOBODY.to_string();
    through.args([
        "setpriv",
        "--reuid",
        &nobody,
        "--regid",
        &nobody,
        "--clear-groups",
        "./xtask",
    ]);
    let port = zoo.port.to_string();
    through.args(arguments.iter().map(|word| if *word == "PORT" { &port } else { *word }));
    Running::start(through).wait()
}
