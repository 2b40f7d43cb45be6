//! What a service finds in its environment: exactly what the contract says.

use super::failure::venv;
use crate::sandbox::{Sandbox, eventually, output, port};

/// The lines that a service wrote to `out`.
#[track_caller]
fn written(sandbox: &Sandbox) -> String {
    let path = sandbox.project().join("out");
    let read = || std::fs::read_to_string(&path).unwrap_or_default();
    eventually(
        || format!("a last line `end`: {}", read()),
        || read().ends_with("end\n"),
    );
    read().trim_end_matches("end\n").to_owned()
}

/// What the same command writes where only the test started it.
fn usual(sandbox: &Sandbox, command: &str) -> String {
    let project = sandbox.project();
    assert!(output(sandbox.other("sh").args(["-c", command])).status.success());
    std::fs::read_to_string(project.join("out")).unwrap()
}

/// A command that prints these variables.
fn print(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("--print-env {name}")).collect();
    format!("sh -c 'exec SERVICE {} --say end > out'", names.join(" "))
}

#[test]
fn what_cargo_adds_never_reaches_a_service_and_what_the_user_set_does() {
    let names = [
        "CARGO",
        "CARGO_MANIFEST_DIR",
        "CARGO_PKG_NAME",
        "CARGO_BIN_NAME",
        "RUSTUP_TOOLCHAIN",
        "LD_LIBRARY_PATH",
        "CARGO_HOME",
        "CARGO_TARGET_DIR",
        "RUST_RECURSION_COUNT",
        "MY_OWN",
    ];
    let mut sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"{}\"\n", print(&names)));
    let library = "/opt/rust/toolchains/x/lib:/mine/lib";
    let set = [
        ("CARGO", "/opt/rust/toolchains/x/bin/cargo"),
        ("CARGO_MANIFEST_DIR", "/src/xtask"),
        ("CARGO_PKG_NAME", "devtasks"),
        ("CARGO_BIN_NAME", "xtask"),
        ("RUSTUP_TOOLCHAIN", "stable"),
        ("LD_LIBRARY_PATH", library),
        ("CARGO_HOME", "/my/cargo"),
        ("CARGO_TARGET_DIR", "/my/target"),
        ("RUST_RECURSION_COUNT", "1"),
        ("MY_OWN", "value"),
    ];
    set.iter().for_each(|(name, value)| sandbox.set(name, value));
    sandbox.up(&[]);
    assert_eq!(
        written(&sandbox),
        "CARGO is not set
CARGO_MANIFEST_DIR is not set
CARGO_PKG_NAME is not set
CARGO_BIN_NAME is not set
RUSTUP_TOOLCHAIN is not set
LD_LIBRARY_PATH=/mine/lib
CARGO_HOME=/my/cargo
CARGO_TARGET_DIR=/my/target
RUST_RECURSION_COUNT is not set
MY_OWN=value
"
    );
}

#[test]
fn ports_are_exported_under_every_name_that_the_contract_gives_them() {
    let (api, http, hmr) = (port(), port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api}"
        port = "${{API_PORT:-{api}}}"
        [services.web]
        command = "{}"
        ports = {{ http = "${{WEB_PORT:-{http}}}", hmr = {hmr} }}
        environment = {{ API_URL = "${{services.api.url}}", ALSO = "${{services.api.port}} ${{services.web.ports.hmr}}" }}
        "#,
        print(&[
            "PORT",
            "PORT_HTTP",
            "PORT_HMR",
            "WEB_PORT",
            "API_PORT",
            "API_URL",
            "ALSO"
        ])
    ));
    let _up = sandbox.start(&["up"]);
    assert_eq!(
        written(&sandbox),
        format!(
            "PORT={http}\nPORT_HTTP={http}\nPORT_HMR={hmr}\nWEB_PORT={http}\nAPI_PORT={api}\nAPI_URL=http://127.0.0.1:{api}\nALSO={api} {hmr}\n"
        )
    );
}

#[test]
fn later_layers_of_the_environment_win() {
    let names = ["A", "B", "C", "D", "E"];
    let mut sandbox = Sandbox::new(&format!(
        r#"
        [project]
        env_file = [".env", ".env.local"]
        [services.api]
        command = "{}"
        env_file = ["service.env"]
        environment = {{ D = "environment", E = "${{A}} ${{B}} ${{C}}" }}
        "#,
        print(&names)
    ));
    sandbox.write(".env", "A=env\nB=env\nC=env\nD=env\n");
    sandbox.write(".env.local", "A=local\n");
    sandbox.write("service.env", "C=service\nD=service\n");
    sandbox.set("B", "calling");
    sandbox.up(&[]);
    // While `${…}` is filled in, the calling environment beats env files.
    assert_eq!(
        written(&sandbox),
        "A=local\nB=calling\nC=service\nD=environment\nE=local calling service\n"
    );
}

#[test]
fn a_venv_is_active_for_its_service_alone() {
    let mut sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        [services.api]
        command = "python"
        venv = "api"
        "#,
    );
    venv(
        &sandbox,
        "echo \"$PATH|$VIRTUAL_ENV|${PYTHONHOME-unset}\" > out; echo end >> out; exec sleep 1000",
    );
    sandbox.set("VIRTUAL_ENV", "/another/venv");
    sandbox.set("PYTHONHOME", "/wrong");
    sandbox.set("PATH", &format!("/another/venv/bin:{}", std::env::var("PATH").unwrap()));
    sandbox.up(&[]);
    let project = sandbox.project().display().to_string();
    let path = std::env::var("PATH").unwrap();
    assert_eq!(
        written(&sandbox),
        format!("{project}/.venv/bin:{path}|{project}/.venv|unset\n")
    );
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn stdin_is_empty() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"sh -c 'cat > out; readlink /proc/self/fd/0 >> out; echo end >> out; exec sleep 1000'\"\n",
    );
    sandbox.up(&[]);
    assert_eq!(written(&sandbox), "/dev/null\n");
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn no_descriptor_of_ours_leaks_into_a_service() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"sh -c 'ls /proc/self/fd > out; echo end >> out; exec sleep 1000'\"\n",
    );
    sandbox.up(&[]);
    assert_eq!(written(&sandbox), usual(&sandbox, "ls /proc/self/fd > out"));
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn a_service_starts_with_no_signal_blocked_or_ignored() {
    let command = "grep -hE ^Sig[BI] /proc/self/status > out; echo end >> out; exec sleep 1000";
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"sh -c '{command}'\"\n"));
    sandbox.up(&[]);
    for line in written(&sandbox).lines() {
        let signals = u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap();
        // 32 and 33 are the C library's own.
        assert_eq!(signals & 0x7fff_ffff, 0, "{line}");
    }
}

#[test]
fn a_service_runs_in_its_working_directory_without_a_shell() {
    let sandbox =
        Sandbox::new("[services.api]\ncommand = \"SERVICE --cwd --say '$HOME *' --say end\"\nworking_dir = \"sub\"\n");
    std::fs::create_dir(sandbox.project().join("sub")).unwrap();
    let up = sandbox.up(&[]);
    up.wait_for("api | end");
    assert_eq!(
        sandbox.plain(&up.stdout()),
        "api | [project]/sub\napi | $HOME *\napi | end\n"
    );
}
