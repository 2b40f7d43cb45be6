//! Where rounds are played: the programs by all their names, ports side by side, and who stays for all rounds.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::census::{MARK, NO_TREE, Process, census, stat};
use crate::it::sandbox::{Running, Sandbox, copy_program, port, signal};
use crate::random::Random;
use crate::tree::{Lead, Tag, Tree, User};

/// Names that nobody signals. `conmon` is a shell here, for what runs below it.
pub(crate) const PROTECTED: &[&str] = &["docker-proxy", "sshd", "tmux", "dockerd", "containerd", "code"];

pub(crate) const NOBODY: u32 = 65534;

/// For anything to be there, or gone.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Place {
    pub(crate) number: usize,
    pub(crate) sandbox: Sandbox,
    ports: Vec<u16>,
    /// The port of a service that `up` runs in this checkout.
    pub(crate) running: u16,
    server: u16,
    /// Those who stay, and what keeps them.
    stay: Vec<Running>,
}

impl Place {
    pub(crate) fn new(number: usize) -> Place {
        let mut sandbox = Sandbox::new("");
        let root = sandbox.project().parent().unwrap().to_owned();
        fs::set_permissions(&root, PermissionsExt::from_mode(0o755)).unwrap();
        let bin = root.join("bin");
        fs::create_dir_all(root.join("nobody")).unwrap();
        fs::create_dir(&bin).unwrap();
        copy_program(&std::env::current_exe().unwrap(), &bin.join("service"));
        copy_program(env!("CARGO_BIN_EXE_xtask").as_ref(), &bin.join("xtask"));
        for name in PROTECTED.iter().chain(&["above"]) {
            symlink("service", bin.join(name)).unwrap();
        }
        symlink("/bin/sh", bin.join("conmon")).unwrap();
        let script = "eval \"$WITH\" '\"$S\" \"$@\"'\nwhile :; do sleep 1000; done\n";
        fs::write(bin.join("script"), script).unwrap();
        chown(root.join("nobody"), Some(NOBODY), Some(NOBODY)).unwrap();
        sandbox.set("S", &bin.join("service").display().to_string());
        sandbox.set("D", &bin.display().to_string());
        sandbox.set("FILE", &bin.join("script").display().to_string());
        let ports: Vec<u16> = (0..46).map(|_| port()).collect();
        let (running, server) = (port(), port());
        let mut place = Place {
            number,
            sandbox,
            ports,
            running,
            server,
            stay: Vec::new(),
        };
        place.settle();
        place
    }

    /// A stack of this checkout that runs, a server to connect to, and one that does nothing.
    fn settle(&mut self) {
        let service = self.bin("service").display().to_string();
        self.sandbox.write(
            "devtasks.toml",
            &format!(
                "[services.api]\ncommand = \"{service} --hang --listen 127.0.0.1:{0}\"\nport = {0}\n",
                self.running
            ),
        );
        let spared = |command: &mut Command| {
            command.env(MARK, self.mark(NO_TREE, false));
        };
        let mut up = self.sandbox.command(&["up"]);
        spared(&mut up);
        let mut server = self.sandbox.other(self.bin("service"));
        server.args(["--hang", "--announce", "eady in", "--listen"]);
        server.arg(format!("127.0.0.1:{}", self.server));
        spared(&mut server);
        let mut idle = self.sandbox.other(self.bin("service"));
        idle.args(["--announce", "eady in"]);
        spared(&mut idle);
        let stay = [up, server, idle].map(Running::start);
        stay.iter().for_each(|running| running.wait_for("eady in"));
        self.stay.extend(stay);
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.sandbox.project().parent().unwrap().to_owned()
    }

    pub(crate) fn bin(&self, name: &str) -> PathBuf {
        self.root().join("bin").join(name)
    }

    /// The home of whoever calls the program.
    pub(crate) fn home(&self, is_nobody: bool) -> PathBuf {
        if is_nobody {
            self.root().join("nobody")
        } else {
            self.sandbox.home()
        }
    }

    pub(crate) fn mark(&self, tree: usize, is_target: bool) -> String {
        format!("{}-{tree}-{}", self.number, if is_target { 't' } else { 's' })
    }

    pub(crate) fn census(&self) -> Vec<Process> {
        census(self.number)
    }

    /// So many ports at random, on none of which anything of an earlier round lingers.
    pub(crate) fn ports(&mut self, n_ports: usize, random: &mut Random) -> Vec<u16> {
        // How often one is drawn depends on what lingers, and what is built must not.
        let mut random = Random::new(random.below(1 << 30) as u64, 0);
        let mut ports: Vec<u16> = self.ports.iter().copied().filter(|port| is_unused(*port)).collect();
        while ports.len() < n_ports {
            let port = port();
            self.ports.push(port);
            ports.push(port);
        }
        while ports.len() > n_ports {
            ports.swap_remove(random.below(ports.len()));
        }
        ports
    }

