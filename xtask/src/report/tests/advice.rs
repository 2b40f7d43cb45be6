//! The hint for each cause.

use crate::diagnostic::Platform;
use crate::expected::Expected;
use expect_test::expect;
use std::path::Path;

use super::failure::{backend, ended};
use crate::plan::Service;
use crate::plan::planned::planned;

/// The hints for a service in `/shop/back end` with this exit code and log.
#[track_caller]
fn check(command: &str, code: i32, log: &str, expected: impl Expected) {
    check_of(&backend(command, ""), code, log, expected);
}

#[track_caller]
fn check_of(service: &Service, code: i32, log: &str, expected: impl Expected) {
    let seen = ended(Some(code), None, log).advice(service, Path::new("/shop"));
    expected.check(
        &seen
            .iter()
            .map(|hint| hint.render_on(Platform::Linux, "cargo xtask"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

#[test]
fn uvicorn_module_not_found_hints_at_working_dir() {
    check(
        "uvicorn main:app",
        1,
        "ERROR:    Error loading ASGI app. Could not import module \"main\".",
        expect!["correct `main` in `command` of `backend`, or `working_dir`: modules are looked for in `'back end'`"],
    );
}

#[test]
fn a_missing_library_is_installed_by_its_runtimes_own_tool() {
    for (log, install) in [
        (
            "kernel_require.rb:86:in `require': cannot load such file -- sinatra (LoadError)",
            "bundle install",
        ),
        ("Could not find rack-3.0.8 in locally installed gems", "bundle install"),
        (
            "PHP Fatal error:  Uncaught Error: Failed opening required '/srv/vendor/autoload.php'",
            "composer install",
        ),
        (
            "main.go:5:2: no required module provides package github.com/x/y; to add it:",
            "go mod tidy",
        ),
    ] {
        check(
            "server",
            1,
            log,
            &format!("install what is missing with `cd 'back end' && {install}`"),
        );
    }
    check("server", 1, "java.lang.ClassNotFoundException: shop.Main", expect![""]);
}

#[test]
fn a_missing_command_is_named() {
    for log in [
        "sh: 1: uvicorn: not found",
        "bash: line 1: uvicorn: command not found",
        "zsh:1: command not found: uvicorn",
        "make: uvicorn: No such file or directory",
        "env: ‘uvicorn’: No such file or directory",
    ] {
        check(
            "make run",
            127,
            log,
            expect!["install `uvicorn`, correct the name, or set `venv` if it lives in one"],
        );
    }
    check_of(
        &backend("make run", "/shop/.venv"),
        127,
        "sh: 1: uvicorn: not found",
        expect!["install `uvicorn`, or correct the name"],
    );
    check("sh run.sh", 127, "", expect![""]);
}

#[test]
fn a_command_that_npm_does_not_find_is_installed_by_npm() {
    let hint = "install what is missing with `npm install --prefix 'back end'`";
    check("npm run dev", 127, "sh: 1: vite: not found", hint);
    check("npm run dev", 127, "", hint);
}

#[test]
fn a_file_that_may_not_be_run_is_made_executable() {
    check(
        "make run",
        126,
        "bash: line 1: ./run.sh: Permission denied",
        expect!["run `chmod +x ./run.sh`"],
    );
    check("make run", 126, "bash: line 1: /etc: Is a directory", expect![""]);
    let no_program = "Error: open /var/run/shop.sock: permission denied";
    check("podman run shop", 126, no_program, expect![""]);
}

#[test]
fn a_low_port_needs_a_privilege() {
    check(
        "server",
        1,
        "Error: listen EACCES: permission denied 0.0.0.0:80",
        expect!["give `backend` a port from 1024 up: 80 needs a privilege"],
    );
    check(
        "server",
        1,
        "PermissionError: [Errno 13] Permission denied: '/var/lib/shop'",
        expect![""],
    );
}

/// A service `backend` in `/shop/back end` with these keys.
fn backend_with(keys: &str) -> Service {
    let file = format!("[services.backend]\nworking_dir = 'back end'\n{keys}");
    planned(Path::new("/shop"), &file).services.remove(0)
}

#[test]
fn a_busy_port_that_nobody_declared_is_named() {
    let service = backend_with("command = 'server'\nport = 8000");
    let log = |port: u16| format!("Error: listen EADDRINUSE: address already in use 127.0.0.1:{port}");
    check_of(&service, 1, &log(8000), expect![""]);
    check_of(
        &service,
        1,
        &log(3000),
        expect!["let `backend` listen on a port that it declares: 3000 is none of them"],
    );
    check("server", 1, &log(3000), expect![""]);
}

#[test]
fn busy_port_with_listen_true_hints_at_its_descriptors() {
    let service = backend_with("command = 'server'\nports = { main = 8000, more = 8001 }\nlisten = true");
    check_of(
        &service,
        1,
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:8001",
        expect![
            "let `backend` take descriptors 3 to 4, which `listen = true` has opened for it, instead of opening that port itself, or leave `listen` out"
        ],
    );
}

#[test]
fn a_missing_variable_is_set_where_the_service_reads() {
    for log in [
        "bash: line 1: DATABASE_URL: unbound variable",
        "[ERROR] Missing required environment variable: DATABASE_URL",
        "DATABASE_URL must be set: NotPresent",
        "config.rb:3:in `fetch': key not found: \"DATABASE_URL\" (KeyError)",
    ] {
        let hint = "set `DATABASE_URL` in `environment` of `backend`, or in an `env_file`";
        check("server", 1, log, hint);
    }
    let service = backend_with("command = 'server'\nenv_file = 'back end/.env'");
    check_of(
        &service,
        1,
        "bash: line 1: DATABASE_URL: unbound variable",
        expect!["set `DATABASE_URL` in `'back end/.env'`, or in `environment` of `backend`"],
    );
    check(
        "server",
        1,
        "called `Result::unwrap()` on an `Err` value: NotPresent",
        expect![""],
    );
}

#[test]
fn memory_file_and_disk_limits_hint_at_how_to_raise_them() {
    for (log, hint) in [
        (
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            "raise Node's own limit with `NODE_OPTIONS = \"--max-old-space-size=4096\"` in `environment`",
        ),
        (
            "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
            "raise Java's own limit with `JAVA_TOOL_OPTIONS = \"-Xmx2g\"` in `environment`",
        ),
        ("MemoryError", ""),
        (
            "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv'",
            "raise the limit with `sudo sysctl fs.inotify.max_user_watches=524288`",
        ),
        (
            "OSError: [Errno 24] Too many open files",
            "raise the limit with `ulimit -n 4096` in this terminal, then try again",
        ),
        (
            "OSError: [Errno 28] No space left on device",
            "see what is full with `df -h`",
        ),
    ] {
        check("server", 1, log, hint);
    }
}

#[test]
fn published_port_that_is_taken_hints_at_its_container_or_port_who() {
    let daemon =
        "Error response from daemon: driver failed programming external connectivity on endpoint db (3f9a6c11d2e8):";
    check(
        "docker compose up",
        1,
        &format!("{daemon} Bind for 0.0.0.0:5432 failed: port is already allocated"),
        expect!["find the container with `docker ps --filter publish=5432`, then `docker stop` it"],
    );
    check(
        "docker compose up",
        1,
        &format!("{daemon} Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use"),
        expect!["look who has it with `cargo xtask port who 5432`"],
    );
    check(
        "podman run -p 5432:5432 postgres",
        126,
        "Error: rootlessport listen tcp 0.0.0.0:5432: bind: address already in use",
        expect!["look who has it with `cargo xtask port who 5432`"],
    );
    // Docker names both ends, podman neither: then the port is that of the service.
    let service = backend_with("command = 'docker run -p 5433:5432 postgres'\nport = 5433");
    check_of(
        &service,
        125,
        &format!(
            "docker: {daemon} failed to bind host port for 0.0.0.0:5433:172.17.0.2:5432/tcp: address already in use."
        ),
        expect!["look who has it with `cargo xtask port who 5433`"],
    );
}

#[test]
fn other_systems_have_other_commands() {
    let seen = |platform: Platform, log: &str| {
        let hints = ended(Some(1), None, log).advice(&backend("server", ""), Path::new("/shop"));
        let hints: Vec<String> = hints.iter().map(|hint| hint.render_on(platform, "devtasks")).collect();
        hints.join("\n")
    };
    for (platform, log, expected) in [
        (
            Platform::MacOs,
            "Error: EMFILE: too many open files, open 'x'",
            expect!["raise the limit with `ulimit -n 4096` in this terminal, then try again"],
        ),
        (
            Platform::Windows,
            "Error: EMFILE: too many open files, open 'x'",
            expect!["let `backend` open fewer files at a time: Windows has no `ulimit` that would allow more"],
        ),
        (
            Platform::Windows,
            "OSError: [Errno 28] No space left on device",
            expect!["see what is full with `Get-PSDrive -PSProvider FileSystem` in PowerShell"],
        ),
        (
            Platform::Windows,
            "Error: listen EACCES: permission denied 0.0.0.0:8000",
            expect!["look why with `devtasks port who 8000`"],
        ),
        (
            Platform::Windows,
            "Error: listen EACCES: permission denied 0.0.0.0:80",
            expect!["look whether a program has 80 to itself alone with `netsh http show servicestate`"],
        ),
        (
            Platform::Windows,
            "Could not find rack-3.0.8 in locally installed gems",
            expect!["install what is missing with `bundle install` in `back end`"],
        ),
    ] {
        expected.assert_eq(&seen(platform, log));
    }
}

#[test]
fn an_input_at_its_end_is_opened_where_it_was_not() {
    let advice = expect![[
        r#"set `tty = true`, or for plain lines `stdin = "open"`, in [services.backend], then answer it with `cargo xtask attach backend`"#
    ]];
    check("python3 app.py", 1, "bdb.BdbQuit", advice);
    let file = "[services.backend]\ncommand = 'python3 app.py'\ntty = true\n";
    let in_terminal = planned(Path::new("/shop"), file).services.remove(0);
    check_of(&in_terminal, 1, "EOFError: EOF when reading a line", expect![""]);
}
