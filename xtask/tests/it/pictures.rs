//! Pictures of the README: real screens, as SVG. `UPDATE_EXPECT=1 cargo test` writes them again.

mod screen;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;

use crate::sandbox::{Sandbox, Terminal, copy_program, eventually, port, service};
use screen::Picture;

/// Two services on ports of ours, in `~/shop`.
struct Shop {
    sandbox: Sandbox,
    backend: u16,
    frontend: u16,
}

impl Shop {
    fn new() -> Self {
        let sandbox = Sandbox::new("");
        let (backend, frontend) = (port(), port());
        let shop = Shop {
            sandbox,
            backend,
            frontend,
        };
        let programs = shop.directory().join("bin");
        fs::create_dir_all(&programs).expect("a directory can be made");
        copy_program(&service(), &programs.join("serve"));
        // Messages have the name that the program was started by.
        copy_program(Path::new(env!("CARGO_BIN_EXE_xtask")), &programs.join("devtasks"));
        // Its port opens once its line is shown.
        let command =
            |port| format!("bin/serve --say 'Serving on port {port}' --wait-for {port} --listen 127.0.0.1:{port}");
        let config = format!(
            "[services.backend]\ncommand = \"{}\"\nport = {backend}\n\n\
             [services.frontend]\ncommand = \"{}\"\nport = {frontend}\ndepends_on = [\"backend\"]\n",
            command(backend),
            command(frontend),
        );
        fs::write(shop.directory().join("devtasks.toml"), config).expect("a file can be written");
        shop
    }

    fn directory(&self) -> PathBuf {
        self.sandbox.home().join("shop")
    }

    fn command(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.other(program);
        command.current_dir(self.directory()).args(arguments);
        command
    }

    /// A backend whose terminal is closed; its pid.
    fn old_server(&self) -> u32 {
        let serve = format!("bin/serve --listen 127.0.0.1:{} >/dev/null 2>&1 &", self.backend);
        let started = self.command("sh", &["-c", &serve]).status().expect("sh is there");
        assert!(started.success());
        let listens = || std::net::TcpStream::connect(("127.0.0.1", self.backend)).is_ok();
        eventually(|| "the old server".to_owned(), listens);
        self.sandbox.processes()[0]
    }

    fn up(&self) -> Terminal {
        Terminal::of_size(&self.command(self.directory().join("bin/devtasks"), &["up"]), 32, 96)
    }

    /// What is on the screen now, with numbers that are the same in each run.
    fn picture(&self, terminal: &Terminal, pids: &[u32]) -> Picture {
        let pids = pids.iter().zip(["2075", "2131", "2140"]);
        let ports = [(&u32::from(self.backend), "8000"), (&u32::from(self.frontend), "8080")];
        let numbers = pids.chain(ports).map(|(number, shown)| (number.to_string(), shown));
        terminal.with_screen(|screen| Picture::new(screen, &numbers.collect::<Vec<_>>()))
    }
}

#[test]
fn a_conflict_is_shown_and_solved() {
    let shop = Shop::new();
    let old = shop.old_server();
    let up = shop.up();
    up.answer("[S/n]", "s\n");
    for port in [shop.backend, shop.frontend] {
        up.wait_for_screen(&format!("Serving on port {port}"));
        fs::write(shop.directory().join(port.to_string()), "").expect("a file can be written");
    }
    up.wait_for_screen("All 2 ready");
    up.wait_for_screen("? help");
    let picture = shop.picture(&up, &[old]);
    up.press("q");
    up.wait().with(130);
    expect_file!["../../../docs/pictures/conflict-light.svg"].assert_eq(&picture.light());
    expect_file!["../../../docs/pictures/conflict-dark.svg"].assert_eq(&picture.dark());
}
