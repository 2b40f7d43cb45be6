//! Which module may know of what: the order of modules, the machine behind `system/` and `run/`, the systems behind `system/os.rs`.

use std::fs;

use super::code::{code, line, paths};
use super::{Source, check, check_caught, root};

/// Data flows one way: a module uses itself and what stands before it. `expected` is for unit tests.
const MODULES: &str = "expected hash foreign diagnostic config detect plan process ports preflight diagnose export supervise protocol system \
    run report commands cli";

fn names(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_whitespace()
}

fn place(module: &str) -> Option<usize> {
    names(MODULES).position(|name| name == module)
}

fn looks_ahead(source: &Source) -> Vec<usize> {
    let Some(own) = source.module().and_then(place) else {
        return Vec::new();
    };
    let is_ahead = |path: &str| {
        let module = path.strip_prefix("crate::").and_then(|path| path.split("::").next());
        module.is_some_and(|module| place(module).is_none_or(|place| place > own))
    };
    let ahead = paths(&source.code).into_iter().filter(|(_, path)| is_ahead(path));
    ahead.map(|(line, _)| line).collect()
}

#[test]
fn a_module_uses_only_itself_and_what_stands_before_it() {
    check_caught(
        looks_ahead,
        "xtask/src/plan/order.rs",
        "use crate::{\n    config::Config,\n    system::{os, log},\n};",
        &[3, 3],
    );
    check_caught(
        looks_ahead,
        "xtask/src/report.rs",
        "use crate::diagnostic::Diagnostic;\nfn f(x: crate::plan::Plan) {}",
        &[],
    );
    check_caught(
        looks_ahead,
        "xtask/src/diagnostic.rs",
        "fn f(x: crate::cli::X) {}",
        &[1],
    );
    check(
        looks_ahead,
        "a module uses only itself and what stands before it: hash, foreign, diagnostic, config, …",
    );
}

#[test]
fn the_modules_stand_in_reading_order() {
    let lib = fs::read_to_string(root().join("xtask/src/lib.rs")).expect("the library has a front page");
    let code = code(&lib);
    let declared = code
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let declared: Vec<&str> = declared.collect();
    let in_order: Vec<&str> = names(MODULES).filter(|module| declared.contains(module)).collect();
    assert_eq!(
        declared, in_order,
        "xtask/src/lib.rs: modules in the order of docs/architecture.md, and no others"
    );
}

/// What reaches the machine: modules of std, types and functions wherever they come from, crates, methods of `Path`.
fn touches_the_machine(source: &Source) -> Vec<usize> {
    const STD: &str = "fs env thread os";
    // Text in, text out, by the rules of the system this was built for.
    const PURE: &str = "std::env::split_paths std::env::join_paths std::env::consts";
    const CALLS: &str = "process::Command TcpListener TcpStream UdpSocket UnixListener UnixStream ToSocketAddrs \
        Instant::now SystemTime::now Timestamp::now Zoned::now File::open";
    const CRATES: &str = "interprocess netlink_sys rustix signal_hook socket2 sysinfo ureq which etcetera";
    const METHODS: &str = ".exists() .try_exists() .is_file() .is_dir() .is_symlink() .metadata() .canonicalize() \
        .read_dir() .read_link()";
    let Some(path) = source.in_product() else {
        return Vec::new();
    };
    if matches!(source.module(), Some("system" | "run")) {
        return Vec::new();
    }
    // The door of the program: what was typed comes in here and nowhere else.
    let is_door = path == "main.rs" || path == "cli.rs";
    let is_outside = |path: &str| {
        let mut segments = path.split("::");
        let (first, second) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let is_arguments = is_door && (path == "std::env::args" || path == "std::env::args_os");
        let around = format!("::{path}::");
        let is_pure = names(PURE).any(|pure| path.starts_with(pure));
        !is_arguments && !is_pure && first == "std" && names(STD).any(|name| name == second)
            || !second.is_empty() && names(CRATES).any(|name| name == first)
            || names(CALLS).any(|call| around.contains(&format!("::{call}::")))
    };
    let mut lines: Vec<usize> = paths(&source.code)
        .into_iter()
        .filter(|(_, path)| is_outside(path))
        .map(|(line, _)| line)
        .collect();
    for method in names(METHODS) {
        lines.extend(source.code.match_indices(method).map(|(at, _)| line(&source.code, at)));
    }
    lines
}