    pub(crate) fn owns(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// Builds a tree; whoever holds its port says so in `said`.
    pub(crate) fn build(&self, number: usize, tree: &Tree, said: &File) -> Option<Child> {
        if tree.script.is_empty() {
            return None;
        }
        let with = |is_target: bool| format!("{MARK}={}", self.mark(number, is_target));
        let server = match tree.user {
            User::Both => format!(
                "{} setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \"$S\"",
                with(true)
            ),
            User::Root | User::Nobody => format!("{} \"$S\"", with(true)),
        };
        let spared = format!("{} \"$S\"", with(false));
        let script = tree
            .script
            .replace("exec TARGET", "exec env TARGET")
            .replace("exec SPARED", "exec env SPARED");
        let script = script.replace("exec PROTECTED", "exec env PROTECTED");
        let script = script
            .replace("TARGETS ", &format!("{} ", with(true)))
            .replace("TARGET", &server);
        let script = script.replace("SPARED", &format!("{spared} --announce up"));
        let script = script.replace("MATE", &format!("{} \"$S\" --announce up", with(tree.leads())));
        let script = script.replace("PROTECTED", &format!("{} \"$D/{}\"", with(false), tree.protected));
        let script = script.replace("LISTEN", &tree.listen());
        let script = script
            .replace("PORT", &tree.port.to_string())
            .replace("SERVER", &self.server.to_string());
        let mut words: Vec<&str> = Vec::new();
        if tree.lead == Lead::Session {
            words.push("setsid");
        }
        let nobody = NOBODY.to_string();
        if tree.user == User::Nobody {
            words.extend(["setpriv", "--reuid", &nobody, "--regid", &nobody, "--clear-groups"]);
        }
        words.extend(["sh", "-c", &script]);
        let mut command = self.sandbox.other(words[0]);
        command.args(&words[1..]);
        command
            .env(MARK, self.mark(number, tree.top_is_target))
            .env("WITH", with(true));
        let tag = match tree.tag {
            Tag::None => None,
            Tag::Leftover => Some(("project", self.sandbox.project())),
            Tag::OtherCheckout => Some(("project", self.sandbox.home())),
            Tag::OtherProject => Some(("another", self.sandbox.home())),
        };
        if let Some((project, checkout)) = tag {
            command.env("DEVTASKS_PROJECT", project).env("DEVTASKS_SERVICE", "api");
            command.env("DEVTASKS_CHECKOUT", checkout).env("DEVTASKS_RUN", "19ab-1");
        }
        if tree.lead == Lead::Group {
            command.process_group(0);
        }
        command
            .stdout(said.try_clone().unwrap())
            .stderr(said.try_clone().unwrap());
        Some(command.spawn().expect("a shell can be started"))
    }

    /// A client of the tree; where that harms nobody's claim, in its group.
    pub(crate) fn client(&self, number: usize, tree: &Tree, top: &Child, said: &File) -> Child {
        let host = if tree.address.starts_with('[') {
            "[::1]"
        } else {
            "127.0.0.1"
        };
        let mut command = self.sandbox.other(self.bin("service"));
        command.args([
            "--announce",
            "up",
            "--connect",
            &format!("{host}:0"),
            &tree.reached_at(),
        ]);
        command.env(MARK, self.mark(number, false));
        if tree.lead == Lead::Group && !tree.top_is_target && stat(top.id()).is_some() {
            command.process_group(top.id().cast_signed());
        }
        command
            .stdout(said.try_clone().unwrap())
            .stderr(said.try_clone().unwrap());
        command.spawn().expect("a client can be started")
    }

    /// Ends what was built, whoever starts it again.
    pub(crate) fn clear(&self, children: Vec<Child>) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let mut left = self.census();
            left.retain(|process| process.tree != NO_TREE);
            if left.is_empty() {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("the soak cannot end {left:?}"));
            }
            // Loops first, which start over otherwise.
            for with in [Signal::STOP, Signal::KILL] {
                left.iter().for_each(|process| signal(process.pid, with));
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        for mut child in children {
            child.wait().expect("it is our child");
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for running in self.stay.drain(..).rev() {
            running.kill();
        }
    }
}

/// Neither held nor lingering, at any address.
pub(crate) fn is_unused(port: u16) -> bool {
    use socket2::{Domain, Socket, Type};
    let addresses = [format!("0.0.0.0:{port}"), format!("[::]:{port}")];
    addresses.iter().all(|address| {
        let address: std::net::SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        // It stands for both families otherwise, and the other one is asked anyway.
        let alone = !address.is_ipv6() || socket.set_only_v6(true).is_ok();
        alone && socket.bind(&address.into()).is_ok()
    })
}

/// Can a server that sets `SO_REUSEADDR` listen on it now, wherever it likes?
pub(crate) fn can_be_bound(port: u16) -> bool {
    ["0.0.0.0", "127.0.0.1", "[::]", "[::1]"]
        .iter()
        .all(|host| std::net::TcpListener::bind(format!("{host}:{port}")).is_ok())
}

/// Waits until `holds`.
pub(crate) fn until(mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > PATIENCE {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    true
}