#[test]
fn only_system_and_run_touch_files_sockets_processes_threads_environment_and_clock() {
    let text =
        "use std::{fs, net::{IpAddr, TcpStream}};\nlet now = Instant::now();\nif path.exists() {}\nfn f(c: Command) {}";
    check_caught(touches_the_machine, "xtask/src/plan.rs", text, &[1, 1, 2, 3]);
    check_caught(touches_the_machine, "xtask/src/run/ports.rs", text, &[]);
    check_caught(
        touches_the_machine,
        "xtask/src/cli.rs",
        "std::env::args_os();\nstd::env::var(\"A\");",
        &[2],
    );
    check_caught(
        touches_the_machine,
        "xtask/src/commands/up.rs",
        "std::env::args_os();\nsocket2::Socket::new();",
        &[1, 2],
    );
    check(
        touches_the_machine,
        "only `system/` and `run/` touch files, sockets, processes, threads, environment or clock",
    );
}

fn switches_on_the_system(source: &Source) -> Vec<usize> {
    const SWITCHES: &str = "unix windows target_os target_family target_env target_vendor target_arch";
    let is_exempt = |path: &str| path == "system/os.rs" || path.ends_with("/tests.rs") || path.contains("/tests/");
    if source.in_product().is_none_or(is_exempt) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (at, _) in source.code.match_indices("cfg") {
        let end = source.code[at..].find([']', ';', '{', '}']).unwrap_or_default();
        let mut words = source.code[at..at + end].split(|letter: char| letter != '_' && !letter.is_alphanumeric());
        let is_cfg = words.next().is_some_and(|word| ["cfg", "cfg_attr"].contains(&word));
        if is_cfg && words.any(|word| names(SWITCHES).any(|name| name == word)) {
            lines.push(line(&source.code, at));
        }
    }
    lines
}

#[test]
fn the_operating_system_is_told_apart_in_one_place() {
    let text =
        "#[cfg(unix)]\n#[cfg(test)]\nif cfg!(target_os = \"linux\") {}\n#[cfg_attr(windows, x)]\nlet cfgs = unix;\n";
    check_caught(switches_on_the_system, "xtask/src/commands/up.rs", text, &[1, 3, 4]);
    check_caught(
        switches_on_the_system,
        "xtask/src/system/os/linux.rs",
        "#[cfg(unix)]\n",
        &[1],
    );
    check_caught(switches_on_the_system, "xtask/src/system/os.rs", text, &[]);
    check_caught(switches_on_the_system, "xtask/src/system/files/tests.rs", text, &[]);
    check(
        switches_on_the_system,
        "`cfg(unix)` and friends appear in system/os.rs, Cargo.toml and tests only",
    );
}

/// What is printed as JSON goes through `report::json::line`, which escapes what others wrote.
fn serializes_by_itself(source: &Source) -> Vec<usize> {
    let is_before_the_printer = matches!(source.module(), Some("report" | "commands" | "cli"));
    let is_the_one_place = source.in_product() == Some("report/json.rs");
    if !is_before_the_printer || is_the_one_place || source.path.contains("/tests") {
        return Vec::new();
    }
    let all = paths(&source.code).into_iter();
    let serializes = |path: &str| path.contains("serde_json::to_") || path.contains("serde_json::Serializer");
    all.filter(|(_, path)| serializes(path)).map(|(line, _)| line).collect()
}

#[test]
fn json_is_written_in_one_place() {
    let text = "let a = serde_json::from_str(b);\nlet c = serde_json::to_string(&a);\n";
    check_caught(serializes_by_itself, "xtask/src/commands/port/ls.rs", text, &[2]);
    check_caught(serializes_by_itself, "xtask/src/report/json.rs", text, &[]);
    check_caught(serializes_by_itself, "xtask/src/system/runs.rs", text, &[]);
    check(
        serializes_by_itself,
        "JSON that is printed comes from `report::json::line`",
    );
}
